"""The legal decision: every refusal has a rule, a reason and, where it can, an instant."""

import json
from datetime import date, datetime, time, timedelta

import pytest

from campanile.compliance.hours import CampaignHours, Place
from campanile.compliance.law import law
from campanile.compliance.may_dial import Allowed, Caps, Dial, Refused, may_dial
from support.legal_facts import (
    CHICAGO,
    LONDON,
    LOS_ANGELES,
    NEW_YORK,
    facts,
    utc,
)

MONDAY_NOON = utc(23, 17)  # in New York
TENNESSEE = Place((CHICAGO, NEW_YORK), ("US-TN",))
FLORIDA = Place((NEW_YORK,), ("US-FL",))


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        (utc(23, 12, 59, 59), False),  # 07:59:59 in New York
        (utc(23, 13), True),  # 08:00 sharp
        (utc(24, 1, 59, 24), True),  # 20:59:25, ring time-out and spare just fit in
        (utc(24, 1, 59, 25), False),  # it would ring past nine
        (utc(24, 2), False),
    ],
)
def test_a_number_is_rung_from_eight_to_nine_by_its_own_clock(
    at: datetime, allowed: bool
) -> None:
    assert isinstance(may_dial(facts(), at), Allowed) is allowed


@pytest.mark.parametrize(
    ("changes", "at", "refused"),
    [
        (
            {"place": Place((LOS_ANGELES, NEW_YORK), ("US-CA", "US-NY"))},
            utc(23, 14),  # nine in New York, six in Los Angeles
            Refused(
                "law.us.hours",
                "us.hours allows no call now in America/Los_Angeles",
                utc(23, 17),  # California's nine
            ),
        ),
        (
            {"hours": CampaignHours.daily(LONDON, time(9), time(17))},
            utc(23, 17, 30),
            Refused(
                "window.campaign", "outside the campaign's own hours", utc(24, 13)
            ),  # the next day New York opens at eight
        ),
        (
            {},
            utc(24, 1, 59, 26),
            Refused(
                "window.closing",
                "calling hours end before a call could ring out",
                utc(24, 13),
            ),
        ),
        (
            {"place": Place((NEW_YORK,), ("US-RI",))},
            utc(26, 15),  # Thanksgiving at ten
            Refused(
                "law.us-ri.hours",
                "us-ri.hours allows no call now in America/New_York",
                utc(27, 14),
            ),
        ),
        (
            {"place": Place(("Europe/Paris",), ("FR",))},
            utc(27, 12, 30),  # Friday, 13:30 in Paris
            Refused(
                "law.fr.hours", "fr.hours allows no call now in Europe/Paris", utc(27, 13)
            ),
        ),
        (
            {"not_before": utc(28, 3)},  # in the night before Saturday
            MONDAY_NOON,
            Refused(
                "lead.not_before", "the lead is not to be called yet", utc(28, 13)
            ),
        ),
        (
            {"quarantined_until": utc(23, 17, 1)},
            MONDAY_NOON,
            Refused(
                "number.quarantine",
                "an earlier call to the number may still be up",
                utc(23, 17, 1),
            ),
        ),
        (
            {"hours": CampaignHours.daily(NEW_YORK, time(9), time(17), first_day=utc(1, month=3, year=2029).date())},
            MONDAY_NOON,
            Refused(
                "window.campaign",
                "outside the campaign's own hours",
                utc(1, 14, month=3, year=2029),
            ),
        ),
    ],
)  # fmt: skip
def test_what_time_heals_names_its_rule_and_its_instant(
    changes: dict[str, object], at: datetime, refused: Refused
) -> None:
    assert may_dial(facts(**changes), at) == refused
    assert refused.until is not None
    assert isinstance(may_dial(facts(**changes), refused.until), Allowed)


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"suppressed": "asked"}, "number.suppressed", "suppression list"),
        ({"attempts": 3}, "attempts.used", "all 3 attempts"),
        ({"attempts": 4, "asked_back": True}, "attempts.used", "all 3 attempts"),
        ({"place": Place(())}, "zone.unknown", "unknown"),
        ({"place": Place(("Mars/X",))}, "zone.unknown", "Mars/X"),
        ({"consent_required": True}, "consent.missing", "consent"),
        ({"not_after": utc(23, 16)}, "lead.not_after", "passed"),
        # An INVITE leaves up to a second after its decision.
        (
            {"not_after": MONDAY_NOON + timedelta(seconds=0.9)},
            "lead.not_after",
            "passed",
        ),
        (
            {"not_after": utc(23, 18), "not_before": utc(23, 19)},
            "lead.not_after",
            "comes before",
        ),
        ({"regions": ("GB", "CA")}, "region.not_allowed", "US-NY"),
        ({"regions": ()}, "region.not_allowed", "US-NY"),
        (
            {"regions": ("US",), "place": Place((NEW_YORK,))},
            "region.not_allowed",
            "an unknown country",
        ),
        ({"kind": "premium_rate"}, "number.kind", "premium rate"),
        ({"kind": "shared_cost"}, "number.kind", "shared cost"),
        ({"kind": "unknown"}, "number.kind", "unknown"),
        ({"kind": "pager"}, "number.kind", "pager"),
        ({"kind": "service"}, "number.kind", "service"),
        ({"phone_number": "+881612345678"}, "number.kind", "satellite"),
        ({"phone_number": "+1911"}, "number.short", "emergency"),
        ({"phone_number": ""}, "number.short", "incomplete"),
        (
            {
                "kind": "toll_free",
                "place": Place((CHICAGO, LOS_ANGELES, NEW_YORK), ("US",)),
            },
            "zone.unknown",
            "at home nowhere",
        ),
        (
            {"hours": CampaignHours.daily(NEW_YORK, time(22), time(6))},
            "window.never",
            "never meet",
        ),
        (
            {
                "hours": CampaignHours.daily(
                    NEW_YORK, time(9), time(17), last_day=utc(22).date()
                )
            },
            "campaign.over",
            "last day",
        ),
        ({"caps": (Caps(per_24h=0),)}, "cap.24h", "0 calls in 24 hours"),
        ({"caps": (Caps(per_day=0),)}, "cap.day", "0 calls in a day"),
        ({"caps": (Caps(per_week=0),)}, "cap.week", "0 calls in a week"),
        ({"caps": (Caps(lifetime=0),)}, "cap.lifetime", "0 calls ever"),
    ],
)
def test_what_can_never_be_dialed_says_why_and_names_no_instant(
    changes: dict[str, object], rule: str, words: str
) -> None:
    refused = may_dial(facts(**changes), MONDAY_NOON)
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.until) == (rule, None)
    assert words in refused.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"caps": (Caps(per_week=1),), "dials": (Dial(MONDAY_NOON, None),)},
        {"not_before": utc(30, 17)},
    ],
    ids=["a cap", "its own date"],
)
def test_whoever_may_be_called_only_after_the_last_day_waits_for_another_last_day(
    changes: dict[str, object],
) -> None:
    """Till then somebody may move it; given up for good is who it has passed for."""
    hours = CampaignHours.daily(NEW_YORK, time(9), time(17), last_day=utc(25).date())
    later = MONDAY_NOON + timedelta(minutes=5)

    refused = may_dial(facts(hours=hours, **changes), later)

    assert isinstance(refused, Refused)
    assert (refused.rule, refused.until) == ("campaign.ends_first", None)
    assert refused.setting
    over = may_dial(facts(hours=hours, **changes), later + timedelta(days=3))
    assert isinstance(over, Refused)
    assert (over.rule, over.setting) == ("campaign.over", False)


