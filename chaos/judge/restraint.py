"""What has to stop by itself: over a trunk that fails, with a list that is dead, without
a lease.

That a provider or an agent is sick cannot be seen here, where nobody speaks.
"""

from collections.abc import Callable, Iterable, Iterator

from chaos.judge.evidence import Evidence, Leg, Verdict, until_of

IN_A_ROW = 5
"""Calls that a trunk refuses, and it must rest."""
PROBE_SECONDS = 10.0
"""It may then be tried so often; the product's own waits are longer."""
SAMPLE = 20
"""Calls that go to numbers that do not exist, and the campaign must pause."""
WRITTEN_SECONDS = 5.0
"""From the end of a call until every worker can know of it, where nothing is broken: a
worker writes its outcomes one after the other, on a busy machine a few a second."""
JUST_NOW_SECONDS = 2.0
"""Before an INVITE: what stood still till then may have claimed it before."""
REFUSED_BY_TRUNK = frozenset({403, 407, 503})
VACANT = 404
REST_SECONDS = 45.0
"""After a fault of the exchange a trunk's breaker may open and close, and the campaign's
calls are counted anew."""
CLOSING_SECONDS = 10.0
"""For noticing, for a closing sentence, and for one renewal that was under way."""


def over_a_failing_trunk(found: Evidence) -> Verdict:
    red, looked_at = [], 0
    for trunk, legs in found.trunk_legs().items():
        for leg, since in _after(found, legs, _refused, IN_A_ROW):
            looked_at += 1
            probes = (leg.invite - since.opened) // PROBE_SECONDS
            since.used += 1
            if since.used > probes:
                red.append(
                    f"trunk {trunk[:8]}: {leg.number} ({leg.name}),"
                    f" {leg.invite - since.opened:.1f} s after it refused"
                    f" {IN_A_ROW} in a row"
                )
    return Verdict("new calls over a trunk that fails", red, looked_at)


def with_a_dead_list(found: Evidence) -> Verdict:
    red, looked_at = [], 0
    for campaign in found.world["campaigns"]:
        legs = [leg for leg in found.legs if leg.caller == campaign["caller_id"]]
        resumed = [
            (line["t"], line["t"])
            for line in found.said("wake", "resume")
            if line["target"] == campaign["id"]
        ]
        looked_at += len(resumed)
        anew = [*resumed, *_exchange_well_again(found)]
        for leg, since in _after(found, legs, _vacant, SAMPLE, anew=anew):
            red.append(
                f"{leg.number} ({leg.name}), {leg.invite - since.opened:.1f} s after"
                f" {SAMPLE} numbers in a row that do not exist"
            )
    return Verdict("went on with a list of dead numbers", red, looked_at)


def without_a_lease(found: Evidence) -> Verdict:
    """No lease can be renewed while PostgreSQL is away."""
    red, looked_at = [], 0
    patience = float(found.world["times"]["CAMPANILE_SELF_HANGUP_SECONDS"])
    for line in found.said("freeze", "kill"):
        if line["target"] != "postgres":
            continue
        for leg in found.legs:
            limit = max(line["t"], leg.invite) + patience + CLOSING_SECONDS
            up = leg.invite < line["t"] + JUST_NOW_SECONDS and not leg.lost
            known = min(until_of(line), found.until)
            if not up or limit > known or (leg.end or limit) < line["t"]:
                continue
            if found.troubled(line["t"], limit, "worker", "exchange"):
                continue
            looked_at += 1
            if leg.end is None or leg.end > limit:
                red.append(f"{leg.number} ({leg.name}): {limit - line['t']:.0f} s")
    return Verdict("up for too long without a lease", red, looked_at)


def verdicts(found: Evidence) -> Iterator[Verdict]:
    yield over_a_failing_trunk(found)
    yield with_a_dead_list(found)
    yield without_a_lease(found)


class _Since:
    """When enough calls had failed; how many were tried since."""

    def __init__(self, opened: float):
        self.opened = opened
        self.used = 0


Anew = tuple[float, float]
"""(when the count begins again, from which INVITE on)"""


def _after(
    found: Evidence,
    legs: list[Leg],
    failed: Callable[[Leg], bool],
    enough: int,
    *,
    anew: Iterable[Anew] = (),
) -> Iterator[tuple[Leg, _Since]]:
    """The new calls after `enough` that failed one after the other, none of which can be
    put down to a fault. Any other end, a restored database, `anew` begin the count again.
    """
    restored = [(line["t"], line["t"]) for line in found.said("restore")]
    events: list[tuple[float, int, Leg | None, float]] = [
        (t, 0, None, since) for t, since in (*restored, *anew)
    ]
    events += [(leg.end, 1, leg, leg.end) for leg in legs if leg.end is not None]
    events += [(leg.invite, 2, leg, leg.invite) for leg in legs]
    count, since, counted_from = 0, None, float("-inf")
    for t, what, leg, begin in sorted(events, key=lambda event: event[:2]):
        if leg is None or (what == 1 and not failed(leg) and not leg.lost):
            count, since, counted_from = 0, None, max(counted_from, begin)
        elif what == 1 and leg.invite >= counted_from and _known(found, leg):
            count += 1
            if count == enough:
                since = _Since(t)
        elif (
            what == 2
            and since is not None
            and t > since.opened + WRITTEN_SECONDS
            and not _excused(found, t)
        ):
            yield leg, since


def _exchange_well_again(found: Evidence) -> Iterator[Anew]:
    for line in found.said("freeze", "kill"):
        if line["target"] == "exchange":
            yield line["t"], until_of(line) + REST_SECONDS


def _refused(leg: Leg) -> bool:
    return leg.ringing is None and leg.ended.get("code") in REFUSED_BY_TRUNK


def _vacant(leg: Leg) -> bool:
    return leg.ringing is None and leg.ended.get("code") == VACANT


def _known(found: Evidence, leg: Leg) -> bool:
    """Whether its end was certainly written down at once."""
    assert leg.end is not None
    written = leg.end + WRITTEN_SECONDS
    return not found.troubled(leg.invite, written, "worker", "postgres", "exchange")


def _excused(found: Evidence, t: float) -> bool:
    """A worker that stood still may have claimed before, and so may a database."""
    return found.thawed_just_before(t) is not None or found.troubled(
        t - JUST_NOW_SECONDS, t, "worker", "postgres"
    )
