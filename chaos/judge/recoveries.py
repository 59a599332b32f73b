"""How soon things were right again after a loss.

Faults come on top of one another here; a recovery is judged where nothing else was
broken meanwhile, and the note says how many those were and how long the others took.
Bounds are the issue's, with the scaled times in place of the real ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from chaos.judge.evidence import Evidence, Line, Verdict

REAP_SECONDS = 4.1
"""The gateway's own delay in reaping an idle session."""
SWEEPS_SECONDS = 10.0
"""Two of the scheduler's sweeps."""
JOBS_SECONDS = 5.0
BUSY_SECONDS = 3.0
"""In which there is an INVITE a second."""
LOST, REAPED = "connection lost", "session timed out"
_EVERYTHING = ("worker", "scheduler", "redis", "postgres", "exchange", "jobs")


@dataclass(frozen=True, slots=True)
class _Case:
    what: str
    seconds: float
    alone: bool
    """nothing else was broken meanwhile"""


def verdicts(found: Evidence) -> Iterator[Verdict]:
    times = found.world["times"]

    def setting(name: str) -> float:
        return float(times[f"CAMPANILE_{name}_SECONDS"])

    session, lease = setting("GATEWAY_SESSION"), setting("LEASE")
    yield _verdict("worker killed: its legs are gone", _legs_gone(found), 1.0)
    yield _verdict(
        "worker frozen: its legs are gone",
        _legs_reaped(found),
        session + REAP_SECONDS + 1.0,
    )
    ended = {line["id"]: line["ended"] for line in found.attempts}
    yield _verdict(
        "worker lost: the slot is free",
        _after_loss(found, ended),
        lease + SWEEPS_SECONDS,
    )
    reported = {line["attempt"]: line["t"] for line in found.reports}
    patience = setting("ORPHAN_REPORT") + SWEEPS_SECONDS + JOBS_SECONDS
    yield _verdict("worker lost: the report", _after_loss(found, reported), patience)
    yield _verdict("scheduler killed: rings again", _resumed(found, "scheduler"), 15.0)
    yield _verdict("Redis lost: rings again", _resumed(found, "redis"), 60.0)


def _verdict(name: str, cases: list[_Case], bound: float) -> Verdict:
    judged = [case for case in cases if case.alone]
    red = [f"{c.what}: {c.seconds:.1f} s" for c in judged if c.seconds > bound]
    parts = []
    for title, some in (("alone", judged), ("all", cases)):
        if some:
            seconds = sorted(case.seconds for case in some)
            parts.append(f"{title} {median(seconds):.1f} s, worst {seconds[-1]:.1f} s")
    note = f"bound {bound:.0f} s; " + "; ".join(parts) if parts else "none seen"
    return Verdict(name, red, len(judged), note)


def _legs_gone(found: Evidence) -> list[_Case]:
    """A killed worker's connections close, and the far end is told at once."""
    cases = []
    for line in _kills(found, "worker"):
        gone = [
            leg.end - line["t"]
            for leg in found.legs
            if leg.end is not None
            and leg.ended.get("reason") == LOST
            and line["t"] <= leg.end <= line["t"] + 5.0
        ]
        if gone:
            cases.append(
                _Case(line["target"], max(gone), _alone(found, line, 5.0, "exchange"))
            )
    return cases


def _legs_reaped(found: Evidence) -> list[_Case]:
    cases = []
    for line in found.said("freeze"):
        if line["target"].startswith("worker"):
            limit = line["until"] + REAP_SECONDS
            gone = [
                leg.end - line["t"]
                for leg in found.legs
                if leg.end is not None
                and leg.ended.get("reason") == REAPED
                and leg.invite <= line["t"] <= leg.end <= limit
            ]
            if gone:
                alone = _alone(found, line, limit - line["t"], "exchange", "worker")
                cases.append(_Case(line["target"], max(gone), alone))
    return cases


def _after_loss(found: Evidence, when: dict[str, float]) -> list[_Case]:
    """From the end of a leg whose worker was killed to what `when` tells of it."""
    cases = []
    for leg in found.legs:
        if leg.ended.get("reason") == LOST and leg.end is not None:
            told = when.get(leg.call_id)
            if told is not None:
                seconds = told - leg.end
                others = ("scheduler", "postgres", "redis", "exchange", "jobs")
                alone = not found.troubled(leg.end - 20.0, told, *others)
                cases.append(_Case(f"{leg.number} ({leg.name})", seconds, alone))
    return cases


def _resumed(found: Evidence, what: str) -> list[_Case]:
    """From a kill to the next INVITE; only where it rang before, rings busily after it, and
    nobody said no. Where hardly anybody may be rung a silence says nothing."""
    cases = []
    gaps = dict(pairwise(leg.invite for leg in found.legs))
    for line in _kills(found, what):
        before = max((t for t in gaps if t <= line["t"]), default=None)
        if before is None or line["t"] - before > 2.0:
            continue
        # What was under way at that moment still rings; then comes the silence.
        after = [t for t in gaps if line["t"] < t <= line["t"] + 90.0]
        silences = [(gaps[t] - t, t) for t in after if t <= line["t"] + 20.0]
        if silences:
            longest, since = max(silences)
            alone = _alone(found, line, since + longest - line["t"], *_EVERYTHING)
            quiet = found.said("stop", "pause")
            alone &= not any(line["t"] - 10 <= q["t"] <= since + longest for q in quiet)
            again = since + longest
            busily = sum(again <= t <= again + BUSY_SECONDS for t in gaps)
            alone &= busily >= BUSY_SECONDS
            cases.append(_Case(line["target"], since + longest - line["t"], alone))
    return cases


def _kills(found: Evidence, what: str) -> list[Line]:
    return [line for line in found.said("kill") if line["target"].startswith(what)]


def _alone(found: Evidence, cause: Line, seconds: float, *others: str) -> bool:
    """Whether no other fault of `others` touched the time from the cause on."""
    begin, end = cause["t"] - 5.0, cause["t"] + seconds
    return not found.troubled(begin, end, *others, but=cause)
