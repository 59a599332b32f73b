"""What a conversation came to (DESIGN.md 7). Pure."""

from dataclasses import dataclass

from campanile.calls.outcomes import AnsweredBy, Disposition, EndReason
from campanile.conversation.journal import Replied
from campanile.conversation.transcript import Turn


@dataclass(frozen=True, slots=True)
class End:
    """Why the talk is over. `disposition` where the reason alone decides it."""

    reason: str
    """An EndReason, `provider_<name>_<cause>`, or an AnsweredBy for ivr, fax, music and
    screener."""
    disposition: Disposition | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since answer."""

    began_at: float | None
    """When the agent's first word was queued."""
    ended_at: float
    replies: tuple[Replied, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    disposition: Disposition
    answered_by: AnsweredBy
    end_reason: str
    turns: tuple[Turn, ...]
    callback_request: str | None
    """The callee's own words for when, e.g. `tomorrow at ten`."""
    opted_out: bool
    callee_spoke: bool
    """Decides whether a failed agent may ring again (DESIGN.md 7)."""
    timings: Timings


_MACHINES = {
    AnsweredBy.VOICEMAIL: Disposition.VOICEMAIL,
    AnsweredBy.SCREENER: Disposition.SCREENED,
    AnsweredBy.IVR: Disposition.IVR,
    AnsweredBy.FAX: Disposition.FAX,
    AnsweredBy.MUSIC: Disposition.MUSIC,
}
_TALK_RAN_OUT = (
    EndReason.CUSTOMER_HANGUP,
    EndReason.SILENCE,
    EndReason.MAX_DURATION,
    EndReason.STOPPED,
)


def answered_by(
    verdict: str | None, *, callee_spoke: bool, end_reason: str
) -> AnsweredBy:
    """The detector's verdict; without one, what words or a hang-up say: uncertain means
    human (D11), and only whoever was never heard and never acted is unknown."""
    if verdict:
        return AnsweredBy(verdict)
    if callee_spoke or end_reason == EndReason.CUSTOMER_HANGUP:
        return AnsweredBy.HUMAN
    return AnsweredBy.UNKNOWN


def disposition(
    end: End,
    *,
    who: AnsweredBy,
    callee_spoke: bool,
    opted_out: bool,
    callback_request: str | None,
) -> Disposition:
    """The row of DESIGN.md 7 that this talk belongs to.

    A machine that was only recognised (`voicemail_detection` off) counts as one when
    the talk ran out; when the agent ended it of its own accord, somebody was talked to.
    Somebody who picks up and stays silent until the agent gives up is `completed` with
    the reason `silence`; `hung_up` is the callee's own doing.
    """
    if opted_out:
        return Disposition.OPTED_OUT
    if callback_request is not None:
        return Disposition.CALLBACK
    return end.disposition or _by_reason(end.reason, who, callee_spoke)


def _by_reason(reason: str, who: AnsweredBy, callee_spoke: bool) -> Disposition:
    if reason == EndReason.INFRASTRUCTURE:
        return Disposition.UNKNOWN
    if reason in _TALK_RAN_OUT and who in _MACHINES:
        return _MACHINES[who]
    if reason == EndReason.CUSTOMER_HANGUP and not callee_spoke:
        return Disposition.HUNG_UP
    return Disposition.COMPLETED
