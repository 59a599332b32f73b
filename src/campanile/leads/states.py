"""Lead states, the platform's (platform-api.md 3.18). A lead that waits for a retry is
`pending`; one that is `calling` has a live attempt with a lease."""

from enum import StrEnum


class LeadStatus(StrEnum):
    PENDING = "pending"
    CALLING = "calling"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


TRANSITIONS: dict[LeadStatus, frozenset[LeadStatus]] = {
    LeadStatus.PENDING: frozenset({LeadStatus.CALLING, LeadStatus.SKIPPED}),
    LeadStatus.CALLING: frozenset(
        {
            LeadStatus.PENDING,
            LeadStatus.COMPLETED,
            LeadStatus.FAILED,
            LeadStatus.SKIPPED,
        }
    ),
    LeadStatus.COMPLETED: frozenset(),
    LeadStatus.FAILED: frozenset(),
    LeadStatus.SKIPPED: frozenset(),
}

OPEN = frozenset(status for status, after in TRANSITIONS.items() if after)
