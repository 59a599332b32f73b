import itertools

import numpy as np
import pytest

from campanile.audio.frames import FRAME_SECONDS, SAMPLE_RATE, Pcm
from campanile.media.beeps import Burst, BurstFinder
from unit.media.sounds import clip, frames, hiss, join, silence, tone


def find(pcm: Pcm, *, voice: float = 0.0) -> list[Burst]:
    finder = BurstFinder()
    found = []
    for number, frame in enumerate(frames(join(pcm, silence(0.4)))):
        found += finder.feed(frame, at=(number + 1) * FRAME_SECONDS, voice=voice)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_the_end_of_a_beep_is_known_to_five_milliseconds(seed: int) -> None:
    random = np.random.default_rng(seed)
    lead, seconds = random.uniform(0.1, 1.0), random.uniform(0.16, 1.5)
    frequency, level = random.uniform(440, 2000), random.uniform(-38, -15)
    sound = join(
        silence(lead), tone(frequency, seconds=seconds, level=level), silence(1)
    )
    sound = sound + hiss(len(sound) / SAMPLE_RATE, level=level - 15, seed=seed)
    (burst,) = find(sound)
    assert list(burst.frequencies) == pytest.approx([frequency], abs=4)
    assert burst.ended_at == pytest.approx(lead + seconds, abs=0.005)
    assert burst.started_at == pytest.approx(lead, abs=0.025)


def test_a_lost_packet_does_not_cut_a_beep_in_two() -> None:
    sound = join(silence(0.3), tone(1000, seconds=0.6), silence(0.3))
    sound[4800:4960] = 0  # 20 ms that nobody concealed
    assert [round(burst.seconds, 2) for burst in find(sound)] == [0.6]


def test_two_beeps_are_two() -> None:
    beep = tone(1000, seconds=0.2)
    bursts = find(join(silence(0.5), beep, silence(0.15), beep))
    assert [round(b.ended_at, 2) for b in bursts] == [0.7, 1.05]


def test_a_beep_right_after_speech_is_heard() -> None:
    """Silero still says voice for a while after the speaker stopped."""
    finder, found = BurstFinder(), []
    sound = join(clip("greeting"), silence(0.1), tone(1000, seconds=0.3), silence(0.5))
    speech = len(clip("greeting")) / SAMPLE_RATE
    for number, frame in enumerate(frames(sound)):
        at = (number + 1) * FRAME_SECONDS
        voice = 0.95 if at < speech + 0.13 else 0.02
        found += finder.feed(frame, at=at, voice=voice)
    (burst,) = found
    assert burst.ended_at == pytest.approx(speech + 0.4, abs=0.005)
    assert burst.seconds == pytest.approx(0.3, abs=0.03)


def test_speech_is_no_tone_even_without_the_veto() -> None:
    assert find(join(clip("hello"), silence(0.5), clip("greeting"))) == []


def test_a_vowel_held_at_one_pitch_is_no_tone_while_silero_wakes() -> None:
    """A perfectly steady 'oo': harmonics of 150 Hz under one formant."""
    vowel = join(silence(0.3), tone(300, 450, seconds=0.2), silence(0.3))
    assert find(vowel, voice=0.1) == []


def test_sound_may_come_in_pieces_of_any_size() -> None:
    sound = join(silence(0.5), tone(1000, seconds=0.4), silence(1))
    whole = find(sound)
    for size in (1, 7, 160, 999, len(sound)):
        finder, found, end = BurstFinder(), [], 0
        for start in itertools.count(0, size):
            piece = sound[start : start + size]
            end += len(piece)
            if not len(piece):
                break
            found += finder.feed(piece, at=end / SAMPLE_RATE)
        assert [b.frequencies for b in found] == [b.frequencies for b in whole]
        assert found[0].ended_at == pytest.approx(whole[0].ended_at, abs=1e-6)
