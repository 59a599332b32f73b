"""When somebody began and stopped speaking, decided from voice probabilities.

Pure: time is what the caller says it is. Whether a pause is the end of a *turn* is the
conversation's decision; it adds its endpointing delay to `last_voiced_at`.
"""

from dataclasses import dataclass

ONSET_PROBABILITY = 0.5
RELEASE_PROBABILITY = 0.35
"""Once begun, speech holds on down to here: Silero's own hysteresis."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    started_at: float
    """When the first voiced window began."""
    at: float
    """When it was decided; later by the onset."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    started_at: float
    last_voiced_at: float
    """When the last voiced window ended: the moment the speaker stopped."""
    voiced_seconds: float
    """Voice within the utterance, its pauses not counted."""
    at: float
    """When it was decided; later by the release."""


class SpeechSegmenter:
    """Turns the windows of one leg into utterances.

    `onset_seconds` of unbroken voice begin one: clicks and breaths do not.
    `release_seconds` without voice end one: the gaps within words do not.
    """

    def __init__(
        self,
        *,
        onset_seconds: float = 0.064,
        release_seconds: float = 0.2,
        window_seconds: float = 0.032,
    ) -> None:
        self._onset_seconds = onset_seconds
        self._release_seconds = release_seconds
        self._window_seconds = window_seconds
        self._speaking = False
        self._voiced_since: float | None = None
        self._last_voiced_at: float | None = None
        self._voiced_seconds = 0.0

    @property
    def speaking(self) -> bool:
        """Between `SpeechStarted` and `SpeechEnded`."""
        return self._speaking

    @property
    def voiced_since(self) -> float | None:
        """When the present voice began, before its onset is confirmed too; else None."""
        return self._voiced_since

    @property
    def last_voiced_at(self) -> float | None:
        """When voice was last heard, in this utterance or an earlier one."""
        return self._last_voiced_at

    @property
    def voiced_seconds(self) -> float:
        """How much voice the present utterance has held so far: barge-in's measure."""
        return self._voiced_seconds

    def feed(self, probability: float, at: float) -> SpeechStarted | SpeechEnded | None:
        """Take one window's probability; `at` is the time of its last sample."""
        needed = RELEASE_PROBABILITY if self._speaking else ONSET_PROBABILITY
        if probability >= needed:
            return self._voiced(at)
        return self._unvoiced(at)

    def _voiced(self, at: float) -> SpeechStarted | None:
        if self._voiced_since is None:
            self._voiced_since = at - self._window_seconds
        self._voiced_seconds += self._window_seconds
        # Not to the last float: four windows of 32 ms are an onset of 0.128.
        if not self._speaking and self._voiced_seconds > self._onset_seconds - 1e-6:
            self._speaking = True
            self._last_voiced_at = at
            return SpeechStarted(self._voiced_since, at)
        if self._speaking:
            self._last_voiced_at = at
        return None

    def _unvoiced(self, at: float) -> SpeechEnded | None:
        if not self._speaking:
            self._forget()
            return None
        assert self._voiced_since is not None
        assert self._last_voiced_at is not None
        if at - self._last_voiced_at < self._release_seconds - 1e-6:
            return None
        ended = SpeechEnded(
            self._voiced_since, self._last_voiced_at, self._voiced_seconds, at
        )
        self._speaking = False
        self._forget()
        return ended

    def _forget(self) -> None:
        self._voiced_since = None
        self._voiced_seconds = 0.0
