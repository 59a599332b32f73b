"""Names what a telephone network, a fax or a mailbox plays.

Frequencies and cadences: ITU-T E.180 supplement 2 (ring-back and busy by country),
Telcordia SR-2275 6.21 (special information tones), ITU-T T.30 (fax).
"""

from dataclasses import dataclass
from enum import StrEnum

from campanile.audio.frames import SAMPLE_RATE, Pcm
from campanile.media.beeps import Burst, BurstFinder

_NEAR = 8.0  # Hz that an exchange's tone may be off
_JOINED_SECONDS = 0.08  # between the parts of a special information tone
_CERTAINLY_ALONE_SECONDS = 0.14  # by then a part that follows would be known
_LONG_PART_SECONDS = 0.327  # halfway between the 274 and 380 ms parts
_MAX_BEEP_SECONDS = 4.0
_MAX_KEY_SECONDS = 0.2
_ANSWERING_FAX_SECONDS = 0.6

_KEYS_LOW = (697.0, 770.0, 852.0, 941.0)
_KEYS_HIGH = (1209.0, 1336.0, 1477.0, 1633.0)
_FAX_ANSWERS = 2100.0
_LOUD = 32768 * 10 ** (-40 / 20)


class ToneKind(StrEnum):
    RING_BACK = "ring_back"
    BUSY = "busy"
    SIT_VACANT = "sit_vacant"
    SIT_INTERCEPT = "sit_intercept"
    SIT_NO_CIRCUIT = "sit_no_circuit"
    SIT_OTHER = "sit_other"
    FAX = "fax"
    BEEP = "beep"


_SIGNALS = (
    (ToneKind.RING_BACK, (440.0, 480.0), 0.3, 5.0),  # North America
    (ToneKind.RING_BACK, (400.0, 450.0), 0.3, 5.0),  # United Kingdom
    (ToneKind.RING_BACK, (425.0,), 0.7, 5.0),  # the continent
    (ToneKind.BUSY, (480.0, 620.0), 0.1, 0.7),
    (ToneKind.BUSY, (400.0,), 0.1, 0.7),
    (ToneKind.BUSY, (425.0,), 0.1, 0.7),
    (ToneKind.FAX, (_FAX_ANSWERS,), 0.4, 5.0),
    (ToneKind.FAX, (1100.0,), 0.425, 0.575),  # a fax that calls
)
"""Kind, lines in Hz, least and most seconds of one burst; the first that fits."""


@dataclass(frozen=True, slots=True)
class Tone:
    kind: ToneKind
    frequencies: tuple[float, ...]
    """Hz, ascending; of a special information tone its three parts in time."""
    started_at: float
    ended_at: float
    """When it stopped, to a few ms; a fax's answer is told while it lasts."""
    at: float
    """When it was known: up to 220 ms after its end."""


class ToneTracker:
    """Follows one direction of one call. Not shared between calls."""

    def __init__(self) -> None:
        self._finder = BurstFinder()
        self._now = 0.0
        self._parts: list[Burst] = []  # perhaps of a special information tone
        self._earlier: Burst | None = None  # perhaps the first of a busy cadence
        self._fax_told = False

    @property
    def sounding(self) -> bool:
        """Whether a tone may be sounding now: not yet a moment to call silent."""
        return self._finder.sounding is not None or bool(self._parts)

    @property
    def loud(self) -> bool:
        """Whether there is sound at all, of any kind: above -40 dBFS at its peak."""
        return self._finder.peak >= _LOUD

    def feed(
        self, pcm: Pcm, *, at: float | None = None, voice: float = 0.0
    ) -> list[Tone]:
        """Take sound of any length; answer the tones that became known.

        `at` is the time of the last sample (`Frame.at`), by default counted from the
        first. `voice` is the latest probability from a `VoiceTrack`: what Silero takes
        for a voice is no tone, and costs next to nothing.
        """
        self._now = self._now + len(pcm) / SAMPLE_RATE if at is None else at
        tones: list[Tone] = []
        for burst in self._finder.feed(pcm, at=self._now, voice=voice):
            tones += self._take(burst)
        if self._parts and self._nothing_follows():
            tones += self._give_up_parts()
        return tones + self._answering_fax()

    def _take(self, burst: Burst) -> list[Tone]:
        tones: list[Tone] = []
        gap = burst.started_at - self._parts[-1].ended_at if self._parts else 0.0
        if gap > _JOINED_SECONDS or not _may_follow(self._parts, burst):
            tones += self._give_up_parts()
        if not _may_follow(self._parts, burst):
            return tones + self._alone(burst)
        self._parts.append(burst)
        if len(self._parts) == 3:
            tones.append(self._special(self._parts))
            self._parts = []
        return tones

    def _nothing_follows(self) -> bool:
        ended_at = self._parts[-1].ended_at
        sounding = self._finder.sounding
        if sounding and sounding[1] - ended_at <= _JOINED_SECONDS:
            return False
        return self._now - ended_at >= _CERTAINLY_ALONE_SECONDS

    def _give_up_parts(self) -> list[Tone]:
        parts, self._parts = self._parts, []
        return [tone for part in parts for tone in self._alone(part)]

    def _special(self, parts: list[Burst]) -> Tone:
        kind = _special_kind(parts)
        frequencies = tuple(part.frequencies[0] for part in parts)
        return Tone(
            kind, frequencies, parts[0].started_at, parts[-1].ended_at, self._now
        )

    def _alone(self, burst: Burst) -> list[Tone]:
        earlier, self._earlier = self._earlier, None
        kind = _single_kind(burst)
        if kind is ToneKind.BUSY:  # only its repetition is one
            self._earlier = burst
            if earlier is None or not _same_cadence(earlier, burst):
                return []
        if kind is None or (kind is ToneKind.FAX and self._fax_told):
            self._fax_told = False
            return []
        return [
            Tone(kind, burst.frequencies, burst.started_at, burst.ended_at, self._now)
        ]

    def _answering_fax(self) -> list[Tone]:
        """A fax answers with 3 s of 2100 Hz: nobody needs to listen to all of it."""
        if self._fax_told or (sounding := self._finder.sounding) is None:
            return []
        frequency, since = sounding
        lasted = self._now - since
        if not _near(frequency, _FAX_ANSWERS) or lasted < _ANSWERING_FAX_SECONDS:
            return []
        self._fax_told = True
        return [Tone(ToneKind.FAX, (frequency,), since, self._now, self._now)]


