"""The jitter buffer against networks that lose, delay, reorder and duplicate.

Sound is a number: every sample of packet n has the value n + 1, so that what comes out
says which packets it is made of. A tick is 20 ms.
"""

from dataclasses import dataclass

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from campanile.media.jitter import JitterBuffer

SSRC = 7


@dataclass
class Packet:
    arrives: float  # in ticks; a tick sees what came before it
    sequence: int
    timestamp: int
    pcm: np.ndarray
    ssrc: int = SSRC


def speech(count: int, *, samples: int = 160, first: int = 0) -> list[Packet]:
    """`count` punctual packets of `samples` each, the first arriving in tick 0."""
    return [
        Packet(
            n * samples / 160 + 0.5,
            (first + n) & 0xFFFF,
            (1000 + n * samples) & 0xFFFFFFFF,
            np.full(samples, n + 1, dtype=np.int16),
        )
        for n in range(count)
    ]


@dataclass
class Heard:
    frames: list[np.ndarray]
    flags: list[bool]
    delays: list[float]
    buffer: JitterBuffer

    def numbers(self) -> list[int]:
        """The packets that were heard, each once, in order."""
        pieces = []
        after_gap = False
        for frame, heard in zip(self.frames, self.flags, strict=True):
            if heard:  # the first 5 ms after a gap are blended with what was made up
                pieces.append(frame[40:] if after_gap else frame)
            after_gap = not heard and bool(pieces)
        sound = np.concatenate(pieces)
        changes = np.flatnonzero(np.diff(sound)) + 1
        return [int(sound[at]) for at in (0, *changes)]

    def whole_frames(self) -> list[int]:
        """The packets of which a whole frame was heard."""
        return [
            int(frame[0])
            for frame, heard in zip(self.frames, self.flags, strict=True)
            if heard and np.all(frame == frame[0])
        ]

    def concealed_between_speech(self) -> int:
        first = self.flags.index(True)
        last = len(self.flags) - self.flags[::-1].index(True)
        return self.flags[first:last].count(False)


def listen(
    packets: list[Packet], ticks: int, buffer: JitterBuffer | None = None
) -> Heard:
    buffer = buffer or JitterBuffer()
    waiting = sorted(packets, key=lambda packet: packet.arrives)
    heard = Heard([], [], [], buffer)
    for tick in range(ticks):
        while waiting and waiting[0].arrives <= tick:
            packet = waiting.pop(0)
            buffer.push(packet.ssrc, packet.sequence, packet.timestamp, packet.pcm)
        pcm, was_heard = buffer.pop()
        assert pcm.shape == (160,)
        assert pcm.dtype == np.int16
        heard.frames.append(pcm)
        heard.flags.append(was_heard)
        heard.delays.append(buffer.delay)
    return heard


def test_calm_speech_comes_out_whole_after_at_most_sixty_milliseconds():
    heard = listen(speech(50), 60)
    assert heard.numbers() == list(range(1, 51))
    assert heard.flags.index(True) <= 3
    assert heard.concealed_between_speech() == 0


def test_the_delay_shrinks_to_one_frame_when_the_network_is_calm():
    heard = listen(speech(1500), 1500)
    assert heard.delays[-1] <= 0.02
    assert heard.concealed_between_speech() == 0


def test_one_lost_packet_costs_its_own_time_and_no_delay():
    for calm_before in (20, 1000):  # with the first delay, and with the least
        packets = speech(calm_before + 100)
        before = listen(packets[:calm_before], calm_before)
        delay = before.delays[-1]
        del packets[calm_before]
        heard = listen(packets, calm_before + 100)
        assert heard.delays[calm_before + 20] <= delay
        assert heard.concealed_between_speech() == 1
        gone = set(range(1, calm_before + 90)) - set(heard.numbers())
        assert calm_before + 1 in gone