def test_who_asked_to_be_called_back_is_dialed_once_beyond_the_limit() -> None:
    for attempts in (0, 2, 3):
        asked = facts(attempts=attempts, asked_back=True)
        assert isinstance(may_dial(asked, MONDAY_NOON), Allowed)


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"consent_required": True}, True),
        ({"regions": ("GB",)}, True),
        ({"caps": (Caps(per_24h=0),)}, True),
        ({"caps": (Caps(per_day=0),)}, True),
        ({"caps": (Caps(per_week=0),)}, True),
        ({"caps": (Caps(lifetime=0),)}, True),
        ({"hours": CampaignHours.daily(NEW_YORK, time(22), time(6))}, True),
        ({"suppressed": "asked"}, False),
        ({"attempts": 3}, False),
        ({"kind": "premium_rate"}, False),
        ({"caps": (Caps(lifetime=1),), "dials": (Dial(utc(2)),)}, False),
        # What is for good is told before what a person may change.
        ({"consent_required": True, "not_after": utc(23, 16)}, False),
        ({"regions": ("GB",), "place": Place(("Mars/X",))}, False),
        (
            {"caps": (Caps(per_day=0, lifetime=1),), "dials": (Dial(utc(2)),)},
            False,
        ),
    ],
)
def test_what_a_person_may_set_otherwise_is_told_apart_from_facts(
    changes: dict[str, object], setting: bool
) -> None:
    refused = may_dial(facts(**changes), MONDAY_NOON)
    assert isinstance(refused, Refused)
    assert (refused.until, refused.setting) == (None, setting)


