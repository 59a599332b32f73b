"""Rung twice: two legs at once, inside the retry gap, again after an answered unknown."""

from collections.abc import Iterator
from itertools import pairwise

from chaos.judge.evidence import CLOCK_SECONDS, Evidence, Leg, Verdict

UNKNOWABLE_SECONDS = 0.5
"""An answer that came so shortly before the product lost the call may never have been
read by it; then nobody can know that there was one."""
ROUNDING_SECONDS = 0.05


def two_at_once(found: Evidence) -> Verdict:
    """No number has two legs within one tree of organisations. A leg whose exchange was
    killed may have gone on ringing for three quarters of the quarantine."""
    linger = 0.75 * _seconds(found, "QUARANTINE")
    red = []
    for (_, number), legs in found.number_legs().items():
        for before, after in pairwise(legs):
            if after.invite < before.up_until(linger) and not _unseen(found, after):
                why = "its exchange was killed" if before.lost else "still up"
                red.append(f"{number}: {after.name} while {before.name} was {why}")
    return Verdict("two legs at once to a number", red, len(found.legs))


def inside_gap(found: Evidence) -> Verdict:
    """From the end of one call to the next INVITE for the same lead."""
    red = []
    for (campaign, number), legs in found.lead_legs().items():
        wanted = found.campaign_of(legs[0])["retry_delay"]
        for before, after in pairwise(legs):
            over = _over(found, before)
            gap = after.invite - over
            off = found.clock_was_off(over - 1.0, after.invite)
            slack = CLOCK_SECONDS if off else ROUNDING_SECONDS
            if gap < wanted - slack and not _unseen(found, after):
                red.append(
                    f"{number} of {campaign[:8]}: {gap:.2f} s instead of {wanted} s"
                    f" ({before.name}, {after.name})"
                )
    return Verdict("an INVITE inside the lead's retry gap", red, len(found.legs))


def again_after_unknown(found: Evidence) -> Verdict:
    """After an answered attempt that was reported `unknown` a person follows up."""
    unknown = {
        line["attempt"] for line in found.reports if line["disposition"] == "unknown"
    }
    red, unknowable = [], 0
    for legs in found.lead_legs().values():
        for before, after in pairwise(legs):
            if before.answer is None or before.call_id not in unknown:
                continue
            if _just_answered(before):
                unknowable += 1
            else:
                red.append(f"{after.number}: {after.name} after {before.name}")
    return Verdict(
        "a second call after an answered unknown",
        red,
        len(unknown),
        note=f"{unknowable} answered in the instant of their loss"
        if unknowable
        else "",
    )


def one_invite_each(found: Evidence) -> Verdict:
    """A Call-ID is an attempt's id: it must be seen once."""
    seen: dict[str, str] = {}
    red = []
    for leg in found.legs:
        if leg.call_id in seen:
            red.append(f"{leg.call_id}: {seen[leg.call_id]} and {leg.name}")
        seen[leg.call_id] = leg.name
    return Verdict("more than one INVITE of an attempt", red, len(seen))


def verdicts(found: Evidence) -> Iterator[Verdict]:
    yield two_at_once(found)
    yield inside_gap(found)
    yield again_after_unknown(found)
    yield one_invite_each(found)


def _over(found: Evidence, leg: Leg) -> float:
    """When the product could first have known that the call was over."""
    frozen_since = found.thawed_just_before(leg.invite)
    if frozen_since is not None:
        return frozen_since
    return leg.invite if leg.end is None or leg.lost else leg.end


def _unseen(found: Evidence, leg: Leg) -> bool:
    return found.thawed_just_before(leg.invite) is not None


def _just_answered(leg: Leg) -> bool:
    assert leg.answer is not None
    return leg.end is not None and leg.end - leg.answer <= UNKNOWABLE_SECONDS


def _seconds(found: Evidence, name: str) -> float:
    return float(found.world["times"][f"CAMPANILE_{name}_SECONDS"])
