"""What a network says in tones before anybody answers, and when it is not listened to."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from campanile.audio.frames import FRAME_SAMPLES, Frame, Pcm
from campanile.dialing.announcements import Announcements
from campanile.rehearsal.exchange.tones import (
    announcement,
    no_circuit,
    ringback,
    vacant,
)
from campanile.telephony.causes import Cause


class Audio:
    """Passes on what it is told to have received."""

    def __init__(self) -> None:
        self._sink: Callable[[Frame], None] | None = None

    def subscribe(self, sink: Callable[[Frame], None]) -> Callable[[], None]:
        self._sink = sink
        return self._leave

    def _leave(self) -> None:
        self._sink = None

    def receive(self, pcm: Pcm) -> None:
        for n in range(len(pcm) // FRAME_SAMPLES):
            frame = pcm[n * FRAME_SAMPLES : (n + 1) * FRAME_SAMPLES]
            if self._sink is not None:
                self._sink(Frame(frame, at=(n + 1) * 0.02))


def listened_to(audio: Any) -> tuple[Announcements, list[str]]:
    told: list[str] = []
    return Announcements(audio, told=lambda: told.append("now")), told


@pytest.mark.parametrize(
    ("tones", "means"),
    [(vacant(), Cause.INVALID_NUMBER), (no_circuit(), Cause.CONGESTION)],
)
def test_a_special_information_tone_is_told_once(tones: Pcm, means: Cause) -> None:
    audio = Audio()
    heard, told = listened_to(audio)
    audio.receive(announcement(tones))
    assert (heard.announced, told) == (means, ["now"])


def test_ringing_announces_nothing() -> None:
    audio = Audio()
    heard, told = listened_to(audio)
    audio.receive(ringback(12.0, british=False))
    audio.receive(ringback(12.0, british=True))
    assert (heard.announced, told) == (None, [])


def test_who_has_answered_is_not_taken_for_the_network() -> None:
    audio = Audio()
    heard, told = listened_to(audio)
    audio.receive(np.zeros(8000, dtype=np.int16))
    heard.close()
    heard.close()
    audio.receive(announcement(vacant()))
    assert (heard.announced, told) == (None, [])
