"""DTMF on a leg: telephone events (RFC 4733) sent and recognised, tones as fall-back."""

import struct
from dataclasses import dataclass

import numpy as np

from campanile.audio.frames import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from campanile.errors import Invalid

DIGITS = "0123456789*#ABCD"
"""Index in this string = event code of RFC 4733."""
PAUSE = "w"
"""Half a second of nothing, as dial strings write it."""

_EVENT_FRAMES = 6  # 120 ms: longer than the 40 ms that receivers must accept
_GAP_FRAMES = 4
_PAUSE_FRAMES = 25
_END_REPEATS = 3
_VOLUME = 10  # -10 dBm0
_EVENT = struct.Struct("!BBH")
_ROWS = (697.0, 770.0, 852.0, 941.0)
_COLUMNS = (1209.0, 1336.0, 1477.0, 1633.0)
_KEYPAD = "123A456B789C*0#D"


class UnknownDigit(Invalid):
    """A character that no telephone has."""


def check(digits: str) -> str:
    """The digits in upper case, `,` read as a pause. Raises UnknownDigit."""
    digits = digits.upper().replace("W", PAUSE).replace(",", PAUSE)
    for digit in digits:
        if digit not in DIGITS + PAUSE:
            raise UnknownDigit(
                f"“{digit}” is not a DTMF digit", hint=f"Use {DIGITS} and w for a pause"
            )
    return digits


@dataclass(frozen=True, slots=True)
class EventPayload:
    """One telephone-event payload, to be sent in place of an audio frame."""

    payload: bytes
    begins: bool
    """True for the first of an event: its packet carries the marker."""
    age: int
    """Samples since the event began: the RTP timestamp is that of its beginning."""


class EventSender:
    """The telephone events still to be sent, one payload per 20 ms tick."""

    def __init__(self) -> None:
        self._script: list[EventPayload | None] = []

    def push(self, digits: str) -> None:
        """Queue digits that `check` has passed."""
        for digit in digits:
            if digit == PAUSE:
                self._script += [None] * _PAUSE_FRAMES
            else:
                self._script += _event(DIGITS.index(digit))
                self._script += [None] * _GAP_FRAMES

    @property
    def busy(self) -> bool:
        return bool(self._script)

    def next_payload(self) -> EventPayload | None:
        """What to send this tick; None in the gaps, where audio goes on."""
        return self._script.pop(0)


def _event(code: int) -> list[EventPayload | None]:
    frames: list[EventPayload | None] = []
    length = _EVENT_FRAMES * FRAME_SAMPLES
    for number in range(_EVENT_FRAMES + _END_REPEATS - 1):
        end = number >= _EVENT_FRAMES - 1
        duration = min((number + 1) * FRAME_SAMPLES, length)
        payload = _EVENT.pack(code, (0x80 if end else 0) | _VOLUME, duration)
        frames.append(EventPayload(payload, number == 0, number * FRAME_SAMPLES))
    return frames


class EventReader:
    """Tells each received telephone event once, at its first packet that arrives."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def packet(self, timestamp: int, payload: bytes) -> str | None:
        """The digit if this packet begins one. Flash and other events are left out."""
        if len(payload) < _EVENT.size:
            return None
        code = payload[0]
        event = timestamp, code
        if event == self._last or code >= len(DIGITS):
            return None
        self._last = event
        return DIGITS[code]


def tone(digits: str) -> Pcm:
    """The digits as audio, for a far end that takes no telephone events."""
    pieces = []
    for digit in digits:
        if digit == PAUSE:
            pieces.append(np.zeros(_PAUSE_FRAMES * FRAME_SAMPLES, dtype=np.int16))
            continue
        row, column = divmod(_KEYPAD.index(digit), 4)
        at = np.arange(_EVENT_FRAMES * FRAME_SAMPLES) / SAMPLE_RATE
        low = np.sin(2 * np.pi * _ROWS[row] * at)
        high = np.sin(2 * np.pi * _COLUMNS[column] * at)
        pieces.append(((low + high) * 5000).astype(np.int16))
        pieces.append(np.zeros(_GAP_FRAMES * FRAME_SAMPLES, dtype=np.int16))
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)
