"""Calls per second in any rolling second, and channels, per trunk."""

from collections.abc import Iterator

from chaos.judge.evidence import Evidence, Leg, Line, Verdict, asked_of

CHANGE_SECONDS = 2.0
"""Instants that were handed out before a change of the rate may lie so far ahead."""


def above_cps(found: Evidence) -> Verdict:
    """Half-open rolling seconds, counted from the first one's earliest possible arrival:
    an exchange that was late in seeing an INVITE says by how much. What a thawed exchange
    logs in a burst is not counted."""
    red, used = [], []
    for trunk in found.world["trunks"]:
        legs = [
            leg
            for leg in found.trunk_legs().get(trunk["id"], [])
            if found.thawed_just_before(leg.invite) is None
        ]
        for index, leg in enumerate(legs):
            second = leg.invite - leg.late
            inside = [x for x in legs[index:] if x.invite < second + 1.0]
            most = _limit(found, trunk, leg.invite)
            if len(inside) > most:
                span = inside[-1].invite - second
                red.append(
                    f"trunk {trunk['id'][:8]}: {len(inside)} in {span:.3f} s"
                    f" instead of {most} ({leg.name})"
                )
        used.append(f"{trunk['cps']}: {len(legs)}")
    return Verdict(
        "above CPS in a rolling second", red, len(found.legs), ", ".join(used)
    )


def over_channels(found: Evidence) -> Verdict:
    red = []
    for trunk in found.world["trunks"]:
        legs = found.trunk_legs().get(trunk["id"], [])
        edges = sorted(edge for leg in legs for edge in _edges(leg))
        up = 0
        for t, step in edges:
            up += step
            if up > trunk["channels"]:
                red.append(
                    f"trunk {trunk['id'][:8]}: {up} of {trunk['channels']} at {t:.1f}"
                )
    return Verdict("over a trunk's channels", red, len(found.legs))


def verdicts(found: Evidence) -> Iterator[Verdict]:
    yield above_cps(found)
    yield over_channels(found)


def _limit(found: Evidence, trunk: Line, t: float) -> float:
    """The highest rate in force around `t`."""
    changes = [line for line in found.said("cps") if line["target"] == trunk["id"]]
    rates = [(float("-inf"), trunk["cps"])]
    rates += [(asked_of(line), line["cps"]) for line in changes]
    latest = [cps for since, cps in rates if since <= t - CHANGE_SECONDS][-1]
    recent = [cps for since, cps in rates if t - CHANGE_SECONDS < since <= t + 1.0]
    return float(max(latest, *recent)) if recent else float(latest)


def _edges(leg: Leg) -> list[tuple[float, int]]:
    end = [] if leg.end is None else [(leg.end, -1)]
    return [(leg.invite, 1), *end]
