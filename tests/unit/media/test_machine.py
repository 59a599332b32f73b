"""A call is told as a script: who speaks when, what is transcribed, which tones sound.

"0.4-1.1 Hello?"        speech from 0.4 to 1.1 s, transcribed 0.3 s after its end
"5.0-5.4 (beep)"        a tone
"2.0-6.0 agent"         the agent speaks
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from campanile.audio.frames import FRAME_SECONDS, SAMPLE_RATE, Frame, Pcm
from campanile.media.machine import (
    AFTER_BEEP,
    BeepEnded,
    Event,
    MachineDetector,
    SpeakNow,
    Verdict,
)
from campanile.media.tones import Tone, ToneKind, ToneTracker
from campanile.media.turns import SpeechEnded, SpeechSegmenter, SpeechStarted
from campanile.media.vad import SileroBatch
from unit.media.sounds import clip, frames, join, silence, tone

TICK = 0.02
_LINE = re.compile(r"([\d.]+)-([\d.]+) (.*)")


@dataclass
class Call:
    events: list[Event]
    suspicious: list[float]
    """The moments at which the detector leant towards a machine."""

    @property
    def verdicts(self) -> list[Verdict]:
        return [event for event in self.events if isinstance(event, Verdict)]

    @property
    def answered_by(self) -> list[str]:
        return [
            verdict.answered_by + "?" * verdict.provisional for verdict in self.verdicts
        ]

    @property
    def speak_at(self) -> list[tuple[str, float]]:
        return [
            (event.reason, round(event.at, 1))
            for event in self.events
            if isinstance(event, SpeakNow)
        ]


def play(
    *script: str, language: str = "en", until: float = 0.0, noise: bool = False
) -> Call:
    detector = MachineDetector(answered_at=0.0, language=language)
    happens: list[tuple[float, str, str, float, float]] = []
    sounding: list[tuple[float, float]] = []
    for line in script:
        match = _LINE.fullmatch(line)
        assert match, line
        start, end, text = float(match[1]), float(match[2]), match[3]
        until = max(until, end + 4)
        if text.startswith("("):
            sounding.append((start + 0.05, end + 0.1))
            happens.append((end + 0.1, "tone", text.strip("()"), start, end))
        elif text == "agent":
            happens += [(start, "agent", "on", start, end)]
            happens += [(end, "agent", "", start, end)]
        else:
            happens.append((start + 0.1, "started", text, start, end))
            happens.append((end + 0.2, "ended", text, start, end))
            happens.append((end + 0.3, "heard", text, start, end))
    call = Call([], [])
    for tick in range(round(until / TICK)):
        now = tick * TICK
        due = sorted(h for h in happens if now - TICK < h[0] <= now)
        for _, what, text, start, end in due:
            call.events += tell(detector, what, text, start, end, now)
        tones = any(start <= now < end for start, end in sounding)
        call.events += detector.advance(now, tone_sounding=tones, loud=noise)
        if detector.suspicious:
            call.suspicious.append(now)
    return call


def tell(
    detector: MachineDetector,
    what: str,
    text: str,
    start: float,
    end: float,
    now: float,
) -> list[Event]:
    match what:
        case "started":
            return detector.speech(SpeechStarted(start, now))
        case "ended":
            return detector.speech(SpeechEnded(start, end, end - start, now))
        case "heard":
            return detector.heard(text, at=now)
        case "agent":
            return detector.agent(bool(text), at=now)
    return detector.tone(Tone(ToneKind(text), (1000.0,), start, end, now))


@pytest.mark.parametrize(
    ("script", "answered_by"),
    [
        (["0.4-0.9 Hello?"], ["human?"]),
        (["0.4-1.9 Good evening, this is Anna speaking."], ["human?"]),
        (["0.5-1.0 Hello?", "2.4-2.9 Hello?"], ["human?"]),
        (["0.5-3.9 Good morning, Riverside Bakery, Tom speaking, what can I do for you?"], ["human?"]),
        (["0.5-8.5 Good morning and welcome to the Riverside garden centre, open all week, this is Tom of the plants department."], ["human?"]),
        (["0.5-3.2 He's not available right now, can I take a message?"], ["human?"]),
        (["0.5-3.0 Would you like to leave a message for him?"], ["human?"]),
        (["0.5-2.5 Sorry, I thought you were voicemail."], ["human?"]),
        (["0.5-2.5 I cannot come to the phone, I am driving."], ["human?"]),
        (["0.5-2.2 Who's calling, please?"], ["human?"]),
        (["0.5-2.9 May I have your name and the reason for your call?"], ["human?"]),
        (["0.5-1.5 I got your message."], ["human?"]),
    ],
)  # fmt: skip
def test_people_are_people(script: list[str], answered_by: list[str]) -> None:
    assert play(*script).answered_by == answered_by


@pytest.mark.parametrize(
    ("script", "answered_by"),
    [
        (["0.8-5.2 Hi, you have reached my voicemail. Please leave a message after the beep.", "5.6-6.0 (beep)"],
         ["voicemail"]),
        (["0.8-3.0 The person you are calling is not available."], ["voicemail"]),
        (["0.8-2.2 Hi, this is Tom.", "2.6-5.0 I can't come to the phone right now.", "5.5-5.9 (beep)"],
         ["voicemail"]),
        (["0.8-2.0 This is Tom, you know what to do.", "2.5-2.9 (beep)"], ["voicemail"]),
        (["0.3-1.3 Hi, this is Tom.", "2.6-3.9 You know what to do.", "4.3-4.7 (beep)"],
         ["human?", "voicemail"]),
        (["0.5-1.0 Hello?", "1.3-3.0 agent", "2.6-7.0 You have reached Tom, leave your name and number after the tone."],
         ["human?", "voicemail"]),
        (["1.0-1.5 (beep)"], ["voicemail"]),
        (["0.5-4.0 The mailbox is full and cannot accept any messages at this time. Goodbye."], ["voicemail"]),
        (["0.5-3.0 You have reached the voicemail of Tom.", "3.5-5.5 This mailbox is full."],
         ["voicemail", "voicemail"]),
        (["0.5-4.5 Hi, if you record your name and reason for calling, I'll see if this person is available."],
         ["screener"]),
        (["0.5-5.5 The person you're calling is using a screening service. Go ahead and say your name, and why you're calling."],
         ["screener"]),
        (["0.5-3.0 Who is calling? Please state your name."], ["screener"]),
        (["0.5-1.5 Who is calling?", "3.0-4.5 Please state your name after the tone.", "4.8-5.0 (beep)"],
         ["human?", "screener"]),
        (["0.5-7.0 Thank you for calling the city library. For opening hours, press one. To leave a message, press two."],
         ["ivr"]),
        (["0.5-2.0 Riverside Dental.", "3.3-5.0 For appointments press one."], ["human?", "ivr"]),
        (["0.5-4.0 Your call is very important to us."], ["ivr"]),
        (["0.5-6.5 At the tone, please record your message. When you have finished recording, press one for more options."],
         ["voicemail"]),
        (["0.8-1.6 (fax)"], ["fax"]),
        (["0.1-1.2 (sit_vacant)", "1.6-4.6 The number you have dialed is not in service."], ["unknown"]),
    ],
)  # fmt: skip
def test_machines_are_machines(script: list[str], answered_by: list[str]) -> None:
    assert play(*script).answered_by == answered_by


@pytest.mark.parametrize(
    ("script", "answered_by"),
    [
        (["0.5-1.2 Met Jan de Vries."], ["human?"]),
        (["0.5-2.9 Jan is niet thuis, kan ik een boodschap doorgeven?"], ["human?"]),
        (["0.5-2.0 Hallo, met wie spreek ik?"], ["human?"]),
        (["0.5-4.5 Dit is de voicemail van Jan de Vries. Spreek een bericht in na de piep."], ["voicemail"]),
        (["0.5-3.5 Ik ben even niet bereikbaar, ik bel u zo snel mogelijk terug."], ["voicemail"]),
        (["0.5-3.5 The person you are calling is not available."], ["voicemail"]),
        (["0.5-2.0 De voicemailbox is vol."], ["voicemail"]),
        (["0.5-3.5 Voor afspraken, toets één."], ["ivr"]),
        (["0.5-3.5 Zeg uw naam en de reden van uw oproep."], ["screener"]),
    ],
)  # fmt: skip
def test_dutch(script: list[str], answered_by: list[str]) -> None:
    assert play(*script, language="nl-NL").answered_by == answered_by


@pytest.mark.parametrize(
    ("script", "decided_at"),
    [
        ("0.4-0.9 Hello?", 0.9 + 0.8),
        ("0.4-4.2 Garden centre, this is Tom from the plants.", 4.2 + 1.2),
        ("0.4-8.2 A very long welcome without any telling words in it.", 8.2 + 2.5),
    ],
)
def test_the_longer_they_spoke_the_longer_we_wait(
    script: str, decided_at: float
) -> None:
    (verdict,) = play(script).verdicts
    assert verdict.at == pytest.approx(decided_at, abs=0.03)


def test_length_alone_raises_suspicion_and_nothing_more() -> None:
    call = play("0.4-30.0 Words and words and words.")
    assert [event for event in call.events if event.at < 30] == []
    assert call.suspicious[0] == pytest.approx(6.4, abs=0.03)


def test_suspicion_ends_with_the_verdict() -> None:
    call = play("0.5-2.5 I am not at home right now.", until=12)
    assert call.suspicious[0] == pytest.approx(2.8, abs=0.03)
    assert call.suspicious[-1] == pytest.approx(5.0, abs=0.03)
    assert call.answered_by == ["human?"]


def test_nobody_says_anything() -> None:
    assert play("9.0-10.0 agent").events == []


GREETING = "0.5-4.0 You have reached my voicemail, leave a message after the tone."


@pytest.mark.parametrize(
    ("script", "speak_at"),
    [
        ([GREETING, "4.4-4.8 (beep)"], [("beep", 5.2)]),
        ([GREETING, "4.4-4.6 (beep)", "4.8-5.0 (beep)"], [("beep", 5.4)]),
        ([GREETING, "4.4-4.6 (beep)", "4.9-5.5 (beep)"], [("beep", 5.9)]),
        ([GREETING], [("no_beep", 6.8)]),
        ([GREETING, "5.5-8.0 When you have finished you may hang up."], [("no_beep", 10.8)]),
        ([GREETING, "9.0-9.4 (beep)"], [("no_beep", 6.8), ("beep", 9.8)]),
        ([GREETING, "4.4-4.8 (beep)", "9.0-11.0 To send your message, press one."], [("beep", 5.2)]),
        (["0.3-0.5 (beep)", "0.6-4.0 Please leave a message after the tone.", "4.4-4.8 (beep)"], [("beep", 5.2)]),
        (["1.0-1.5 (beep)"], [("beep", 1.9)]),
        (["0.5-3.0 Please say your name and why you are calling."], [("screener", 3.9)]),
        (["0.5-3.0 Please say your name and why you are calling.", "3.3-3.5 (beep)"], [("beep", 3.9)]),
        (["0.5-3.0 Please state your name.", "8.0-10.0 Sorry, please say your name again."],
         [("screener", 3.9), ("screener", 10.9)]),
        (["0.5-3.0 This mailbox is full."], []),
        (["0.5-3.0 For sales, press two."], []),
        (["0.5-1.0 Hello?"], []),
    ],
)  # fmt: skip
def test_when_to_speak(script: list[str], speak_at: list[tuple[str, float]]) -> None:
    assert play(*script, until=14).speak_at == speak_at


def test_a_beep_is_told_with_the_moment_it_ended() -> None:
    call = play(GREETING, "4.4-4.8 (beep)")
    assert [event.at for event in call.events if isinstance(event, BeepEnded)] == [4.8]


def test_a_beep_within_speech_makes_no_machine() -> None:
    call = play("0.5-1.2 Hello?", "1.3-1.5 (beep)", "1.6-2.6 Sorry, my microwave.")
    assert call.answered_by == ["human?"]


TWO_ANSWERS = [
    "0.5-1.0 Hello?",
    "1.4-5.0 agent",
    "5.6-6.2 Yes, I can.",
    "6.8-9.0 agent",
    "9.5-10.2 About eight.",
]


def test_who_answers_the_agent_twice_is_a_person_for_good() -> None:
    call = play(*TWO_ANSWERS, "12.0-14.0 Leave a message.", "15.0-15.4 (beep)")
    assert call.answered_by == ["human?", "human"]
    assert call.verdicts[-1].reason == "answers"


def test_who_talks_over_the_agent_may_still_be_a_machine() -> None:
    call = play(
        *("0.5-1.0 Hello.", "1.4-4.0 agent", "2.0-5.5 We are sorry to miss you."),
        *("6.0-9.0 agent", "7.0-9.5 Have a wonderful day.", "10.0-10.4 (beep)"),
    )
    assert call.answered_by == ["human?", "voicemail"]


def test_a_screener_may_put_us_through() -> None:
    call = play(
        *("0.5-3.0 Please state your name.", "3.9-6.0 agent", "9.0-9.6 Hello?"),
        "10.0-12.0 agent",
    )
    assert call.answered_by == ["screener", "human?"]
    assert call.speak_at == [("screener", 3.9)]


def test_sound_that_nobody_makes_is_music() -> None:
    assert play(until=8, noise=True).answered_by == ["music?"]


def test_a_person_who_listens_in_a_noisy_place_is_no_music() -> None:
    call = play("0.5-1.0 Hello?", until=20, noise=True)
    assert call.answered_by == ["human?"]


def test_a_melody_of_beeps_is_music() -> None:
    detector = MachineDetector(answered_at=0.0)
    events: list[Event] = []
    for number, note in enumerate((660.0, 784.0, 880.0, 990.0)):
        start = 1 + 0.3 * number
        events += detector.advance(start, tone_sounding=True)
        events += detector.tone(
            Tone(ToneKind.BEEP, (note,), start, start + 0.25, start + 0.3)
        )
    assert [e.answered_by for e in events if isinstance(e, Verdict)] == ["music"]


def listen(sound: Pcm) -> list[Event]:
    """The detector on real sound, wired as a conversation wires it; no transcript."""
    detector, tones = MachineDetector(answered_at=0.0), ToneTracker()
    batch, segmenter = SileroBatch(), SpeechSegmenter()
    events: list[Event] = []
    sinks: list[Callable[[Frame], None]] = []
    voices = [0.0]

    def subscribe(sink: Callable[[Frame], None]) -> Callable[[], None]:
        sinks.append(sink)
        return lambda: None

    def window(probability: float, at: float) -> None:
        voices.append(probability)
        if event := segmenter.feed(probability, at):
            events.extend(detector.speech(event))

    batch.listen(subscribe).on_window(window)
    for number, pcm in enumerate(frames(sound)):
        at = (number + 1) * FRAME_SECONDS
        sinks[0](Frame(pcm, at))
        batch.run()
        for heard in tones.feed(pcm, at=at, voice=voices[-1]):
            events += detector.tone(heard)
        events += detector.advance(at, tone_sounding=tones.sounding, loud=tones.loud)
    return events


def test_a_real_hello_is_a_person() -> None:
    (verdict,) = listen(join(silence(0.5), clip("hello"), silence(3)))
    assert isinstance(verdict, Verdict)
    assert verdict.answered_by == "human"
    assert verdict.at == pytest.approx(0.5 + 0.8 + 0.8, abs=0.25)


def test_a_real_greeting_with_a_beep_is_a_mailbox() -> None:
    greeting = join(silence(0.5), clip("greeting"), silence(0.6))
    beep = tone(1000, seconds=0.4)
    ended_at = len(join(greeting, beep)) / SAMPLE_RATE
    beeped, verdict, speak = listen(join(greeting, beep, silence(2)))
    assert isinstance(beeped, BeepEnded)
    assert beeped.at == pytest.approx(ended_at, abs=0.005)
    assert isinstance(verdict, Verdict)
    assert (verdict.answered_by, verdict.provisional) == ("voicemail", False)
    assert isinstance(speak, SpeakNow)
    assert speak.at == pytest.approx(ended_at + AFTER_BEEP, abs=0.05)
