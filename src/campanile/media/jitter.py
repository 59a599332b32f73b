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
from campanile.media.rtp import sequence_step, timestamp_step

_ROOM = 8192  # samples: a second; positions start over at 0 when it is used up
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
_REMEMBERED = 64  # packets, to tell duplicates from late ones
_SEEN = (1 << _REMEMBERED) - 1
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
        # A frame may be asked for just behind the room's end, where nothing ever is.
        self._pcm: Pcm = np.zeros(_ROOM + 2 * FRAME_SAMPLES, dtype=np.int16)
        self._have = bytearray(_ROOM + 2 * FRAME_SAMPLES)
        self._concealer = Concealer()
        self.stats = JitterStats()
        self._head = 0
        self._end = 0
        self._filling = True
        self._held = 0
        self._waited = 0  # samples made up since the head last moved

        self._ssrc: int | None = None
        self._started = False
        self._sequence = 0  # of the newest packet, as on the wire
        self._timestamp = 0
        self._position = 0  # where on the timeline that packet begins
        self._seen = 0  # bit n: the packet n before the newest has come
        self._late_run = 0

        self._low = _ROOM  # the least that lay unneeded since the calm began
        self._calm = 0  # ticks
        self._patience = _PATIENCE_TICKS
        self._adjust = 0  # frames to add (+1) or leave out (-1)
        self._adjust_age = 0

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
        if len(pcm) == 0:
            return
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            self._started = False
        step = sequence_step(self._sequence, sequence)
        if step > 0 or not self._started:
            self._write(self._place(step, sequence, timestamp, len(pcm)), pcm)
        elif not self._is_duplicate(-step):
            self._fill_in(-step, timestamp, pcm)

    def note(self, ssrc: int, sequence: int) -> None:
        """A packet without sound (DTMF, comfort noise) used up a sequence number."""
        step = sequence_step(self._sequence, sequence)
        if self._started and ssrc == self._ssrc and step > 0:
            self._seen = (self._seen << step | 1) & _SEEN
            self._sequence = sequence

    def _place(self, step: int, sequence: int, timestamp: int, count: int) -> int:
        """Where the newest packet goes: behind the last, and what was lost between."""
        begin = max(self._head, self._end)
        position = begin
        if self._started and 1 < step <= _LONGEST_HOLE:
            due = self._position + timestamp_step(self._timestamp, timestamp)
            position += min(max(due - begin, 0), (step - 1) * count)
        self._seen = (self._seen << step | 1) & _SEEN if self._started else 1
        self._started = True
        self._sequence, self._timestamp, self._position = sequence, timestamp, position
        self._late_run = 0
        return position

    def _is_duplicate(self, age: int) -> bool:
        if age >= _REMEMBERED:
            return False
        if self._seen >> age & 1:
            self.stats.duplicates += 1
            return True
        self._seen |= 1 << age
        return False

    def _fill_in(self, age: int, timestamp: int, pcm: Pcm) -> None:
        """A packet older than the newest: it was overtaken, or its sender restarted."""
        position = self._position + timestamp_step(self._timestamp, timestamp)
        if self._head < position + len(pcm) <= self._end and age < _REMEMBERED:
            self._write(position, pcm)
            return
        self._late_run += 1
        if self._late_run >= _RESTART_PACKETS:
            self._started = False  # the next packet begins the new count
            return
        self.stats.late += 1
        if age < _REMEMBERED and self._adjust == 0:
            self._want(1)

    def _write(self, position: int, pcm: Pcm) -> None:
        if position < self._head:
            pcm = pcm[self._head - position :]
            position = self._head
        stop = position + len(pcm)
        if stop > _ROOM:
            if stop - self._head > _ROOM:
                self._drop(min(self._end, stop - _MOST_SAMPLES) - self._head)
            moved = self._move_to_front()
            position, stop = position - moved, stop - moved
        self._pcm[position:stop] = pcm
        self._have[position:stop] = b"\1" * len(pcm)
        if stop > self._end:
            self._end = stop

    def _move_to_front(self) -> int:
        """Start positions over at 0; by how much they changed."""
        moved, kept = self._head, max(0, self._end - self._head)
        self._pcm[:kept] = self._pcm[moved : moved + kept].copy()
        self._have[:] = self._have[moved : moved + kept].ljust(len(self._have), b"\0")
        self._head -= moved
        self._end = kept
        self._position -= moved
        return moved

    # Out: frames ---------------------------------------------------------------

    def pop(self, *, behind: int = 0) -> tuple[Pcm, bool]:
        """The next frame, shape (160,), and whether it was heard, not made up.

        `behind` is how many more frames will be popped at this same tick, after the
        clock had stalled.
        """
        if self._end - self._head > _MOST_SAMPLES + behind * FRAME_SAMPLES:
            self._drop(self._end - self._head - _TRIMMED_SAMPLES)
        if self._filling and not self._filled():
            return self._concealer.lost(), False
        if self._waited:
            self._skip_waited()
        missing = self._have.find(0, self._head, self._head + FRAME_SAMPLES)
        if missing < 0:
            return self._play()
        if self._end > missing:  # there is later sound: this was lost
            return self._patch(), False
        if missing > self._head and self._waited:
            return self._patch(), True  # the sender's last samples fill no frame
        return self._starve(), False

    def _filled(self) -> bool:
        if self._end <= self._head:
            return False
        if self._held < _HELD_TICKS:
            self._held += 1
            return False
        self._head = self._have.find(1, self._head, self._end)
        self._filling = False
        self._waited = 0
        self._calm = 0
        self._low = _ROOM
        return True

    def _skip_waited(self) -> None:
        """A hole at the head was lost, and some of its time has been waited for."""
        begin = self._have.find(1, self._head, self._end)
        if begin > self._head:
            skipped = min(begin - self._head, self._waited)
            self._head += skipped
            self._waited -= skipped

    def _play(self) -> tuple[Pcm, bool]:
        if self._waited:  # the frame was late, not lost: the delay has grown
            self.stats.added_samples += self._waited
            self._waited = 0
            self._grew()
        frame = self._read()
        if self._adjust:
            return self._adjusted(frame)
        self._head += FRAME_SAMPLES
        self._watch()
        return self._concealer.good(frame), True

    def _adjusted(self, frame: Pcm) -> tuple[Pcm, bool]:
        """Add or leave out a frame, in a quiet moment if one comes soon."""
        self._adjust_age += 1
        quiet = int(np.abs(frame.astype(np.int32)).max()) < _QUIET_PEAK
        if not quiet and self._adjust_age < _ADJUST_WITHIN_TICKS:
            self._head += FRAME_SAMPLES
            return self._concealer.good(frame), True
        adjust, self._adjust = self._adjust, 0
        if adjust > 0:
            self.stats.added_samples += FRAME_SAMPLES
            self._grew()
            return self._concealer.lost(), False
        self._head += FRAME_SAMPLES
        if self._have.find(0, self._head, self._head + FRAME_SAMPLES) < 0:
            following = self._read()
            frame = (following + (frame - following) * _FALL).astype(np.int16)
            self._head += FRAME_SAMPLES
            self.stats.dropped_samples += FRAME_SAMPLES
        return self._concealer.good(frame), True

    def _patch(self) -> Pcm:
        """A frame of which something is missing, its holes made up."""
        stop = self._head + FRAME_SAMPLES
        present = np.array(self._have[self._head : stop]) == 1
        frame = np.where(present, self._read(), self._concealer.lost())
        self._head = stop
        self._waited = 0
        return frame

    def _starve(self) -> Pcm:
        self._waited += FRAME_SAMPLES
        if self._waited >= _DRY_SAMPLES:
            self._filling = True
            self._held = 0
        return self._concealer.lost()

    def _read(self) -> Pcm:
        return self._pcm[self._head : self._head + FRAME_SAMPLES].copy()

    # How long to wait ----------------------------------------------------------

    def _watch(self) -> None:
        unneeded = self._end - self._head
        if unneeded < self._low:
            self._low = unneeded
        self._calm += 1
        if self._calm < self._patience:
            return
        if self._low >= FRAME_SAMPLES:
            self._want(-1)
        else:
            self._patience = max(_PATIENCE_TICKS, self._patience // 2)
        self._calm = 0
        self._low = _ROOM

    def _grew(self) -> None:
        self._patience = min(_MOST_PATIENCE_TICKS, self._patience * 2)
        self._calm = 0
        self._low = _ROOM
        self._adjust = 0

    def _want(self, frames: int) -> None:
        self._adjust = frames
        self._adjust_age = 0

    def _drop(self, count: int) -> None:
        self.stats.dropped_samples += count
        self._concealer.splice()
        self._head += count
        self._waited = 0
