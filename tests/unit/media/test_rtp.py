import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.media import dtmf, rtp, sdp
from campanile.media.playout import Playout
from campanile.media.receiving import Receiver
from campanile.media.sending import Sender


def packets(sender: Sender, count: int) -> list[rtp.RtpPacket]:
    return [rtp.unpack(sender.next_packet()[0]) for _ in range(count)]


@given(
    st.integers(0, 127),
    st.booleans(),
    st.integers(0, 1 << 20),
    st.integers(0, 1 << 40),
    st.binary(),
)
def test_a_packet_survives_the_wire(kind, marker, sequence, timestamp, payload):
    read = rtp.unpack(rtp.pack(kind, marker, sequence, timestamp, 99, payload))
    wire = sequence & 0xFFFF, timestamp & 0xFFFFFFFF
    assert read == (kind, marker, *wire, 99, payload)


def test_csrcs_extension_and_padding_are_left_out():
    header = rtp.HEADER.pack(0x80 | 0x20 | 0x10 | 2, 0, 1, 2, 3)
    extension = b"\xbe\xde\x00\x01abcd"
    packet = header + b"csrccsrc" + extension + b"sound" + b"\0\0\3"
    assert rtp.unpack(packet).payload == b"sound"


@given(st.binary(max_size=40))
def test_any_bytes_are_a_packet_or_malformed(data):
    try:
        rtp.unpack(data)
    except rtp.MalformedRtp:
        assert len(data) < 12 or data[0] != 0x80


def test_steps_take_the_short_way_around():
    assert rtp.sequence_step(65535, 2) == 3
    assert rtp.sequence_step(2, 65535) == -3
    assert rtp.timestamp_step((1 << 32) - 80, 80) == 160


def test_something_is_sent_on_every_tick():
    sender = Sender(Playout())
    sent = packets(sender, 5)
    assert [packet.payload for packet in sent] == [b"\xff" * 160] * 5
    assert {b.sequence - a.sequence for a, b in itertools.pairwise(sent)} == {1}
    assert {b.timestamp - a.timestamp for a, b in itertools.pairwise(sent)} == {160}
    assert [packet.marker for packet in sent] == [True, False, False, False, False]


def test_the_marker_begins_each_talk_spurt():
    playout = Playout()
    sender = Sender(playout)
    packets(sender, 2)
    playout.play(np.full(320, 5000, dtype=np.int16))
    assert [packet.marker for packet in packets(sender, 3)] == [True, False, False]


def test_after_a_stall_the_timestamp_keeps_wall_pace_and_the_sequence_its_own():
    sender = Sender(Playout())
    (before,) = packets(sender, 1)
    sender.skip(10)
    (after,) = packets(sender, 1)
    assert after.timestamp - before.timestamp == 11 * 160
    assert after.sequence - before.sequence == 1


def test_both_codecs_are_spoken():
    pcm = (8000 * np.sin(np.arange(160) / 3)).astype(np.int16)
    for codec in (sdp.PCMU, sdp.PCMA):
        playout, receiver = Playout(), Receiver()
        sender = Sender(playout)
        sender.negotiated(codec, telephone_event=None)
        playout.play(np.tile(pcm, 10))
        for n in range(10):
            receiver.packet(sender.next_packet()[0], n * 0.02)
        heard = [
            frame for n in range(6) for frame in receiver.frames(n * 0.02, missed=0)
        ]
        assert heard[-1].heard
        assert np.abs(heard[-1].pcm.astype(int) - pcm).max() < 300


def test_digits_are_heard_once_each_even_when_repeated_or_partly_lost():
    sender, receiver = Sender(Playout()), Receiver()
    sender.negotiated(sdp.PCMU, telephone_event=96)
    receiver.negotiated(telephone_event=96)
    sender.press("11#w0")
    heard = []
    for n in range(80):
        packet, _ = sender.next_packet()
        first_of_a_digit = rtp.unpack(packet).payload_type == 96 and packet[1] & 0x80
        if not first_of_a_digit and (digit := receiver.packet(packet, n * 0.02)):
            heard.append(digit)
    assert "".join(heard) == "11#0"


def test_a_digit_is_one_event_of_constant_timestamp_with_its_end_sent_thrice():
    sender = Sender(Playout())
    sender.negotiated(sdp.PCMU, telephone_event=101)
    sender.press("5")
    events = [packet for packet in packets(sender, 20) if packet.payload_type == 101]
    assert {packet.timestamp for packet in events} == {events[0].timestamp}
    assert [packet.marker for packet in events] == [True] + [False] * (len(events) - 1)
    durations = [int.from_bytes(packet.payload[2:], "big") for packet in events]
    assert durations == [160, 320, 480, 640, 800, 960, 960, 960]
    assert [packet.payload[1] >> 7 for packet in events] == [0] * 5 + [1] * 3
    assert {packet.payload[0] for packet in events} == {5}


def test_without_telephone_events_digits_are_tones():
    playout = Playout()
    sender = Sender(playout)
    sender.press("8")
    frames = [playout.next_frame() for _ in range(6)]
    spectrum = np.abs(np.fft.rfft(np.concatenate(frames)))
    loudest = sorted(np.argsort(spectrum)[-2:] * 8000 / 960)
    assert loudest == pytest.approx([852, 1336], abs=9)


def test_other_characters_are_refused_with_a_hint():
    with pytest.raises(dtmf.UnknownDigit, match="“X”") as caught:
        Sender(Playout()).press("12x")
    assert "pause" in caught.value.hint


def test_a_stall_of_the_loop_loses_nothing_that_was_received():
    receiver, sender = Receiver(), Sender(Playout())
    for n in range(5):
        receiver.packet(sender.next_packet()[0], n * 0.02)
        list(receiver.frames(n * 0.02, missed=0))
    for n in range(5, 16):
        receiver.packet(sender.next_packet()[0], n * 0.02)
    frames = list(receiver.frames(0.3, missed=10))
    assert len(frames) == 11
    assert all(frame.heard for frame in frames)
    assert [frame.at for frame in frames] == pytest.approx(
        [0.1 + 0.02 * n for n in range(11)]
    )
