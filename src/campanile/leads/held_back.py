"""Leads that a setting of their campaign holds back: they wait for a person to change it.

Their reason begins with the rule's id, as in `region.not_allowed — the campaign does not
ring GB`, so that they can be found again and counted. They are never given up: the day
the setting changes they are asked about again, and every `AGAIN_AFTER` besides, because
an organisation's caps and a lead's consent change without the campaign.
"""

from datetime import timedelta

from campanile.compliance.may_dial import ENDS_FIRST, NEVER_MEET, WINDOW_NEVER

AGAIN_AFTER = timedelta(days=1)
RULES = (
    ENDS_FIRST,
    "cap.24h",
    "cap.day",
    "cap.lifetime",
    "cap.week",
    "consent.missing",
    "region.not_allowed",
    WINDOW_NEVER,
)
_BETWEEN = " — "


def held_back(rule: str, words: str) -> str:
    """The reason of such a lead."""
    return f"{rule}{_BETWEEN}{words}"


HOURS_NEVER_MEET = held_back(WINDOW_NEVER, NEVER_MEET)
RULE_OF_REASON = f"split_part(reason, '{_BETWEEN}', 1)"
"""SQL, of a row of `lead`"""
IS_HELD_BACK = f"(reason <> '' AND {RULE_OF_REASON} IN ({', '.join(map(repr, RULES))}))"
"""SQL, likewise"""
