"""Finds bursts of steady tone in telephone audio, and when exactly each ended.

Two looks, from cheap to dear. Every 10 ms a 256-point spectrum says whether one or two
lines hold nearly all the energy; a run of such windows is a candidate. A candidate that
ends is looked at once more as a whole: over that length a true tone is still a few
thin lines, while a vowel, whose pitch always moves a little, leaves a residual.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from campanile.audio.frames import SAMPLE_RATE, Pcm

_WINDOW = 256
_HOP = 80
_BATCH_HOPS = 8  # one pass of numpy per 80 ms: the overhead is per pass
_BATCH = _BATCH_HOPS * _HOP
_OVERLAP = _WINDOW - _HOP
_POSTPONABLE = 2  # batches of speech that are looked at when it is over
_HISTORY = 4096  # what the second look can see
_BIN = SAMPLE_RATE / _WINDOW
_BAND = slice(9, 110)  # 280–3440 Hz
_LOBE = np.arange(-2, 3)  # the bins that a steady line fills under a Hann window

_MIN_AMPLITUDE = 10 ** (-42 / 20) * 32768 * math.sqrt(2)  # a sine of -42 dBFS
_MIN_PURITY = 0.85
_EDGE = 0.63  # of its strength: what a window half filled with the tone still shows
_SAME_LINE = 32.0  # Hz; where 440 + 480 beat, one line seems to part into two
_MIN_HOPS = 3  # in a batch, to begin with: every tone worth it has a batch with more
_BRIDGED_HOPS = 3  # concealed loss within a tone
_MIN_SECONDS = 0.13
_MIN_WHOLE_PURITY = 0.85
_SURELY_VOICE = 0.5
_STILL_VOICE = 0.8
_FAINTLY_VOICE = 0.05

_HANN = np.hanning(_WINDOW).astype(np.float32)
_AMPLITUDE = 2 / math.sqrt(np.sum(_HANN**2) * _WINDOW)  # of a sine, from lobe power

_NOTHING = np.zeros(_WINDOW // 2 + 1, dtype=np.float32)

Spectra = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Burst:
    """A stretch of steady tone."""

    frequencies: tuple[float, ...]
    """One to three lines in Hz, ascending; weaker ones than a tenth are left out."""
    started_at: float
    ended_at: float

    @property
    def seconds(self) -> float:
        return self.ended_at - self.started_at


@dataclass(slots=True)
class _Run:
    """A candidate that is still sounding. Hops are counted from the finder's begin."""

    frequency: float
    first_hop: int
    last_hop: int
    strengths: list[float] = field(default_factory=list)
    """Amplitude of the line in every hop from `first_hop - 1` on."""
    voices: list[float] = field(default_factory=list)


