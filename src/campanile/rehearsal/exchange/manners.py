"""How the far ends of a signalling-only exchange behave, drawn from a seed. Pure.

A manner is a kind of far end; its times are drawn per call, so that the third call to a
number is another than the first and the same seed gives the same ones again.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

from campanile.errors import Invalid

Kind = Literal[
    "busy",
    "no_answer",
    "rings_on",
    "rejected",
    "vacant",
    "congestion",
    "trunk_failure",
    "hangs_up",
    "stays",
    "slow",
]

SHARES: dict[Kind, float] = {
    "busy": 22,
    "no_answer": 30,
    "rings_on": 1,
    "rejected": 4,
    "vacant": 3,
    "congestion": 3,
    "trunk_failure": 2,
    "hangs_up": 26,
    "stays": 4,
    "slow": 5,
}
"""Of all calls, where nothing else is said; they need not add up to 100."""


@dataclass(frozen=True, slots=True)
class Course:
    """What one call will come to; all times in seconds."""

    network: float
    """from INVITE to 180, or to the refusal where nothing rings"""
    rings: bool = False
    ring: float = 0.0
    """from 180 to the answer or the refusal"""
    code: int | None = None
    """the refusal; None: it is answered"""
    q850: int | None = None
    talk: float | None = None
    """from the answer to the callee's BYE; None: the callee stays"""


@dataclass(frozen=True, slots=True)
class Manners:
    seed: int
    shares: Mapping[Kind, float] = field(default_factory=lambda: SHARES)
    numbers: Mapping[str, Kind] = field(default_factory=dict)
    """Numbers that always behave alike."""
    callers: Mapping[str, Kind] = field(default_factory=dict)
    """Caller IDs that always fare alike: a trunk that refuses, a list of dead numbers."""

    def course(self, number: str, *, call: int, caller: str = "") -> Course:
        """What happens at the `call`-th call to `number`."""
        rng = Random(f"{self.seed} {number} {call}")
        kinds = list(self.shares)
        drawn = rng.choices(kinds, weights=list(self.shares.values()))[0]
        always = self.numbers.get(number) or self.callers.get(caller)
        return _COURSES[always or drawn](rng)


def read_manners(seed: int, file: Path | None) -> Manners:
    """`{"shares": {"busy": 3, …}, "numbers": {"+12125550123": "stays"}, "callers": {…}}`,
    each optional.

    Raises Invalid.
    """
    if file is None:
        return Manners(seed)
    told = json.loads(file.read_text("utf-8"))
    shares = told.get("shares") or SHARES
    numbers, callers = told.get("numbers") or {}, told.get("callers") or {}
    if unknown := {*shares, *numbers.values(), *callers.values()} - {*SHARES}:
        raise Invalid(f"{file.name}: no callee is {', '.join(sorted(unknown))}")
    return Manners(seed, shares, numbers, callers)


def _busy(rng: Random) -> Course:
    return Course(_network(rng), code=486)


def _no_answer(rng: Random) -> Course:
    return _rung(rng, code=rng.choice((408, 480)))


def _rings_on(rng: Random) -> Course:
    return Course(_network(rng), rings=True, ring=180.0, code=408)


def _rejected(rng: Random) -> Course:
    return _rung(rng, code=603)


def _vacant(rng: Random) -> Course:
    return Course(_network(rng), code=404)


def _congestion(rng: Random) -> Course:
    return Course(_network(rng), code=503, q850=34)


def _trunk_failure(rng: Random) -> Course:
    return Course(_network(rng), code=rng.choice((403, 407)))


def _hangs_up(rng: Random) -> Course:
    return _rung(rng, talk=rng.uniform(0.1, 2.0))


def _stays(rng: Random) -> Course:
    return _rung(rng)


def _slow(rng: Random) -> Course:
    late = rng.uniform(1.0, 3.0)
    return Course(late, rings=True, ring=0.3, talk=rng.uniform(0.1, 1.0))


def _network(rng: Random) -> float:
    return rng.uniform(0.01, 0.1)


def _rung(rng: Random, *, code: int | None = None, talk: float | None = None) -> Course:
    ring = rng.uniform(0.1, 1.0)
    return Course(_network(rng), rings=True, ring=ring, code=code, talk=talk)


_COURSES: dict[Kind, Callable[[Random], Course]] = {
    "busy": _busy,
    "no_answer": _no_answer,
    "rings_on": _rings_on,
    "rejected": _rejected,
    "vacant": _vacant,
    "congestion": _congestion,
    "trunk_failure": _trunk_failure,
    "hangs_up": _hangs_up,
    "stays": _stays,
    "slow": _slow,
}
