"""The shape of a callee file: who picks up, when, and what is said in which order.

A callee hears only whether the caller speaks, never what it says. So a script is a list
of steps, and each step waits for its cue:

- `at: turn` (the usual one): the caller has spoken and has been silent for `after`
  seconds, by default the callee's patience;
- `at: pickup`: `after` seconds after the call was answered;
- `at: over`: the caller has been speaking for `after` seconds, and still is;
- `at: now`: `after` seconds after the step before it.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Cue = Literal["turn", "pickup", "over", "now"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Cued(_Part):
    at: Cue = "turn"
    after: float | None = Field(default=None, ge=0)
    """Seconds; what they count from is said above."""
    when: dict[str, Any] = {}
    """Truths that must hold; the step is left out where they do not."""


class SayStep(_Cued):
    say: list[str]
    """One of these, drawn by the seed."""
    aside: bool = False
    """It answers nothing, so it is not said again when the caller asks again."""

    @field_validator("say", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class AnswerStep(_Cued):
    answer: str
    """A name in `answers`; where it is one of the truths too, the truth is told."""


class ToneStep(_Cued):
    tone: float
    """Hertz."""
    seconds: float


class RecordStep(_Cued):
    record: float
    """Seconds at most."""
    silence: float = 4.0
    """Seconds of silence after which it stops; then the callee hangs up."""


class HangUpStep(_Cued):
    hang_up: Literal[True]


Step = SayStep | AnswerStep | ToneStep | RecordStep | HangUpStep


class Expectation(_Part):
    """What a dialer that works concludes; several where more than one is right."""

    disposition: list[str]
    answered_by: list[str] = []

    @field_validator("disposition", "answered_by", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class Person(_Part):
    """One callee file."""

    kind: str
    numbers: list[str]
    """E.164, `?` and `[0-4]` standing for digits; a plain number beats a pattern."""
    voices: list[str] = []
    """One is drawn; empty means any of `voices.VOICES`."""
    rings: tuple[float, float] = (1.5, 4.0)
    """Seconds from INVITE to answer or refusal: at least, at most."""
    early_media: Literal["ringback", "vacant", "no_circuit"] | None = None
    rejects: int | None = None
    """SIP code instead of an answer."""
    answers_phone: bool = True
    patience: float = 1.0
    """Seconds of the caller's silence after which it is the callee's turn."""
    truths: dict[str, list[Any]] = {}
    """What may be true of the callee; one of each is drawn by the seed."""
    answers: dict[str, dict[str, list[str]]] = {}
    """Sentences that replace those of answers.yaml."""
    script: list[Step] = []
    later: str | None = None
    """The callee file that is played from the second call to the same number on."""
    expect: Expectation