class BurstFinder:
    """Follows one direction of one call. Not shared between calls."""

    def __init__(self) -> None:
        self._waiting: list[Pcm] = []
        self._waiting_samples = 0
        self._history = np.zeros(_HISTORY, dtype=np.float32)
        self._hops = 0
        self._now = 0.0
        self._windows = [self._windows_of(age) for age in range(_POSTPONABLE + 1)]
        self._voices = [0.0] * (_POSTPONABLE + 1)
        self._postponed = 0
        self._peak = 0.0
        self._last_power = _NOTHING
        self._run: _Run | None = None

    @property
    def sounding(self) -> tuple[float, float] | None:
        """Frequency in Hz and begin of the tone that may be sounding now."""
        if self._run is None:
            return None
        return self._run.frequency, self._time_of(self._run.first_hop)

    @property
    def peak(self) -> float:
        """The greatest sample value of the latest 80 ms that were looked at."""
        return self._peak

    def feed(self, pcm: Pcm, *, at: float, voice: float = 0.0) -> list[Burst]:
        """Take sound of any length that ended `at`; answer the bursts that are over.

        `voice` is the latest probability that somebody speaks. An end is known 30 to
        120 ms after it happened.
        """
        self._waiting.append(pcm)
        self._waiting_samples += len(pcm)
        self._now = at
        if self._waiting_samples < _BATCH:
            return []
        sound = np.concatenate(self._waiting)
        bursts: list[Burst] = []
        while len(sound) >= _BATCH:
            self._now = at - (len(sound) - _BATCH) / SAMPLE_RATE
            bursts += self._look(sound[:_BATCH], voice)
            sound = sound[_BATCH:]
        self._now = at
        self._waiting, self._waiting_samples = [sound], len(sound)
        return bursts

    def _look(self, sound: Pcm, voice: float) -> list[Burst]:
        """Take in one batch. While somebody speaks nothing is analysed; when they stop,
        the last of it is, because the detector of voice outlasts the voice."""
        self._history[:-_BATCH] = self._history[_BATCH:]
        self._history[-_BATCH:] = sound
        self._hops += _BATCH_HOPS
        self._voices = [*self._voices[1:], voice]
        self._peak = float(np.abs(self._history[-_BATCH:]).max())
        if self._run is None:
            if voice >= _SURELY_VOICE:
                self._postponed = min(self._postponed + 1, _POSTPONABLE)
                return []
            if not self._postponed and self._peak < _MIN_AMPLITUDE:
                self._last_power = _NOTHING
                return []
        ages = range(self._postponed, -1, -1)
        self._postponed = 0
        return [burst for age in ages for burst in self._analyse(age)]

    def _analyse(self, age: int) -> list[Burst]:
        """Look at the batch that came `age` batches before the newest."""
        first = self._hops - (age + 1) * _BATCH_HOPS
        spectrum = np.fft.rfft(self._windows[age] * _HANN, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        bursts = []
        if self._run is not None or _any_line(power):
            tonal, peaks = _tonal(power)
            if self._run is not None or np.count_nonzero(tonal) >= _MIN_HOPS:
                voice = self._voices[-1 - age]
                bursts = self._follow(first, power, tonal, peaks, voice)
        self._last_power = power[-1]
        return bursts

    def _follow(
        self,
        first: int,
        power: Spectra,
        tonal: npt.NDArray[np.bool_],
        peaks: npt.NDArray[np.intp],
        voice: float,
    ) -> list[Burst]:
        """Let the run grow, end or begin, window by window."""
        bursts = []
        for row in range(len(power)):
            hop = first + row
            lines = (
                [_interpolate(power[row], peak) for peak in peaks[row] if peak]
                if tonal[row]
                else []
            )
            run = self._run
            if run is not None:
                run.strengths.append(_strength(power[row], run.frequency))
                run.voices.append(voice)
                off = min((f - run.frequency for f in lines), key=abs, default=math.inf)
                if abs(off) <= _SAME_LINE:
                    run.last_hop = hop
                    # Slowly, so that the beat of two close lines does not lead it away.
                    run.frequency += 0.2 * off
                elif lines or hop - run.last_hop > _BRIDGED_HOPS:
                    bursts += self._finish(run)
                    run = self._run = None
            if run is None and lines:
                before = power[row - 1] if row else self._last_power
                self._run = _Run(lines[0], hop, hop)
                self._run.strengths += [
                    _strength(before, lines[0]),
                    _strength(power[row], lines[0]),
                ]
        return bursts

    def _finish(self, run: _Run) -> list[Burst]:
        """The burst that `run` was, or none where it was no tone after all."""
        strengths = np.array(run.strengths)
        edge = _EDGE * float(np.median(strengths[1 : run.last_hop - run.first_hop + 2]))
        above = np.flatnonzero(strengths >= edge).tolist()
        began = run.first_hop - 1 + _crossing(strengths, edge, above[0], -1)
        ended = run.first_hop - 1 + _crossing(strengths, edge, above[-1], +1)
        begins, ends = self._time_of(began), self._time_of(ended)
        # The last too: Silero wakes some 80 ms after a vowel has begun. But a loud beep
        # startles it for a moment.
        middle, last = float(np.median(run.voices)), run.voices[-1]
        voice = max(middle, last)
        is_voice = middle >= _SURELY_VOICE or last >= _STILL_VOICE
        if ends - begins < _MIN_SECONDS or is_voice:
            return []
        frequencies = self._second_look(began, ended)
        if not frequencies or (voice >= _FAINTLY_VOICE and _harmonics(frequencies)):
            return []
        return [Burst(frequencies, begins, ends)]

    def _second_look(self, began: float, ended: float) -> tuple[float, ...]:
        """The thin lines that hold nearly all of the burst's energy; none if none do."""
        oldest = self._hops * _HOP - _HISTORY
        # The edges are left out: there the tone swells or dies.
        start = round(_centre(began)) - oldest + _HOP
        stop = round(_centre(ended)) - oldest - _HOP
        sound = self._history[max(0, start) : max(0, stop)]
        if len(sound) < 2 * _HOP:
            return ()
        size = 8192
        window = np.hanning(len(sound))
        power = np.abs(np.fft.rfft(sound * window, size)) ** 2
        band = slice(280 * size // SAMPLE_RATE, 3440 * size // SAMPLE_RATE)
        total = power[band].sum()
        lobe = 2 * size // len(sound) + 1
        lines: list[tuple[float, float]] = []
        for _ in range(3):
            peak = band.start + int(np.argmax(power[band]))
            around = slice(max(0, peak - lobe), peak + lobe + 1)
            lines.append((peak * SAMPLE_RATE / size, float(power[around].sum())))
            power[around] = 0
        if sum(held for _, held in lines) < _MIN_WHOLE_PURITY * total:
            return ()
        strongest = lines[0][1]
        return tuple(sorted(f for f, held in lines if held >= 0.1 * strongest))

    def _windows_of(self, age: int) -> Spectra:
        """A view of the history, shape (8, 256): the windows of one batch."""
        begin = _HISTORY - (age + 1) * _BATCH - _OVERLAP
        step = self._history.itemsize
        return np.lib.stride_tricks.as_strided(
            self._history[begin:],
            (_BATCH_HOPS, _WINDOW),
            (_HOP * step, step),
            writeable=False,
        )

    def _time_of(self, hop: float) -> float:
        """The centre of a window, on the clock of `feed`."""
        return self._now - (self._hops * _HOP - _centre(hop)) / SAMPLE_RATE


def _centre(hop: float) -> float:
    """The sample in the middle of a window, counted from the finder's begin."""
    return hop * _HOP - _OVERLAP + _WINDOW / 2


def _any_line(power: Spectra) -> bool:
    """Whether a window may be a tone: two lines that hold 85 % have a bin of 20 %."""
    band = power[:, _BAND]
    return bool((band.max(axis=1) >= 0.2 * band.sum(axis=1)).any())


def _tonal(
    power: Spectra,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
    """Which windows are tones, and the bins of their two strongest lines.

    `power` has shape (hops, bins); the peaks have shape (hops, 2), the second 0 where
    it is weaker than a tenth of the first.
    """
    rest = power.copy()
    band = rest[:, _BAND]
    total = band.sum(axis=1)
    peaks = np.zeros((len(power), 2), dtype=np.intp)
    held = np.zeros((len(power), 2), dtype=np.float32)
    rows = np.arange(len(power))[:, None]
    for n in range(2):
        peaks[:, n] = band.argmax(axis=1) + _BAND.start
        lobes = peaks[:, n, None] + _LOBE
        held[:, n] = rest[rows, lobes].sum(axis=1)
        rest[rows, lobes] = 0
    loud = np.sqrt(held[:, 0]) * _AMPLITUDE >= _MIN_AMPLITUDE
    pure = held.sum(axis=1) >= _MIN_PURITY * total
    peaks[held[:, 1] < 0.1 * held[:, 0], 1] = 0
    return loud & pure, peaks


def _harmonics(frequencies: tuple[float, ...]) -> bool:
    """Whether the lines are those of a voice: neighbours at the pitch's distance."""
    if len(frequencies) < 2:
        return False
    pitch = frequencies[1] - frequencies[0]
    order = frequencies[0] / pitch
    return 70 <= pitch <= 350 and abs(order - round(order)) < 0.1


def _interpolate(power: Spectra, peak: int) -> float:
    """The frequency in Hz of the line whose highest bin is `peak`."""
    low, top, high = np.log(power[peak - 1 : peak + 2] + 1e-9).tolist()
    curve = low - 2 * top + high
    return float((peak + (0.5 * (low - high) / curve if curve else 0.0)) * _BIN)


def _strength(power: Spectra, frequency: float) -> float:
    """The amplitude, in sample values, of the sine near `frequency`."""
    middle = round(frequency / _BIN)
    return math.sqrt(float(power[middle - 2 : middle + 3].sum())) * _AMPLITUDE


def _crossing(
    strengths: npt.NDArray[np.float64], level: float, index: int, step: int
) -> float:
    """Where, beyond `index` in direction `step`, the strength falls below `level`."""
    beyond = index + step
    if not 0 <= beyond < len(strengths):
        return float(index)
    here, there = float(strengths[index]), float(strengths[beyond])
    return index + step * (here - level) / (here - there)
