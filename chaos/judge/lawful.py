"""Out of hours, over caps, against what was agreed."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from chaos.judge import law
from chaos.judge.evidence import CLOCK_SECONDS, Evidence, Leg, Line, Verdict

SPARE_SECONDS = 5.0
"""An INVITE leaves at the latest ring time-out + this before a window closes."""
DAY_SECONDS = 86_400.0
REFUNDED = (401, 403, 407, 488, 503)
"""Statuses that tell of the trunk: not counted against the lead."""
MOST_REFUNDS = 7
"""Six given back, and the one that ended it."""


def out_of_hours(found: Evidence) -> Verdict:
    red = [
        f"{leg.number} ({leg.name}): {why}"
        for leg in found.legs
        if found.thawed_just_before(leg.invite) is None and (why := _closed(found, leg))
    ]
    return Verdict("out of hours, ring time included", red, len(found.legs))


def _closed(found: Evidence, leg: Leg) -> str | None:
    campaign, lead = found.campaign_of(leg), _lead(found, leg)
    room = campaign["ring_timeout"] + SPARE_SECONDS
    off = found.clock_was_off(leg.invite - 3.0, leg.invite)
    why = None
    for slack in (0.0, -CLOCK_SECONDS, CLOCK_SECONDS) if off else (0.0,):
        legal = found.legal(leg.invite) + slack
        why = law.outside_campaign(legal, room, campaign) or law.unlawful(
            legal, room, zones=lead["zones"], jurisdictions=lead["jurisdictions"]
        )
        if why is None:
            return None
    return why


def against_agreement(found: Evidence) -> Verdict:
    """Consent, regions, and the lead's own first and last instant."""
    red = []
    for leg in found.legs:
        campaign, lead = found.campaign_of(leg), _lead(found, leg)
        legal = found.legal(leg.invite)
        off = found.clock_was_off(leg.invite - 3.0, leg.invite)
        slack = CLOCK_SECONDS if off else 0.0
        reasons = {
            "no consent": campaign["consent_required"] and not lead["consent"],
            "not in the regions": not _in_regions(campaign, lead),
            "too early": legal < _instant(lead, "not_before", float("-inf")) - slack,
            "too late": legal > _instant(lead, "not_after", float("inf")) + slack,
        }
        red += [
            f"{leg.number} ({leg.name}): {why}" for why, so in reasons.items() if so
        ]
    return Verdict("without consent, region or its own dates", red, len(found.legs))


def over_caps(found: Evidence) -> Verdict:
    """Per number over all campaigns of the tree: rolling day, day, week, ever; and what
    a state's law allows on one subject."""
    red = []
    for legs in found.number_legs().values():
        for index, leg in enumerate(legs):
            campaign, lead = found.campaign_of(leg), _lead(found, leg)
            until = legs[: index + 1]
            counts = _counts(found, until, lead["zones"])
            for caps in _caps(found, campaign):
                for name, most in caps.items():
                    if counts[name] > most:
                        red.append(
                            f"{leg.number} ({leg.name}): {name} {counts[name]} > {most}"
                        )
            most_on_subject = law.most_per_24h(lead["jurisdictions"])
            same = _on_subject(found, until, campaign["subject"])
            if most_on_subject is not None and same > most_on_subject:
                red.append(f"{leg.number} ({leg.name}): {same} on a subject")
    return Verdict("over a number's caps", red, len(found.legs))


def over_attempts(found: Evidence) -> Verdict:
    red = []
    for (_, number), legs in found.lead_legs().items():
        most = found.campaign_of(legs[0])["max_attempts"]
        refunded = sum(_refunded(leg) for leg in legs)
        if len(legs) - refunded > most:
            red.append(f"{number}: {len(legs) - refunded} charged of {most}")
        if refunded > MOST_REFUNDS:
            red.append(f"{number}: {refunded} refused by the trunk")
    return Verdict("over a lead's attempts", red, len(found.legs))


def over_minutes(found: Evidence) -> Verdict:
    """Conversation of a campaign that has a budget. A database that was put back has
    forgotten what was used of it."""
    capped = [row for row in found.world["campaigns"] if row["max_minutes"]]
    if found.said("restore"):
        capped = []
    red = []
    for campaign in capped:
        legs = (leg for leg in found.legs if found.campaign_of(leg) is campaign)
        talked = sum(leg.end - leg.answer for leg in legs if leg.end and leg.answer)
        if talked > campaign["max_minutes"] * 60:
            red.append(f"{campaign['id'][:8]}: {talked:.0f} s of talk")
    return Verdict("over a campaign's minutes", red, len(capped))


def verdicts(found: Evidence) -> Iterator[Verdict]:
    yield out_of_hours(found)
    yield against_agreement(found)
    yield over_caps(found)
    yield over_attempts(found)
    yield over_minutes(found)


def _lead(found: Evidence, leg: Leg) -> Line:
    """Who is rung without standing in the campaign's list stands nowhere at all."""
    nobody = {"zones": [], "jurisdictions": [], "consent": False}
    return found.listed.get((found.campaign_of(leg)["id"], leg.number), nobody)


def _in_regions(campaign: Line, lead: Line) -> bool:
    regions = campaign["regions"]
    places = [place.partition("-")[0] for place in lead["jurisdictions"]]
    return regions is None or all(place in regions for place in places)


def _instant(lead: Line, name: str, default: float) -> float:
    return datetime.fromisoformat(lead[name]).timestamp() if name in lead else default


def _caps(found: Evidence, campaign: Line) -> list[dict[str, int]]:
    """The campaign's own and those of its organisation and everything above it."""
    caps = [campaign["caps"]]
    organization: str | None = campaign["organization"]
    while organization is not None:
        row = found.organizations[organization]
        caps.append(row["caps"])
        organization = row["parent"]
    return caps


def _counts(found: Evidence, legs: list[Leg], zones: list[str]) -> Counter[str]:
    """Of the calls up to and with the last of `legs`; per zone the day that has most."""
    now = found.legal(legs[-1].invite)
    times = [found.legal(leg.invite) for leg in legs]
    return Counter(
        per_24h=sum(now - t < DAY_SECONDS for t in times),
        per_day=max((_same(law.local_day, times, zone) for zone in zones), default=0),
        per_week=max((_same(law.local_week, times, zone) for zone in zones), default=0),
        lifetime=len(times),
    )


def _same(period: Callable[[float, str], object], times: list[float], zone: str) -> int:
    last = period(times[-1], zone)
    return sum(period(t, zone) == last for t in times)


def _on_subject(found: Evidence, legs: list[Leg], subject: str | None) -> int:
    now = legs[-1].invite
    subjects = [
        found.campaign_of(leg)["subject"]
        for leg in legs
        if now - leg.invite < DAY_SECONDS
    ]
    return len(subjects) if subject is None else subjects.count(subject)


def _refunded(leg: Leg) -> bool:
    return leg.ended.get("event") == "reject" and leg.ended["code"] in REFUNDED
