"""What an attempt can come to (DESIGN.md 7), and what follows from it."""

from enum import StrEnum


class Disposition(StrEnum):
    COMPLETED = "completed"
    CALLBACK = "callback"
    OPTED_OUT = "opted_out"
    TRANSFERRED = "transferred"
    HUNG_UP = "hung_up"
    VOICEMAIL_LEFT = "voicemail_left"
    VOICEMAIL = "voicemail"
    VOICEMAIL_FULL = "voicemail_full"
    SCREENED = "screened"
    IVR = "ivr"
    FAX = "fax"
    MUSIC = "music"
    NO_AUDIO = "no_audio"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CONGESTION = "congestion"
    TRUNK_FAILED = "trunk_failed"
    AGENT_FAILED = "agent_failed"
    UNKNOWN = "unknown"


class AnsweredBy(StrEnum):
    HUMAN = "human"
    VOICEMAIL = "voicemail"
    SCREENER = "screener"
    IVR = "ivr"
    FAX = "fax"
    MUSIC = "music"
    UNKNOWN = "unknown"


class EndReason(StrEnum):
    """Who or what ended a call. Providers' and trunks' failures are free-form:
    `provider_<name>_<cause>` and `trunk_<code>`, built by the functions below."""

    CUSTOMER_HANGUP = "customer_hangup"
    ASSISTANT_END_CALL = "assistant_end_call"
    CONTROL_END_CALL = "control_end_call"
    MAX_DURATION = "max_duration"
    SILENCE = "silence"
    VOICEMAIL = "voicemail"
    OPT_OUT = "opt_out"
    TRANSFER = "transfer"
    RING_TIMEOUT = "ring_timeout"
    ANNOUNCEMENT = "announcement"
    """the network said in a tone that there is no such number, or no circuit to it"""
    NO_AUDIO = "no_audio"
    INFRASTRUCTURE = "infrastructure"
    STOPPED = "stopped"
    """somebody stopped calls of this scope (organizations/stops.py)"""
    SUPPRESSED = "suppressed"
    """its number was put on a suppression list while it rang"""
    CAMPAIGN_CANCELLED = "campaign_cancelled"
    TRUNK_DISABLED = "trunk_disabled"


def provider_failure(name: str, cause: str) -> str:
    return f"provider_{name}_{cause}"


def failed_provider(end_reason: str) -> tuple[str, str] | None:
    """(name, cause) of what `provider_failure` built; None for any other reason."""
    kind, _, rest = end_reason.partition("_")
    name, _, cause = rest.partition("_")
    return (name, cause) if kind == "provider" and cause else None


def trunk_failure(code: int) -> str:
    return f"trunk_{code}"