@pytest.mark.parametrize(
    ("first_day", "rule"),
    [("0001-01-01", "law.us.hours"), ("9999-12-31", "window.never")],
)
def test_a_first_day_at_the_ends_of_the_calendar_stops_nothing(
    first_day: str, rule: str
) -> None:
    hours = CampaignHours.daily(
        NEW_YORK, time(0), time(0), first_day=date.fromisoformat(first_day)
    )
    refused = may_dial(facts(hours=hours), utc(23, 3))  # ten at night
    assert isinstance(refused, Refused)
    assert refused.rule == rule


def test_a_campaign_in_a_zone_that_is_no_more_rings_nobody_and_is_asked_again() -> None:
    gone = CampaignHours.daily("Factory", time(9), time(17))
    refused = may_dial(facts(hours=gone), MONDAY_NOON)
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.until) == (
        "campaign.zone",
        MONDAY_NOON + timedelta(minutes=1),
    )
    assert "Factory" in refused.reason


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"stopped": "everything is stopped"}, "stop"),
        ({"campaign_runs": False}, "campaign.not_running"),
    ],
)
def test_what_a_person_holds_back_is_asked_again_in_a_minute(
    changes: dict[str, object], rule: str
) -> None:
    refused = may_dial(facts(**changes), MONDAY_NOON)
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.until) == (rule, MONDAY_NOON + timedelta(minutes=1))


def test_the_region_list_knows_states_and_countries() -> None:
    for regions in (("US",), ("US-TN", "GB")):
        allowed = may_dial(facts(place=TENNESSEE, regions=regions), MONDAY_NOON)
        assert isinstance(allowed, Allowed)
    split = Place((NEW_YORK,), ("US-NJ", "US-NY"))
    assert isinstance(may_dial(facts(place=split, regions=("US-NY",)), MONDAY_NOON), Refused)  # fmt: skip


def test_a_toll_free_number_with_a_zone_of_its_own_may_be_rung() -> None:
    assert isinstance(may_dial(facts(kind="toll_free"), MONDAY_NOON), Allowed)


