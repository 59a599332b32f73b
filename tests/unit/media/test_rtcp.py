import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.media import rtcp

WALL = 1_790_000_000.25


def test_a_report_survives_the_wire():
    sender = rtcp.SenderInfo(ssrc=1, wall=WALL, timestamp=5, packets=6, octets=7)
    block = rtcp.ReceptionBlock(
        ssrc=9,
        fraction_lost=0.25,
        lost=-3,
        highest_sequence=70000,
        jitter=12,
        last_report=0xABCD1234,
        delay=1.5,
    )
    packet = rtcp.pack(rtcp.Report(1, sender, [block], bye=True))
    report, bye = rtcp.unpack(packet)
    assert report.sender is not None
    assert report.sender.wall == pytest.approx(WALL, abs=1e-6)
    assert (report.sender.timestamp, report.sender.packets, report.sender.octets) == (
        5,
        6,
        7,
    )
    assert report.blocks == [block]
    assert bye.bye


def test_aiortc_reads_what_we_write():
    from aiortc.rtp import RtcpPacket, RtcpSdesPacket, RtcpSrPacket

    sender = rtcp.SenderInfo(ssrc=1, wall=WALL, timestamp=5, packets=6, octets=7)
    block = rtcp.ReceptionBlock(9, 0.5, 4, 70000, 12)
    report, name = RtcpPacket.parse(rtcp.pack(rtcp.Report(1, sender, [block])))
    assert isinstance(report, RtcpSrPacket)
    assert report.sender_info.packet_count == 6
    assert report.sender_info.ntp_timestamp >> 32 == int(WALL) + 2208988800
    assert report.reports[0].fraction_lost == 128
    assert report.reports[0].packets_lost == 4
    assert isinstance(name, RtcpSdesPacket)
    assert name.chunks[0].items == [(1, b"campanile")]


@given(st.binary(max_size=120))
def test_any_bytes_are_survived(data):
    rtcp.unpack(data)
    rtcp.unpack(b"\x81\xc8" + data)


def test_loss_is_counted_by_sequence_numbers_across_the_wrap():
    reception = rtcp.Reception(9)
    for n in range(100):
        if n % 10 != 3:
            reception.packet((65500 + n) & 0xFFFF, n * 160, n * 0.02)
    assert reception.expected == 100
    assert reception.lost == 10
    assert reception.block(2.0).fraction_lost == pytest.approx(0.1)
    assert reception.block(2.0).fraction_lost == 0  # of what came since
    assert reception.block(2.0).highest_sequence == 65599


def test_jitter_is_none_for_a_punctual_sender_and_grows_with_unpunctuality():
    punctual, shaky = rtcp.Reception(1), rtcp.Reception(2)
    for n in range(500):
        punctual.packet(n, n * 160, n * 0.02)
        shaky.packet(n, n * 160, n * 0.02 + (0.01 if n % 2 else 0))
    assert punctual.jitter_seconds == pytest.approx(0, abs=1e-6)
    assert shaky.jitter_seconds == pytest.approx(
        0.01, rel=0.05
    )  # A.8 at its fixed point


def test_the_round_trip_is_what_is_left_of_the_time_since_our_report():
    ours = rtcp.ntp_middle(WALL)
    block = rtcp.ReceptionBlock(1, 0, 0, 0, 0, last_report=ours, delay=2.0)
    assert rtcp.round_trip(block, wall=WALL + 2.08) == pytest.approx(0.08, abs=1e-3)
    unreported = rtcp.ReceptionBlock(1, 0, 0, 0, 0)
    assert rtcp.round_trip(unreported, wall=WALL) is None
