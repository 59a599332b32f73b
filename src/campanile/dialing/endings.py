"""From how a leg ended and how the talk went to what the attempt came to. Pure."""

from dataclasses import replace

from campanile.calls.lifecycle import Ending
from campanile.calls.outcomes import Disposition, EndReason, trunk_failure
from campanile.errors import Invalid
from campanile.telephony.causes import Cause, classify
from campanile.telephony.line import Ended, GatewayError

BY_CAUSE: dict[Cause, Disposition] = {
    Cause.BUSY: Disposition.BUSY,
    Cause.NO_ANSWER: Disposition.NO_ANSWER,
    Cause.REJECTED: Disposition.REJECTED,
    Cause.INVALID_NUMBER: Disposition.INVALID_NUMBER,
    Cause.CONGESTION: Disposition.CONGESTION,
    Cause.TRUNK_FAILED: Disposition.TRUNK_FAILED,
    Cause.LOST: Disposition.UNKNOWN,
}


def unanswered(
    ended: Ended,
    *,
    rang: bool,
    cancelled: EndReason | None,
    announced: Cause | None = None,
) -> Ending:
    """A leg that was never talked on. `cancelled`: why we gave it up, if we did;
    `announced`: what the network said in a tone.

    Our CANCEL may meet the callee's answer on the way (`ended` is then the BYE), and
    what the network said first stands: a busy phone was busy. The phone has rung, so the
    lead is charged like for any call that nobody took (DESIGN.md 7).
    """
    cause = classify(ended.code, ended.q850, rang=rang)
    if cause is Cause.LOST:
        return Ending(
            Disposition.UNKNOWN, EndReason.INFRASTRUCTURE, error=ended.reason or None
        )
    if announced and cause in (Cause.NO_ANSWER, Cause.NORMAL):
        disposition = BY_CAUSE[announced]
        return Ending(disposition, EndReason.ANNOUNCEMENT, sip_code=ended.code)
    if cancelled and cause in (Cause.NO_ANSWER, Cause.NORMAL):
        return Ending(Disposition.NO_ANSWER, cancelled, sip_code=ended.code)
    # NORMAL cannot be: a leg that was never answered is not ended by a BYE.
    return Ending(
        BY_CAUSE.get(cause, Disposition.TRUNK_FAILED),
        trunk_failure(ended.code),
        sip_code=ended.code,
        error=ended.reason or None,
    )


def refused(error: GatewayError | Invalid) -> Ending:
    """The INVITE was not taken.

    An error with a code (458, the session was reaped, above all) says that nothing left,
    as does a number that no SIP header may carry; of a gateway's error without a code
    nobody can be sure (telephony/line.py).
    """
    unsure = isinstance(error, GatewayError) and not error.code
    disposition = Disposition.UNKNOWN if unsure else Disposition.TRUNK_FAILED
    return Ending(disposition, EndReason.INFRASTRUCTURE, error=error.message)


def talked(ending: Ending, ended: Ended, *, given_up: bool) -> Ending:
    """A leg that was talked on: `ending` is what the talk made of it.

    Of a gateway that went away in mid-call nobody can say what the callee heard, but
    what the callee asked for stands. Where only our rows could not be reached
    (`given_up`) the talk was closed with a sentence, and both sides know how it went.
    """
    if ended.by == "gateway":
        if ending.disposition in (Disposition.OPTED_OUT, Disposition.CALLBACK):
            return ending
        return replace(
            ending,
            disposition=Disposition.UNKNOWN,
            end_reason=EndReason.INFRASTRUCTURE,
            error=ended.reason or None,
        )
    spoken = any(message.get("role") == "user" for message in ending.messages)
    if given_up and spoken and ending.disposition is Disposition.UNKNOWN:
        return replace(ending, disposition=Disposition.COMPLETED)
    return ending