@pytest.mark.parametrize(
    ("caps", "dials", "rule", "until"),
    [
        # The third of three makes room when the first is a day old: Tuesday 09:30.
        (Caps(per_24h=3), ["23 14:30", "23 15:00", "23 16:00"], "cap.24h", "24 14:30"),
        # 21:10 the day after is too late, so it is Wednesday at eight.
        (Caps(per_24h=1), ["24 02:10"], "cap.24h", "25 13:00"),
        (Caps(per_day=1), ["23 16:00"], "cap.day", "24 13:00"),
        (Caps(per_week=2), ["23 14:00", "23 16:00"], "cap.week", "30 13:00"),
        (Caps(lifetime=2), ["02 14:00", "23 16:00"], "cap.lifetime", None),
        # The clock was set back a day: a call that is yet to come counts.
        (Caps(per_24h=1), ["24 16:00"], "cap.24h", "25 16:00"),
        (Caps(per_day=1), ["24 16:00"], "cap.day", "25 13:00"),
        # Others leave room.
        (Caps(per_24h=2, per_day=2, per_week=2, lifetime=2), ["23 14:00"], None, None),
        (Caps(per_24h=1), ["22 17:00"], None, None),
        (Caps(per_day=1), ["22 23:00"], None, None),
        (Caps(per_week=1), ["22 23:00"], None, None),
    ],
)
def test_a_number_has_so_many_calls_and_no_more(
    caps: Caps, dials: list[str], rule: str | None, until: str | None
) -> None:
    earlier = tuple(Dial(_november(at)) for at in dials)
    at = utc(24, 2, 30) if dials == ["24 02:10"] else MONDAY_NOON
    decision = may_dial(facts(caps=(Caps(), caps), dials=earlier), at)
    if rule is None:
        assert isinstance(decision, Allowed)
        return
    assert isinstance(decision, Refused)
    assert decision.rule == rule
    assert decision.until == (None if until is None else _november(until))


def test_the_day_of_a_cap_is_over_when_it_is_over_in_every_zone() -> None:
    wide = Place(("America/Anchorage", NEW_YORK), ("US-AK", "US-NY"))
    earlier = (Dial(utc(23, 4)),)  # Sunday in Anchorage and in New York
    capped = facts(place=wide, caps=(Caps(per_day=1),), dials=earlier)
    refused = may_dial(capped, utc(23, 8, 30))  # Monday in New York only
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.until) == ("cap.day", utc(23, 17))


def test_a_state_allows_three_calls_a_day_on_one_subject() -> None:
    about = [("roof", 14), ("roof", 15), ("solar", 15), (None, 16)]
    earlier = tuple(Dial(utc(23, hour), subject) for subject, hour in about)
    for subject, until in (
        ("roof", utc(24, 14)),  # roof, roof and the unknown one
        ("solar", None),
        (None, utc(24, 15)),  # may be any: all four count
    ):
        decision = may_dial(
            facts(place=FLORIDA, dials=earlier, subject=subject), MONDAY_NOON
        )
        if until is None:
            assert isinstance(decision, Allowed)
        else:
            assert isinstance(decision, Refused)
            assert (decision.rule, decision.until) == ("law.us-fl.calls", until)
    elsewhere = facts(dials=earlier, subject="roof")
    assert isinstance(may_dial(elsewhere, MONDAY_NOON), Allowed)


def test_a_permission_carries_its_evidence() -> None:
    allowed = may_dial(facts(place=TENNESSEE), MONDAY_NOON)
    assert isinstance(allowed, Allowed)
    assert json.loads(json.dumps(allowed.evidence)) == {
        "rules": law().version,
        "tzdata": allowed.evidence["tzdata"],
        "zones": [CHICAGO, NEW_YORK],
        "jurisdictions": ["US-TN"],
        "local_times": {
            CHICAGO: "2026-11-23T11:00:00-06:00",
            NEW_YORK: "2026-11-23T12:00:00-05:00",
        },
        "binding": ["us.hours"],
        "closes": "2026-11-24T02:00:00+00:00",
    }
    assert allowed.evidence["tzdata"] >= "2025b"


def _november(text: str) -> datetime:
    day, clock = text.split()
    hour, minute = map(int, clock.split(":"))
    return utc(int(day), hour, minute)
