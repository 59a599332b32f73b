"""What the exchange measures at the wire is what happened there, to the sample."""

import numpy as np
import pytest

from campanile.audio.frames import SILENCE, Pcm
from campanile.audio.g711 import encode_alaw, encode_ulaw
from campanile.media.rtp import RtpPacket
from campanile.rehearsal.exchange.wire import AudioGap, Heard, Utterance, WireMeter

LOUD: Pcm = np.full(160, 8000, dtype=np.int16)


class Agent:
    """Sends a packet every 20 ms, as loud and as late as the test says."""

    def __init__(self, meter: WireMeter, *, began: float = 0.0):
        self.meter = meter
        self.began = began
        self.frames = 0
        self.found: list[Heard | AudioGap] = []

    def sends(
        self, pcm: Pcm = SILENCE, *, late: float = 0.0, alaw: bool = False
    ) -> None:
        packet = RtpPacket(
            payload_type=8 if alaw else 0,
            marker=False,
            sequence=self.frames,
            timestamp=(4294967000 + 160 * self.frames) & 0xFFFFFFFF,  # it will wrap
            ssrc=1,
            payload=encode_alaw(pcm) if alaw else encode_ulaw(pcm),
        )
        at = self.began + 0.02 * self.frames + late
        self.frames += 1
        self.found += self.meter.packet(packet, at)

    def skips(self, frames: int) -> None:
        self.frames += frames


@pytest.mark.parametrize("alaw", [False, True])
def test_the_first_audible_sample_after_answer(alaw: bool) -> None:
    meter = WireMeter()
    agent = Agent(meter, began=0.1)
    meter.answered(0.0)
    half = np.concatenate([SILENCE[:80], LOUD[:80]])

    for _ in range(55):
        agent.sends(alaw=alaw)
    agent.sends(half, alaw=alaw)
    agent.sends(LOUD, alaw=alaw)

    # 100 ms until the first packet, 55 packets of silence, half a packet more
    assert agent.found == [Heard("answer", 1210.0)]


def test_the_first_audible_sample_after_an_utterance() -> None:
    meter = WireMeter()
    agent = Agent(meter)
    meter.answered(0.0)
    meter.speaks()
    for _ in range(10):
        agent.sends()
    meter.fell_silent(0.1975)
    for _ in range(40):
        agent.sends()
    agent.sends(LOUD)
    agent.sends(LOUD)

    assert agent.found == [Heard("utterance", 802.5)]


def test_talking_through_the_end_of_an_utterance_is_no_answer() -> None:
    meter = WireMeter()
    agent = Agent(meter)
    meter.speaks()
    for _ in range(10):
        agent.sends(LOUD)
    meter.fell_silent(0.19)
    for _ in range(10):
        agent.sends(LOUD)

    assert agent.found == []


def test_a_gap_is_more_than_forty_milliseconds_without_a_packet() -> None:
    meter = WireMeter()
    agent = Agent(meter)
    agent.sends()
    agent.skips(1)
    agent.sends()  # 40 ms: not yet
    agent.skips(2)
    agent.sends()

    assert agent.found == [AudioGap(60.0)]


def test_late_and_missing_frames_are_counted_against_the_grid() -> None:
    meter = WireMeter()
    agent = Agent(meter)
    for _ in range(50):
        agent.sends()
    agent.sends(late=0.019)
    agent.sends(late=0.021)
    agent.skips(3)
    for _ in range(45):
        agent.sends()

    pace = meter.pace
    assert (pace.expected, pace.missing, pace.late) == (100, 3, 1)


def test_a_late_first_packet_does_not_hide_the_later_ones() -> None:
    meter = WireMeter()
    agent = Agent(meter)
    agent.sends(late=0.1)
    for _ in range(10):
        agent.sends()
    agent.sends(late=0.03)

    assert meter.pace.late == 1


def test_an_utterance_ends_with_its_last_audible_sample() -> None:
    utterance = Utterance(np.concatenate([LOUD, LOUD[:80], SILENCE, SILENCE]))

    over = [utterance.frame_sent(10 + 0.02 * n) for n in range(4)]

    assert over == [False, False, False, True]
    assert utterance.ended == pytest.approx(10.02 + 79 / 8000)
