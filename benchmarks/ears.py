"""What the ears cost and what they hear: `python benchmarks/ears.py [--items N]`.

Prints CPU milliseconds per second of call for voice and tone detection, and runs N
seeded synthetic calls (offline voices, noise, loss, µ-law) through voice → utterances →
tones → verdicts. The transcript is an oracle's, 0.3 s late: this judges the detector,
not a recogniser. Synthetic voices flatter: the figures bound, they do not promise.
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from campanile.audio.frames import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Frame, Pcm
from campanile.media.machine import BeepEnded, Event, MachineDetector, Verdict
from campanile.media.tones import ToneTracker
from campanile.media.turns import SpeechSegmenter
from campanile.media.vad import SileroBatch
from campanile.rehearsal.voices import VOICES, Voices

TAIL_SECONDS = 6.0
KINDS: dict[str, tuple[str, list[str]]] = {
    "human_short": ("human", ["Hello?", "Yes?", "Anna speaking.", "Hi, this is Ben."]),
    "human_medium": (
        "human",
        [
            "Good morning, Riverside Bakery, Tom speaking, what can I do for you?",
            "Hello, you are speaking with the parents of Emma.",
        ],
    ),
    "human_long": (
        "human",
        [
            "Good afternoon and welcome to the Riverside garden centre, where everything is in bloom this week, you are speaking with Peter of the plants department.",
        ],
    ),
    "human_machine_words": (
        "human",
        [
            "He is not available right now, can I take a message?",
            "Would you like to leave a message for her?",
            "Sorry, I thought it was my voicemail.",
        ],
    ),
    "voicemail": (
        "voicemail",
        [
            "Hi, you have reached Tom. Please leave a message after the beep.",
            "The person you are calling is not available. At the tone, please record your message. When you have finished recording, you may hang up.",
            "Hello, we cannot come to the phone. Leave your name and number, and we will get back to you.",
        ],
    ),
    "voicemail_no_words": (
        "voicemail",
        ["Hi, this is Tom. You know what to do.", "Anna here. Talk to you soon."],
    ),
    "beep_only": ("voicemail", [""]),
    "mailbox_full": (
        "voicemail",
        ["The mailbox is full and cannot accept any messages at this time. Goodbye."],
    ),
    "screener": (
        "screener",
        [
            "Hi, if you record your name and reason for calling, I will see if this person is available.",
            "Who is calling? Please state your name.",
        ],
    ),
    "ivr": (
        "ivr",
        ["Thank you for calling the city library. For opening hours, press one."],
    ),
}
BEEPING = {"voicemail", "voicemail_no_words", "beep_only"}


@dataclass
class Item:
    kind: str
    truth: str
    sound: Pcm
    speech: list[tuple[float, str]] = field(default_factory=list)
    """When each text ended."""
    beeps: list[float] = field(default_factory=list)
    """When each beep ended."""


async def make_items(count: int, *, seed: int, cache: Path) -> list[Item]:
    random, voices = np.random.default_rng(seed), Voices(cache)
    try:
        return [await make_item(random, voices) for _ in range(count)]
    finally:
        await voices.close()


async def make_item(random: np.random.Generator, voices: Voices) -> Item:
    kind = str(random.choice(list(KINDS)))
    truth, texts = KINDS[kind]
    text = str(random.choice(texts))
    parts = [silence(random.uniform(0.05, 2.0))]
    item = Item(kind, truth, parts[0])
    if text:
        spoken = await voices.speak(text, str(random.choice(list(VOICES))))
        parts.append(scaled(spoken, random.uniform(-28, -14)))
        item.speech.append((length(parts), text))
    if kind in BEEPING:
        parts.append(silence(random.uniform(0.1, 1.5)))
        frequency = random.uniform(440, 2000)
        for _ in range(int(random.choice([1, 1, 2]))):
            parts += [beep(frequency, random), silence(0.15)]
            item.beeps.append(length(parts) - 0.15)
    parts.append(silence(TAIL_SECONDS))
    item.sound = telephone(np.concatenate(parts), random)
    return item


def telephone(sound: Pcm, random: np.random.Generator) -> Pcm:
    """Noise of the place, µ-law's resolution, and on a third of lines lost packets."""
    noise = random.standard_normal(len(sound))
    if random.random() < 0.5:
        noise = np.convolve(noise, np.ones(8) / 8**0.5, mode="same")  # a duller one
    noisy = sound + noise * 32768 * 10 ** (random.uniform(-62, -48) / 20)
    companded = np.sign(noisy) * np.log1p(255 * np.abs(noisy) / 32768) / np.log(256)
    coarse = np.round(companded * 127) / 127
    pcm = np.sign(coarse) * (256 ** np.abs(coarse) - 1) / 255 * 32767
    if random.random() < 0.3:
        for frame in range(0, len(pcm), FRAME_SAMPLES):
            if random.random() < 0.02:
                pcm[frame : frame + FRAME_SAMPLES] = 0
    return clipped(pcm)


def beep(frequency: float, random: np.random.Generator) -> Pcm:
    times = np.arange(round(random.uniform(0.16, 0.8) * SAMPLE_RATE)) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * frequency * times)
    if random.random() < 0.2:
        tone += np.sin(2 * np.pi * frequency * 1.37 * times)
    return scaled((tone * 8000).astype(np.int16), random.uniform(-36, -14))


def scaled(pcm: Pcm, level: float) -> Pcm:
    """`pcm` at `level` dBFS, root mean square."""
    now = np.sqrt(np.mean(pcm.astype(np.float64) ** 2))
    return clipped(pcm * (32768 * 10 ** (level / 20) / now))


def clipped(samples: npt.NDArray[np.float64]) -> Pcm:
    pcm: Pcm = samples.clip(-32768, 32767).astype(np.int16)
    return pcm


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.int16)


