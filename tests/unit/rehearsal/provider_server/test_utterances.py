"""Cutting a stream by loudness: what becomes an utterance and when."""

import numpy as np
import pytest

from campanile.audio.g711 import encode_alaw, encode_ulaw
from campanile.rehearsal.provider_server.utterances import (
    Segmenter,
    SpeechStarted,
    Utterance,
    UtteranceEnd,
)


def quiet(seconds):
    return np.zeros(round(8000 * seconds), dtype=np.int16)


def loud(seconds):
    noise = np.random.default_rng(1).normal(0, 3000, round(8000 * seconds))
    return noise.astype(np.int16)


ENCODERS = {
    "mulaw": encode_ulaw,
    "alaw": encode_alaw,
    "linear16": lambda pcm: pcm.astype("<i2").tobytes(),
}


def cut(*parts, coding="mulaw", step=333, endpointing=0.3, utterance_end=None):
    segmenter = Segmenter(
        coding, 8000, endpointing=endpointing, utterance_end=utterance_end
    )
    data = ENCODERS[coding](np.concatenate(parts))
    events = []
    for start in range(0, len(data), step):
        events += segmenter.feed(data[start : start + step])
    return segmenter, events


def whole(events):
    return [e for e in events if isinstance(e, Utterance) and e.kind != "interim"]


@pytest.mark.parametrize("coding", ENCODERS)
def test_speech_between_silences_is_one_utterance(coding):
    _, events = cut(quiet(1), loud(0.8), quiet(0.5), coding=coding)
    assert isinstance(events[0], SpeechStarted)
    assert events[0].at == pytest.approx(1.0, abs=0.15)
    (utterance,) = whole(events)
    assert utterance.kind == "ended"
    assert utterance.start == pytest.approx(1.0, abs=0.15)
    assert 0.8 <= len(utterance.pcm) / 8000 <= 1.4


def test_a_short_pause_does_not_cut_and_a_long_one_does():
    _, events = cut(loud(0.5), quiet(0.2), loud(0.5), quiet(1))
    assert len(whole(events)) == 1
    _, events = cut(loud(0.5), quiet(0.4), loud(0.5), quiet(1))
    assert len(whole(events)) == 2


def test_a_click_is_no_speech():
    _, events = cut(quiet(0.5), loud(0.02), quiet(0.5))
    assert events == []


def test_finalizing_hands_over_what_is_being_said():
    segmenter, events = cut(quiet(0.5), loud(0.6))
    assert whole(events) == []
    rest = segmenter.flush()
    assert rest is not None
    assert len(rest.pcm) / 8000 >= 0.55
    assert segmenter.flush() is None


def test_a_longer_silence_is_told_once():
    _, events = cut(loud(0.5), quiet(3), utterance_end=1.0)
    (end,) = [event for event in events if isinstance(event, UtteranceEnd)]
    assert end.last_word_end == pytest.approx(0.5, abs=0.1)


def test_endless_speech_is_handed_over_in_pieces():
    _, events = cut(loud(40))
    assert len(whole(events)) >= 2
