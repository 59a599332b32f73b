"""The jitter buffer: packets in as the network brings them, one frame out per tick.

Pure: no clock, no socket. Received samples lie on one endless timeline, which packets
of any length fill. The buffer's delay is how far its end runs ahead of its head.

- It grows by waiting: when the next frame has not come, a made-up one is played and the
  head stays. If a later packet then shows that the frame was lost, not late, the head
  skips as much as was waited: loss does not add delay.
- It shrinks when for some seconds a whole frame always lay unneeded. Shrinking that
  proved wrong makes it more patient, up to a minute.
- Where the timestamps jump but the sequence numbers go on, nothing was lost: the sender
  paused (DTX) or started anew, and the packet is put right behind its predecessor.
"""

from dataclasses import dataclass

import numpy as np

from campanile.audio.frames import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from campanile.media.concealment import Concealer
from campanile.media.rtp import Unwrapper

_RING = 8192  # samples, a power of two: just over a second
_MASK = _RING - 1
_HELD_TICKS = 2  # a talk spurt's first packet waits for 40 ms
_DRY_SAMPLES = 5 * FRAME_SAMPLES  # starved so long, the spurt is over
_MOST_SAMPLES = 12 * FRAME_SAMPLES  # 240 ms: beyond it, old sound is dropped
_TRIMMED_SAMPLES = 3 * FRAME_SAMPLES
_LONGEST_HOLE = 50  # packets; more missing is a new start, not loss
_RESTART_PACKETS = 5  # so many in a row from the past: the sender counts anew
_PATIENCE_TICKS = 200  # 4 s
_MOST_PATIENCE_TICKS = 3000
_ADJUST_WITHIN_TICKS = 50  # waits a second for a quiet frame, then takes any
_QUIET_PEAK = 500
_SEEN = (1 << 64) - 1
_PRESENT = b"\1" * _RING
_ABSENT = bytes(_RING)
_FALL = np.linspace(1.0, 0.0, FRAME_SAMPLES, dtype=np.float32)


@dataclass(slots=True)
class JitterStats:
    late: int = 0
    """Packets that came after their sound was due, and were dropped."""
    duplicates: int = 0
    dropped_samples: int = 0
    """Left out to shorten the delay."""
    added_samples: int = 0
    """Made up to lengthen it."""