def _single_kind(burst: Burst) -> ToneKind | None:
    """What a burst is by itself; BUSY means that it may be part of a busy signal."""
    lines, seconds = burst.frequencies, burst.seconds
    for kind, named, shortest, longest in _SIGNALS:
        if _are(lines, named) and shortest <= seconds <= longest:
            return kind
    is_key = seconds <= _MAX_KEY_SECONDS and _is_key(lines)
    is_beep = 430 <= lines[0] <= 2050 and seconds <= _MAX_BEEP_SECONDS
    return ToneKind.BEEP if is_beep and not is_key else None


def _special_kind(parts: list[Burst]) -> ToneKind:
    first, second = parts[0].frequencies[0], parts[1].frequencies[0]
    if _near(first, 950) and _near(second, 1400):
        return ToneKind.SIT_OTHER  # ITU's one set for every announcement
    signature = (
        "h" if first > 950 else "l",
        "h" if second > 1400 else "l",
        "L" if parts[0].seconds > _LONG_PART_SECONDS else "S",
        "L" if parts[1].seconds > _LONG_PART_SECONDS else "S",
    )
    return _SPECIAL.get("".join(signature), ToneKind.SIT_OTHER)


_SPECIAL = {
    "hlLS": ToneKind.SIT_VACANT,
    "llSS": ToneKind.SIT_INTERCEPT,
    "hhLL": ToneKind.SIT_NO_CIRCUIT,
    "llLL": ToneKind.SIT_NO_CIRCUIT,
    "lhSL": ToneKind.SIT_NO_CIRCUIT,  # reorder: no circuit further on
    "hlLL": ToneKind.SIT_NO_CIRCUIT,
}
"""First and second part high or low, long or short; the third is always 1777 Hz."""

_PARTS = (
    (913.8, 950.0, 985.2),
    (1370.6, 1400.0, 1428.5),
    (1776.7, 1800.0),
)


def _may_follow(parts: list[Burst], burst: Burst) -> bool:
    """Whether `burst` can be the next part of a special information tone."""
    if len(burst.frequencies) != 1 or not 0.2 <= burst.seconds <= 0.45:
        return False
    return any(_near(burst.frequencies[0], f) for f in _PARTS[len(parts)])


def _same_cadence(earlier: Burst, later: Burst) -> bool:
    gap = later.started_at - earlier.ended_at
    alike = abs(earlier.seconds - later.seconds) < 0.06
    return alike and 0.15 <= gap <= 0.75 and later.seconds <= 0.75


def _is_key(lines: tuple[float, ...]) -> bool:
    """Whether two lines are a DTMF digit (ITU-T Q.23: within 1.8 %)."""
    if len(lines) != 2:
        return False
    low = any(abs(lines[0] - f) < 0.018 * f for f in _KEYS_LOW)
    return low and any(abs(lines[1] - f) < 0.018 * f for f in _KEYS_HIGH)


def _are(lines: tuple[float, ...], named: tuple[float, ...]) -> bool:
    return len(lines) == len(named) and all(map(_near, lines, named))


def _near(frequency: float, named: float) -> bool:
    return abs(frequency - named) <= max(_NEAR, 0.008 * named)
