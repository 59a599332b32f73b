import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campanile.audio.resample import Resampler, resample

RATES = [(24000, 8000), (16000, 8000), (22050, 8000), (48000, 8000), (8000, 16000)]


def tone(frequency: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    at = np.arange(int(rate * seconds)) / rate
    return (10000 * np.sin(2 * np.pi * frequency * at)).astype(np.int16)


@pytest.mark.parametrize(("source", "target"), RATES)
def test_a_tone_keeps_its_shape_place_and_length(source, target):
    heard = resample(tone(1000, source), source, target)
    ideal = tone(1000, target)
    assert len(heard) == len(ideal)
    edge = 100  # where the sound begins and ends, the filter sees silence
    assert np.abs(heard.astype(int) - ideal)[edge:-edge].max() <= 3


@pytest.mark.parametrize(("source", "target"), [(24000, 8000), (48000, 8000)])
def test_what_the_lower_rate_cannot_carry_is_gone(source, target):
    heard = resample(tone(4700, source), source, target)
    assert np.abs(heard[100:-100]).max() < 10  # 60 dB down


@settings(max_examples=40, deadline=None)
@given(
    rates=st.sampled_from(RATES),
    cuts=st.lists(st.integers(0, 6000), max_size=12),
)
def test_chunks_leave_no_seam(rates, cuts):
    source, target = rates
    whole = tone(440, source, 0.25)
    resampler = Resampler(source, target)
    pieces = [resampler.feed(part) for part in np.split(whole, sorted(cuts))]
    pieces.append(resampler.flush())
    assert np.array_equal(np.concatenate(pieces), resample(whole, source, target))


def test_the_same_rate_is_left_alone():
    pcm = tone(440, 8000)
    assert resample(pcm, 8000, 8000) is pcm