def test_a_lost_packet_is_not_silence():
    packets = speech(60)
    at = np.arange(60 * 160)
    tone = (8000 * np.sin(2 * np.pi * 200 * at / 8000)).astype(np.int16)
    for packet, pcm in zip(packets, tone.reshape(60, 160), strict=True):
        packet.pcm = pcm
    del packets[30]
    heard = listen(packets, 60)
    loudness = [
        np.sqrt(np.mean(frame.astype(float) ** 2)) for frame in heard.frames[5:58]
    ]
    assert min(loudness) > 2500  # the tone's is 5657
    steps = np.abs(np.diff(np.concatenate(heard.frames[5:58]).astype(int)))
    assert steps.max() < 3 * 8000 * 2 * np.pi * 200 / 8000  # and nothing clicks


def test_packets_that_overtake_each_other_are_put_in_order():
    packets = speech(200)
    for n in range(10, 180, 17):
        packets[n].arrives += 1.2
    heard = listen(packets, 220)
    assert heard.numbers() == list(range(1, 201))


def test_late_packets_make_the_delay_grow_until_nothing_is_late():
    packets = speech(400)
    for n in range(0, 400, 3):
        packets[n].arrives += 4
    heard = listen(packets, 420)
    assert 0.06 <= max(heard.delays) <= 0.14
    assert heard.flags[-200:-20].count(False) == 0


def test_growth_is_taken_back_when_the_network_calms_down():
    packets = speech(3000)
    for n in range(100, 300, 3):
        packets[n].arrives += 4
    heard = listen(packets, 3000)
    assert max(heard.delays[100:400]) >= 0.06
    assert heard.delays[-1] <= 0.02


