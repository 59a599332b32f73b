import pytest

from campanile.audio.frames import SAMPLE_RATE, Pcm
from campanile.media.tones import Tone, ToneKind, ToneTracker
from unit.media.sounds import clip, frames, hiss, join, silence, tone


def listen(pcm: Pcm) -> list[Tone]:
    """What a tracker says of `pcm` after some, and before more, of a quiet line."""
    line = join(silence(0.3), pcm, silence(0.5))
    line = line + hiss(len(line) / SAMPLE_RATE, level=-55)
    tracker = ToneTracker()
    return [tone for frame in frames(line) for tone in tracker.feed(frame)]


def cadence(on: Pcm, off: float, times: int) -> Pcm:
    return join(*[join(on, silence(off))] * times)


def special(*parts: tuple[float, float]) -> Pcm:
    return join(*(tone(f, seconds=ms / 1000, level=-18) for f, ms in parts))


S, L = 274.0, 380.0


@pytest.mark.parametrize(
    ("sound", "kinds"),
    [
        (cadence(tone(440, 480, seconds=2), 4, 2), ["ring_back"] * 2),
        (
            cadence(
                join(tone(400, 450, seconds=0.4), silence(0.2))[: int(0.6 * 8000)], 0, 2
            ),
            ["ring_back"] * 2,
        ),
        (cadence(tone(425, seconds=1), 4, 2), ["ring_back"] * 2),
        (cadence(tone(480, 620, seconds=0.5), 0.5, 4), ["busy"] * 3),
        (cadence(tone(400, seconds=0.375), 0.375, 4), ["busy"] * 3),
        (cadence(tone(425, seconds=0.5), 0.5, 4), ["busy"] * 3),
        (special((985.2, L), (1370.6, S), (1776.7, L)), ["sit_vacant"]),
        (special((913.8, S), (1370.6, S), (1776.7, L)), ["sit_intercept"]),
        (special((985.2, L), (1428.5, L), (1776.7, L)), ["sit_no_circuit"]),
        (special((913.8, L), (1370.6, L), (1776.7, L)), ["sit_no_circuit"]),
        (special((913.8, S), (1428.5, L), (1776.7, L)), ["sit_no_circuit"]),
        (special((950, 330), (1400, 330), (1800, 330)), ["sit_other"]),
        (tone(2100, seconds=3), ["fax"]),
        (cadence(tone(1100, seconds=0.5), 3, 2), ["fax"] * 2),
        (tone(1000, seconds=0.16), ["beep"]),
        (tone(440, seconds=0.5), ["beep"]),
        (tone(2000, seconds=0.3), ["beep"]),
        (tone(1400, seconds=1.5, level=-38), ["beep"]),
        (tone(700, 900, seconds=0.4), ["beep"]),
        (cadence(tone(850, seconds=0.2), 0.2, 2), ["beep"] * 2),
        (tone(985, seconds=0.35), ["beep"]),  # the first part of nothing
        (special((985.2, L), (1370.6, S)), ["beep"] * 2),
        (special((1000, 250), (1300, 250)), ["beep"] * 2),
        (tone(770, 1336, seconds=0.1), []),  # a key pressed
        (tone(770, 1336, seconds=0.18), []),
        (tone(350, 440, seconds=3), []),  # dial tone
        (tone(1000, seconds=0.06), []),  # a click
        (silence(3), []),
        (hiss(10, level=-25), []),
        (join(clip("hello"), silence(0.5), clip("greeting")), []),
    ],
)
def test_tones_have_names(sound: Pcm, kinds: list[str]) -> None:
    assert [tone.kind.value for tone in listen(sound)] == kinds


def test_a_fax_is_known_long_before_it_has_finished() -> None:
    (fax,) = listen(tone(2100, seconds=3))
    assert fax.kind is ToneKind.FAX
    assert fax.at < 0.3 + 0.8


def test_while_a_tone_sounds_the_line_is_not_silent() -> None:
    tracker = ToneTracker()
    states = []
    for frame in frames(join(silence(0.5), tone(1000, seconds=1), silence(0.5))):
        tracker.feed(frame)
        states.append(tracker.sounding)
    assert not any(states[:25])
    assert all(states[35:70])
    assert not states[-1]


def test_times_are_on_the_clock_of_the_caller() -> None:
    tracker = ToneTracker()
    found = []
    for number, frame in enumerate(frames(join(tone(1000, seconds=1), silence(1)))):
        found += tracker.feed(frame, at=5000 + 0.02 * (number + 1))
    (beep,) = found
    assert beep.ended_at == pytest.approx(5001.0, abs=0.005)
    assert beep.ended_at < beep.at < 5001.25


def test_what_silero_takes_for_a_voice_is_no_tone() -> None:
    tracker = ToneTracker()
    sound = frames(join(silence(0.5), tone(500, seconds=0.3), silence(0.1)))
    assert [tone for frame in sound for tone in tracker.feed(frame, voice=0.9)] == []