def length(parts: list[Pcm]) -> float:
    return sum(map(len, parts)) / SAMPLE_RATE


def frames(pcm: Pcm) -> Iterator[Frame]:
    whole = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    for number, frame in enumerate(whole):
        yield Frame(frame, (number + 1) * FRAME_SAMPLES / SAMPLE_RATE)


class Ears:
    """One call's detectors, wired as a conversation wires them."""

    def __init__(self, batch: SileroBatch, item: Item):
        self.item = item
        self.events: list[Event] = []
        self._hear: Callable[[Frame], None]
        self._segmenter, self._tones = SpeechSegmenter(), ToneTracker()
        self._detector = MachineDetector(answered_at=0.0)
        self._voice = 0.0
        self._unheard = list(item.speech)
        self._track = batch.listen(self._subscribe)
        self._track.on_window(self._window)

    def tick(self, frame: Frame) -> None:
        self._hear(frame)
        at = frame.at
        for tone in self._tones.feed(frame.pcm, at=at, voice=self._voice):
            self.events += self._detector.tone(tone)
        if self._unheard and at >= self._unheard[0][0] + 0.3:
            self.events += self._detector.heard(self._unheard.pop(0)[1], at=at)
        self.events += self._detector.advance(
            at, tone_sounding=self._tones.sounding, loud=self._tones.loud
        )

    def close(self) -> None:
        self._track.close()

    @property
    def verdict(self) -> Verdict | None:
        return self._detector.verdict

    def _subscribe(self, sink: Callable[[Frame], None]) -> Callable[[], None]:
        self._hear = sink
        return lambda: None

    def _window(self, probability: float, at: float) -> None:
        self._voice = probability
        if event := self._segmenter.feed(probability, at):
            self.events += self._detector.speech(event)


def judge(items: list[Item]) -> None:
    right, wrong, all_, waits = Counter[str](), Counter[str](), Counter[str](), []
    found = false = 0
    errors: list[float] = []
    batch = SileroBatch()
    for item in items:
        ears = Ears(batch, item)
        for frame in frames(item.sound):
            ears.tick(frame)
            batch.run()
        ears.close()
        all_[item.kind] += 1
        verdict = ears.verdict.answered_by if ears.verdict else "none"
        right[item.kind] += verdict == item.truth
        wrong[f"{item.kind} → {verdict}"] += verdict != item.truth
        if item.truth == "human" and ears.verdict:
            waits.append(ears.verdict.at - item.speech[-1][0])
        heard = [event.at for event in ears.events if isinstance(event, BeepEnded)]
        for ended in item.beeps:
            near = [at - ended for at in heard if abs(at - ended) < 0.1]
            found += bool(near)
            errors += near[:1]
        false += sum(all(abs(at - b) >= 0.1 for b in item.beeps) for at in heard)
    for kind, count in sorted(all_.items()):
        print(f"{kind:22}{right[kind]:4} of {count:4} right")
    print("wrong:", {what: n for what, n in wrong.items() if n} or "none")
    hours = sum(len(item.sound) for item in items) / SAMPLE_RATE / 3600
    beeps = sum(len(item.beeps) for item in items)
    late = 1000 * np.percentile(np.abs(errors), [50, 95])
    print(f"beeps: {found} of {beeps} found, {false} false in {hours:.2f} h;", end=" ")
    print(f"end off by {late[0]:.1f} ms median, {late[1]:.1f} ms p95")
    print(f"human after the last word: median {np.median(waits):.2f} s")


def cost(items: list[Item]) -> None:
    for calls in (1, 16, 60):
        print(f"voice, {calls:3} calls: {voice_cost(items, calls):.2f} ms/call-s")
    spent = seconds = 0.0
    for item in items:
        voices = voices_of(item)
        tracker = ToneTracker()
        began = time.process_time()
        for frame, voice in zip(frames(item.sound), voices, strict=True):
            tracker.feed(frame.pcm, at=frame.at, voice=voice)
        spent += time.process_time() - began
        seconds += len(item.sound) / SAMPLE_RATE
    print(f"tones:            {spent / seconds * 1000:.2f} ms/call-s")


def voice_cost(items: list[Item], calls: int) -> float:
    """CPU milliseconds per second of one call, of `calls` at once."""
    batch = SileroBatch()
    hears: list[Callable[[Frame], None]] = []

    def subscribe(sink: Callable[[Frame], None]) -> Callable[[], None]:
        hears.append(sink)
        return lambda: None

    for _ in range(calls):
        batch.listen(subscribe)
    sounds = [list(frames(item.sound)) for item in items[:calls]]
    ticks = max(200, 20000 // calls // 4)
    began = time.process_time()
    for tick in range(ticks):
        for number, hear in enumerate(hears):
            sound = sounds[number % len(sounds)]
            hear(sound[tick % len(sound)])
        batch.run()
    return (time.process_time() - began) / ticks / calls / FRAME_SECONDS * 1000


def voices_of(item: Item) -> list[float]:
    """The latest voice probability at each frame."""
    batch, ears = SileroBatch(), []
    voices, sinks = [0.0], []

    def subscribe(sink: Callable[[Frame], None]) -> Callable[[], None]:
        sinks.append(sink)
        return lambda: None

    batch.listen(subscribe).on_window(lambda voice, _at: voices.append(voice))
    for frame in frames(item.sound):
        sinks[0](frame)
        batch.run()
        ears.append(voices[-1])
    return ears


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=Path("var/bench/voices"))
    given = parser.parse_args()
    items = asyncio.run(make_items(given.items, seed=given.seed, cache=given.cache))
    cost(items[:60])
    judge(items)


if __name__ == "__main__":
    main()