def test_any_packet_length_is_played():
    for samples in (40, 80, 160, 240, 320, 480):
        seconds = 3  # less than after which the delay begins to shrink
        packets = speech(seconds * 8000 // samples, samples=samples)
        heard = listen(packets, seconds * 50 + 10)
        assert heard.numbers() == list(range(1, len(packets) + 1)), samples
        assert heard.concealed_between_speech() == 0, samples


def test_the_last_frames_need_no_further_packet():
    for samples in (160, 240, 480):
        count = 2400 // samples * 4
        heard = listen(speech(count, samples=samples), 9600 // 160 + 12)
        assert heard.numbers()[-1] == count
        last = len(heard.flags) - heard.flags[::-1].index(True)
        assert last <= 9600 // 160 + 6


def test_a_pause_of_the_sender_is_silence_and_then_speech_goes_on():
    for timestamps_go_on in (True, False):
        packets = speech(60)
        for packet in packets[30:]:
            packet.arrives += 150
            packet.timestamp += 150 * 160 if timestamps_go_on else 0
        heard = listen(packets, 230)
        assert heard.numbers() == list(range(1, 61))
        assert heard.delays[-20] <= 0.06
        assert not any(np.any(frame) for frame in heard.frames[60:170])


def test_after_a_pause_the_first_packet_waits_again_for_unpunctual_followers():
    packets = speech(400)
    for packet in packets[300:]:  # by then the delay has shrunk to a frame
        packet.arrives += 100
        packet.timestamp += 100 * 160
    for packet in packets[301:]:
        packet.arrives += 1.4
    heard = listen(packets, 520)
    resumed = heard.flags.index(True, 350)
    assert all(heard.flags[resumed : resumed + 90])


def test_a_jump_of_the_timestamps_is_no_loss():
    for jump in (-80000, -800, 77, 4000, 1 << 30):
        packets = speech(100)
        for packet in packets[50:]:
            packet.timestamp = (packet.timestamp + jump) & 0xFFFFFFFF
        heard = listen(packets, 110)
        assert heard.numbers() == list(range(1, 101)), jump
        assert heard.concealed_between_speech() == 0, jump


def test_another_source_goes_on_where_the_last_one_ended():
    packets = speech(100)
    for packet in packets[50:]:
        packet.ssrc = SSRC + 1
        packet.sequence = (packet.sequence + 31000) & 0xFFFF
        packet.timestamp = (packet.timestamp * 7) & 0xFFFFFFFF
    packets[51].timestamp = (packets[50].timestamp + 160) & 0xFFFFFFFF
    for n in range(51, 100):
        packets[n].timestamp = (packets[50].timestamp + (n - 50) * 160) & 0xFFFFFFFF
    heard = listen(packets, 110)
    assert heard.numbers() == list(range(1, 101))


def test_a_sender_that_counts_anew_is_heard_again():
    packets = speech(100)
    for packet in packets[50:]:
        packet.sequence = (packet.sequence - 20) & 0xFFFF
        packet.timestamp = (packet.timestamp - 20 * 160) & 0xFFFFFFFF
    heard = listen(packets, 110)
    assert heard.numbers()[-1] == 100


def test_counters_wrap_around_unheard():
    packets = speech(100, first=65500)
    for packet in packets:
        packet.timestamp = (packet.timestamp + (1 << 32) - 9000) & 0xFFFFFFFF
    heard = listen(packets, 110)
    assert heard.numbers() == list(range(1, 101))


def test_duplicates_change_nothing():
    packets = speech(100)
    again = [Packet(p.arrives + 3.1, p.sequence, p.timestamp, p.pcm) for p in packets]
    heard = listen(packets + again, 110)
    assert heard.numbers() == list(range(1, 101))
    assert heard.buffer.stats.duplicates == 100
    assert heard.buffer.stats.late == 0


def test_a_burst_after_a_freeze_does_not_stay_as_delay():
    packets = speech(300)
    for packet in packets[100:180]:
        packet.arrives = 180.5
    heard = listen(packets, 320)
    assert max(heard.delays) <= 0.3
    assert heard.numbers()[-1] == 300


def test_what_piled_up_while_our_own_loop_stalled_is_all_heard():
    buffer = JitterBuffer()
    packets = speech(60)
    for packet in packets[:20]:
        buffer.push(packet.ssrc, packet.sequence, packet.timestamp, packet.pcm)
        buffer.pop()
    for packet in packets[20:60]:
        buffer.push(packet.ssrc, packet.sequence, packet.timestamp, packet.pcm)
    frames = [buffer.pop(behind=behind) for behind in range(39, -1, -1)]
    assert all(heard for _, heard in frames)


def test_dtmf_and_comfort_noise_leave_no_hole():
    buffer = JitterBuffer()
    for packet in speech(10):
        buffer.push(packet.ssrc, packet.sequence, packet.timestamp, packet.pcm)
    for sequence in range(10, 16):
        buffer.note(SSRC, sequence)
    after = speech(30)[16:]
    for packet in after:
        buffer.push(packet.ssrc, packet.sequence, packet.timestamp, packet.pcm)
    assert abs(buffer.delay - (10 + len(after)) * 0.02) < 1e-9


@settings(max_examples=100, deadline=None, phases=[Phase.generate])
@given(data=st.data())
def test_no_network_breaks_it_and_the_delay_is_bounded(data):
    samples = data.draw(st.sampled_from([80, 160, 240, 320, 480]))
    packets = speech(data.draw(st.integers(1, 120)), samples=samples)
    kept = []
    for packet in packets:
        fate = data.draw(st.integers(0, 19))
        if fate == 0:
            continue  # lost
        if fate == 1:
            packet.arrives += data.draw(st.floats(0, 30))
        if fate == 2:
            kept.append(packet)  # twice
        if fate == 3:
            jump = data.draw(st.integers(0, 0xFFFFFFFF))
            for other in packets:
                other.timestamp = (other.timestamp + jump) & 0xFFFFFFFF
        if fate == 4:
            jump = data.draw(st.integers(0, 0xFFFF))
            for other in packets:
                other.sequence = (other.sequence + jump) & 0xFFFF
        if fate == 5:
            packet.ssrc = data.draw(st.integers(0, 3))
        kept.append(packet)
    heard = listen(kept, 400)
    assert max(heard.delays) <= 0.24 + samples / 8000
    assert heard.delays[-1] == 0.0  # nothing is held back for ever


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(
    lost=st.sets(st.integers(20, 279), max_size=40),
    slow=st.dictionaries(st.integers(20, 279), st.floats(0, 5), max_size=40),
)
def test_speech_is_never_heard_twice_or_out_of_order(lost, slow):
    packets = speech(300)
    for n, ticks in slow.items():
        packets[n].arrives += ticks
    heard = listen([p for n, p in enumerate(packets) if n not in lost], 330)
    whole = heard.whole_frames()
    assert whole == sorted(set(whole))
    assert heard.delays[310] <= 0.24