class JitterBuffer:
    """One leg's receive buffer."""

    def __init__(self) -> None:
        self._ring: Pcm = np.zeros(_RING, dtype=np.int16)
        self._have = bytearray(_RING)
        self._concealer = Concealer()
        self.stats = JitterStats()
        self._head = 0
        self._end = 0
        self._filling = True
        self._held = 0
        self._waited = 0  # samples made up since the head last moved
        self._ssrc: int | None = None
        self._restart()
        self._low = _RING
        self._calm = 0
        self._patience = _PATIENCE_TICKS
        self._adjust = 0  # frames to add (+1) or leave out (-1)
        self._adjust_age = 0

    def _restart(self) -> None:
        """Forget the sender's counters; what it sends next follows what we have."""
        self._sequence = Unwrapper(16)
        self._timestamp = Unwrapper(32)
        self._last: int | None = None
        self._seen = 0
        self._offset = 0
        self._late_run = 0

    @property
    def delay(self) -> float:
        """Seconds of sound that wait to be played."""
        return max(0, self._end - self._head) / SAMPLE_RATE

    @property
    def concealed(self) -> int:
        """Frames made up so far."""
        return self._concealer.concealed

    # In: packets ---------------------------------------------------------------

    def push(self, ssrc: int, sequence: int, timestamp: int, pcm: Pcm) -> None:
        """A packet arrived; `sequence` and `timestamp` as on the wire."""
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            self._restart()
        if len(pcm) == 0 or not self._is_new(sequence):
            return
        position = self._place(self._sequence(sequence), timestamp, len(pcm))
        if position is not None:
            self._write(position, pcm)

    def note(self, ssrc: int, sequence: int) -> None:
        """A packet without sound (DTMF, comfort noise) used up a sequence number."""
        if ssrc == self._ssrc and self._last is not None and self._is_new(sequence):
            position = self._sequence(sequence)
            if position > self._last:
                self._advance_sequence(position)

    def _is_new(self, sequence: int) -> bool:
        if self._last is None:
            return True
        age = (self._last - sequence) & 0xFFFF
        if age < 64 and self._seen >> age & 1:
            self.stats.duplicates += 1
            return False
        return True

    def _advance_sequence(self, sequence: int) -> None:
        step = 64 if self._last is None else sequence - self._last
        self._seen = ((self._seen << min(step, 64)) | 1) & _SEEN
        self._last = sequence
        self._late_run = 0

    def _place(self, sequence: int, timestamp: int, count: int) -> int | None:
        """Where on the timeline the packet belongs; None if it came too late."""
        last = self._last
        unwrapped = self._timestamp(timestamp)
        if last is not None and sequence <= last:
            return self._place_old(last - sequence, unwrapped, timestamp, count)
        begin = max(self._end, self._head)
        missing = 0 if last is None else sequence - last - 1
        hole = missing * count if missing <= _LONGEST_HOLE else 0
        gap = 0 if last is None else unwrapped + self._offset - begin
        position = begin + min(max(gap, 0), hole)
        self._offset = position - unwrapped
        self._advance_sequence(sequence)
        return position

    def _place_old(
        self, age: int, unwrapped: int, timestamp: int, count: int
    ) -> int | None:
        position = unwrapped + self._offset
        if self._head < position + count <= self._end:
            if age < 64:
                self._seen |= 1 << age
            return position
        self._late_run += 1
        if self._late_run >= _RESTART_PACKETS:
            self._restart()
            return None  # the next packet is the first of the new count
        self.stats.late += 1
        if position + count <= self._head and self._adjust == 0:
            self._want(1)
        return None

    def _write(self, position: int, pcm: Pcm) -> None:
        if position < self._head:
            pcm = pcm[self._head - position :]
            position = self._head
        stop = position + len(pcm)
        if stop - self._head > _RING:
            self._drop(stop - _MOST_SAMPLES - self._head)
            position = max(position, self._head)
            pcm = pcm[len(pcm) - (stop - position) :]
        at = position & _MASK
        first = min(len(pcm), _RING - at)
        self._ring[at : at + first] = pcm[:first]
        self._have[at : at + first] = _PRESENT[:first]
        if first < len(pcm):
            self._ring[: len(pcm) - first] = pcm[first:]
            self._have[: len(pcm) - first] = _PRESENT[: len(pcm) - first]
        self._end = max(self._end, stop)

    # Out: frames ---------------------------------------------------------------

    def pop(self, *, behind: int = 0) -> tuple[Pcm, bool]:
        """The next frame, shape (160,), and whether it was heard, not made up.

        `behind` is how many more frames will be popped at this same tick, after the
        clock had stalled.
        """
        if self._filling and not self._filled():
            self._waited += FRAME_SAMPLES
            return self._concealer.lost(), False
        if self._end - self._head > _MOST_SAMPLES + behind * FRAME_SAMPLES:
            self._drop(self._end - self._head - _TRIMMED_SAMPLES)
        self._skip_waited()
        missing = self._find(0, self._head, self._head + FRAME_SAMPLES)
        if missing is None:
            return self._play(), True
        if self._end > missing:  # there is later sound: this was lost
            return self._patch(), False
        if missing > self._head and self._waited > 0:
            return self._patch(), True  # the sender's last samples fill no frame
        return self._starve(), False

    def _filled(self) -> bool:
        if self._end <= self._head:
            return False
        if self._held < _HELD_TICKS:
            self._held += 1
            return False
        begin = self._find(1, self._head, self._end)
        assert begin is not None
        self._advance(begin - self._head)
        self._filling = False
        self._waited = 0
        self._calm = 0
        self._low = _RING
        return True

    def _skip_waited(self) -> None:
        """A hole at the head was lost, and some of its time has been waited for."""
        if self._waited and self._end > self._head:
            begin = self._find(1, self._head, self._end)
            hole = self._end - self._head if begin is None else begin - self._head
            skipped = min(hole, self._waited)
            self._advance(skipped)
            self._waited -= skipped

    def _play(self) -> Pcm:
        if self._waited:  # the frame was late, not lost: the delay has grown
            self.stats.added_samples += self._waited
            self._waited = 0
            self._grew()
        if self._adjust:
            return self._play_adjusted()
        frame = self._concealer.good(self._read())
        self._advance(FRAME_SAMPLES)
        self._watch()
        return frame

    def _play_adjusted(self) -> Pcm:
        """Add or leave out a frame, in a quiet moment if one comes soon."""
        frame = self._read()
        self._adjust_age += 1
        quiet = int(np.abs(frame.astype(np.int32)).max()) < _QUIET_PEAK
        if not quiet and self._adjust_age < _ADJUST_WITHIN_TICKS:
            self._advance(FRAME_SAMPLES)
            return self._concealer.good(frame)
        if self._adjust > 0:
            self._adjust = 0
            self.stats.added_samples += FRAME_SAMPLES
            self._grew()
            return self._concealer.lost()
        self._adjust = 0
        self._advance(FRAME_SAMPLES)
        if self._find(0, self._head, self._head + FRAME_SAMPLES) is None:
            following = self._read()
            frame = (following + (frame - following) * _FALL).astype(np.int16)
            self._advance(FRAME_SAMPLES)
            self.stats.dropped_samples += FRAME_SAMPLES
        return self._concealer.good(frame)

    def _patch(self) -> Pcm:
        """A frame of which something is missing, its holes made up."""
        at = np.arange(self._head, self._head + FRAME_SAMPLES) & _MASK
        present = np.frombuffer(self._have, np.uint8)[at] == 1
        frame = np.where(present, self._ring[at], self._concealer.lost())
        self._advance(FRAME_SAMPLES)
        self._waited = 0
        return frame.astype(np.int16)

    def _starve(self) -> Pcm:
        self._waited += FRAME_SAMPLES
        if self._waited >= _DRY_SAMPLES:
            self._filling = True
            self._held = 0
        return self._concealer.lost()

    # How long to wait ----------------------------------------------------------

    def _watch(self) -> None:
        self._low = min(self._low, self._end - self._head)
        self._calm += 1
        if self._calm < self._patience:
            return
        if self._low >= FRAME_SAMPLES:
            self._want(-1)
        else:
            self._patience = max(_PATIENCE_TICKS, self._patience // 2)
        self._calm = 0
        self._low = _RING

    def _grew(self) -> None:
        self._patience = min(_MOST_PATIENCE_TICKS, self._patience * 2)
        self._calm = 0
        self._low = _RING
        self._adjust = 0

    def _want(self, frames: int) -> None:
        self._adjust = frames
        self._adjust_age = 0

    # The ring ------------------------------------------------------------------

    def _read(self) -> Pcm:
        at = self._head & _MASK
        if at + FRAME_SAMPLES <= _RING:
            return self._ring[at : at + FRAME_SAMPLES].copy()
        return np.concatenate(
            (self._ring[at:], self._ring[: at + FRAME_SAMPLES - _RING])
        )

    def _advance(self, count: int) -> None:
        at = self._head & _MASK
        first = min(count, _RING - at)
        self._have[at : at + first] = _ABSENT[:first]
        if first < count:
            rest = min(count - first, _RING)
            self._have[:rest] = _ABSENT[:rest]
        self._head += count

    def _drop(self, count: int) -> None:
        self.stats.dropped_samples += count
        self._concealer.splice()
        self._advance(count)
        self._waited = 0

    def _find(self, present: int, start: int, stop: int) -> int | None:
        """The first position in [start, stop) that has, or lacks, sound."""
        at = start & _MASK
        first = min(stop - start, _RING - at)
        found = self._have.find(present, at, at + first)
        if found >= 0:
            return start + found - at
        if first < stop - start:
            found = self._have.find(present, 0, stop - start - first)
            if found >= 0:
                return start + first + found
        return None
