"""After somebody said no: suppression, pause, cancel, stop."""

from collections.abc import Iterator

from chaos.judge.evidence import Evidence, Leg, Line, Verdict, asked_of

NEW_CALLS_SECONDS = 1.0
RINGING_SECONDS = 5.0
_EXCUSES = ("worker", "postgres", "exchange")
"""While one of these is down or frozen nobody can cancel what rings."""


def suppressed(found: Evidence) -> Verdict:
    before = [{"t": 0.0, **entry} for entry in found.world["suppressed"]]
    entries = before + found.said("suppress")
    red = []
    by_number: dict[str, list[Line]] = {}
    for entry in entries:
        by_number.setdefault(entry["number"], []).append(entry)
    for leg in found.legs:
        for entry in by_number.get(leg.number, ()):
            late = leg.invite - entry["t"]
            forgotten = found.forgotten(entry) <= leg.invite
            if (
                late > NEW_CALLS_SECONDS
                and not forgotten
                and _concerns(found, entry, leg)
            ):
                red.append(
                    f"{leg.number} ({leg.name}): {late:.1f} s after it was listed"
                )
    return Verdict("to a suppressed number", red, len(entries))


def ringing_suppressed(found: Evidence) -> Verdict:
    red = []
    entries = found.said("suppress")
    for entry in entries:
        for leg in found.legs:
            if leg.number == entry["number"] and _concerns(found, entry, leg):
                red += _still_rings(found, leg, entry["t"])
    return Verdict("a suppressed number rang on for over 5 s", red, len(entries))


def halted(found: Evidence) -> Verdict:
    """New calls after a pause, cancel or stop, until it was lifted."""
    red = []
    spans = list(_spans(found))
    for begin, end, line in spans:
        for leg in found.legs:
            if begin + NEW_CALLS_SECONDS < leg.invite < end and _halts(
                found, line, leg
            ):
                late = leg.invite - begin
                red.append(
                    f"{leg.number} ({leg.name}): {late:.1f} s after {line['event']}"
                )
    return Verdict("after a pause, cancel or stop", red, len(spans))


def ringing_stopped(found: Evidence) -> Verdict:
    red = []
    stops = found.said("stop")
    for line in stops:
        for leg in found.legs:
            if _halts(found, line, leg):
                red += _still_rings(found, leg, line["t"])
    return Verdict("rang on for over 5 s after a stop", red, len(stops))


def verdicts(found: Evidence) -> Iterator[Verdict]:
    yield suppressed(found)
    yield ringing_suppressed(found)
    yield halted(found)
    yield ringing_stopped(found)


def _concerns(found: Evidence, entry: Line, leg: Leg) -> bool:
    if found.thawed_just_before(leg.invite) is not None:
        return False
    campaign = found.campaign_of(leg)
    return entry["root"] in (None, campaign["root"]) and entry["campaign"] in (
        None,
        campaign["id"],
    )


def _still_rings(found: Evidence, leg: Leg, since: float) -> list[str]:
    """Nothing where it did not ring then, or was over or answered in time."""
    limit = since + RINGING_SECONDS
    over = min(t for t in (leg.answer, leg.end, found.until) if t is not None)
    if not leg.invite < since < over or over <= limit:
        return []
    if found.troubled(since - 1.0, limit, *_EXCUSES):
        return []
    return [f"{leg.number} ({leg.name}): {over - since:.1f} s"]


def _spans(found: Evidence) -> Iterator[tuple[float, float, Line]]:
    """(from, until, order): each with the order that undid it, if one did."""
    undone = {"pause": "resume", "stop": "lift"}
    for line in found.said("pause", "cancel", "stop"):
        end = min(
            (
                asked_of(later)
                for later in found.said(undone.get(line["event"], ""))
                if later["t"] >= line["t"] and _same_target(later, line)
            ),
            default=float("inf"),
        )
        yield line["t"], min(end, found.forgotten(line)), line


def _same_target(one: Line, other: Line) -> bool:
    return all(one.get(name) == other.get(name) for name in ("scope", "target"))


def _halts(found: Evidence, line: Line, leg: Leg) -> bool:
    if found.thawed_just_before(leg.invite) is not None:
        return False
    campaign = found.campaign_of(leg)
    match line.get("scope", "campaign"):
        case "everything":
            return True
        case "organization":
            return line["target"] in _above(found, campaign["organization"])
        case "trunk":
            return bool(line["target"] == campaign["trunk"])
        case _:
            return bool(line["target"] == campaign["id"])


def _above(found: Evidence, organization: str | None) -> list[str]:
    found_above = []
    while organization is not None:
        found_above.append(organization)
        organization = found.organizations[organization]["parent"]
    return found_above
