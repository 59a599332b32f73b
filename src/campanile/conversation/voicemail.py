"""What the agent does about a machine that answered (DESIGN D11, section 7). Pure.

A provisional verdict is never acted on: whoever is in doubt is a person.
"""

from enum import Enum, auto

from campanile.calls.outcomes import AnsweredBy, Disposition, EndReason
from campanile.conversation.outcome import End
from campanile.media.machine import BeepEnded, Event, SpeakNow, Verdict

MAILBOX_PATIENCE = 60.0
"""Seconds from the verdict in which a mailbox must let us speak."""
SCREENER_PATIENCE = 30.0
"""Seconds in which a screener must put us through."""
MUSIC_PATIENCE = 30.0
"""Seconds of hold music in which somebody must come to the line."""
AS_GOOD_AS_LEFT = 0.9
"""Of the message, played before the mailbox cut it off or beeped again."""


class Reaction(Enum):
    WAIT_FOR_MAILBOX = auto()
    WAIT_FOR_SCREENER = auto()
    WAIT_THROUGH_MUSIC = auto()
    LEAVE_MESSAGE = auto()
    INTRODUCE = auto()
    BEGIN_MESSAGE_AGAIN = auto()


_HANGS_UP = {
    "ivr": End(AnsweredBy.IVR, Disposition.IVR),
    "fax": End(AnsweredBy.FAX, Disposition.FAX),
    "sit_vacant": End("sit_vacant", Disposition.INVALID_NUMBER),
    "sit_intercept": End("sit_intercept", Disposition.INVALID_NUMBER),
    "sit_no_circuit": End("sit_no_circuit", Disposition.CONGESTION),
    "sit_other": End("sit_other", Disposition.CONGESTION),
}
"""What there is no use in talking to, by verdict or by its reason."""


def react(
    event: Event, *, has_message: bool, message_heard: float | None
) -> Reaction | End | None:
    """What to do about an event of the detector; an End is to be carried out at once.

    `message_heard`: the share of the voicemail message that was played, 0..1, or None
    while it is not being left.
    """
    if isinstance(event, Verdict):
        return _react_to_verdict(event, has_message=has_message)
    if isinstance(event, BeepEnded):
        again = message_heard is not None and message_heard < AS_GOOD_AS_LEFT
        return Reaction.BEGIN_MESSAGE_AGAIN if again else None
    if isinstance(event, SpeakNow) and event.reason == "screener":
        return Reaction.INTRODUCE
    return Reaction.LEAVE_MESSAGE


def _react_to_verdict(verdict: Verdict, *, has_message: bool) -> Reaction | End | None:
    if verdict.answered_by == "music":  # always provisional: somebody may come
        return Reaction.WAIT_THROUGH_MUSIC
    if verdict.provisional:
        return None
    if verdict.answered_by == "voicemail":
        return _react_to_mailbox(verdict.reason == "mailbox_full", has_message)
    if verdict.answered_by == "screener":
        return Reaction.WAIT_FOR_SCREENER
    return _HANGS_UP.get(verdict.answered_by) or _HANGS_UP.get(verdict.reason)


def _react_to_mailbox(full: bool, has_message: bool) -> Reaction | End:
    if full:
        return End(EndReason.VOICEMAIL, Disposition.VOICEMAIL_FULL)
    if not has_message:
        return End(EndReason.VOICEMAIL, Disposition.VOICEMAIL)
    return Reaction.WAIT_FOR_MAILBOX
