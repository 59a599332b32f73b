"""Reports and rests: exactly one report each, and nobody left in limbo."""

from collections import Counter
from collections.abc import Iterator

from chaos.judge.evidence import Evidence, Verdict

CERTAIN = {"busy", "no_answer", "rejected", "invalid_number", "congestion", "hung_up"}
CERTAIN |= {"completed", "no_audio", "voicemail", "opted_out", "transferred"}
"""Dispositions that say something of a callee: without an INVITE they are invented."""
LIVE = ("claimed", "dialing", "ringing", "answered", "ended")


def one_report_each(found: Evidence) -> Verdict:
    counts = Counter(line["attempt"] for line in found.reports)
    red = [
        f"{leg.call_id} ({leg.name}): {counts[leg.call_id]} reports"
        for leg in found.legs
        if counts[leg.call_id] != 1 and not _rewound(found, leg.invite)
    ]
    return Verdict("attempts without exactly one report", red, len(found.legs))


def amended(found: Evidence) -> Verdict:
    """A worker that comes back after the report corrects `unknown`, nothing else."""
    said = {line["attempt"]: line["disposition"] for line in found.reports}
    red = [
        f"{line['attempt']}: {said.get(line['attempt'])} became {line['disposition']}"
        for line in found.amendments
        if said.get(line["attempt"]) != "unknown"
    ]
    return Verdict("amendments of what was known", red, len(found.amendments))


def invented(found: Evidence) -> Verdict:
    """A report without an INVITE: right only where nobody can know whether one left."""
    seen = {leg.call_id for leg in found.legs}
    without = [line for line in found.reports if line["attempt"] not in seen]
    red = [
        f"{line['attempt']}: {line['disposition']}"
        for line in without
        if line["disposition"] in CERTAIN
    ]
    kinds = Counter(str(line["disposition"]) for line in without)
    note = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return Verdict("reports of what never happened", red, len(without), note)


def limbo(found: Evidence) -> Verdict:
    red = [
        f"lead {line['number']} is {line['status']}"
        for line in found.leads
        if line["status"] == "calling"
    ]
    red += [
        f"attempt {line['id']} is {line['state']}"
        for line in found.attempts
        if line["state"] in LIVE
    ]
    red += [f"{leg.number} ({leg.name}) is up" for leg in found.legs if leg.end is None]
    return Verdict("left in limbo", red, len(found.leads))


def nothing_shown(found: Evidence) -> Verdict:
    """A round in which nobody was rung proves nothing, nor do faults that failed."""
    red = [] if found.legs else ["not a single INVITE"]
    red += [line["error"] for line in found.said("mistake")]
    return Verdict("nothing was shown", red, len(found.legs))


def verdicts(found: Evidence) -> Iterator[Verdict]:
    yield one_report_each(found)
    yield amended(found)
    yield invented(found)
    yield limbo(found)
    yield nothing_shown(found)


def _rewound(found: Evidence, t: float) -> bool:
    """Whether a restore of the database took the attempt's row away."""
    return any(line["backup"] <= t <= line["t"] for line in found.said("restore"))
