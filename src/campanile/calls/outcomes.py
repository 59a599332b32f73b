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
    NO_AUDIO = "no_audio"
    INFRASTRUCTURE = "infrastructure"


def provider_failure(name: str, cause: str) -> str:
    return f"provider_{name}_{cause}"


def trunk_failure(code: int) -> str:
    return f"trunk_{code}"
