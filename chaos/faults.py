"""Which faults a round suffers and when, drawn from its seed. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from signal import SIGINT, SIGKILL, SIGQUIT, Signals
from typing import Literal

Kind = Literal[
    "kill worker",
    "freeze worker",
    "kill scheduler",
    "freeze scheduler",
    "kill redis",
    "flush redis",
    "kill exchange",
    "freeze exchange",
    "stop postgres",
    "freeze postgres",
    "hold postgres",
    "kill backend",
    "kill jobs",
    "double",
    "forge",
    "clock",
    "suppress",
    "pause",
    "stop",
    "cps",
    "cancel",
    "backup",
    "restore",
]

PER_MINUTE: dict[Kind, float] = {
    "kill worker": 1.2,
    "freeze worker": 1.6,
    "kill scheduler": 0.8,
    "freeze scheduler": 0.8,
    "kill redis": 0.4,
    "flush redis": 0.8,
    "kill exchange": 0.2,
    "freeze exchange": 0.3,
    "stop postgres": 0.2,
    "freeze postgres": 0.4,
    "hold postgres": 0.03,
    "kill backend": 0.4,
    "kill jobs": 0.4,
    "double": 30.0,
    "forge": 24.0,
    "clock": 0.8,
    "suppress": 30.0,
    "pause": 4.0,
    "stop": 2.0,
    "cps": 4.0,
    "cancel": 0.2,
}
"""How often each happens: together about a hundred a minute of the faults' clock, one in
every seven attempts."""

FROZEN = {0.5: 4, 1.5: 3, 3.0: 2, 6.0: 1, 12.0: 1}
"""Seconds: how often. With the scaled times: below the renewal, below and above the gateway
session's end, above the lease. 60 s of the real times are 18 of these."""
LONG_FROZEN = 18.0
HELD = 30.0
"""Seconds without PostgreSQL, after which no call may be left: longer than the
self-hang-up and a closing sentence."""
CLOCK_STEPS = (-86_400.0, -3600.0, -8.0, -2.0, 2.0, 8.0, 3600.0, 86_400.0)


@dataclass(frozen=True, slots=True)
class Fault:
    at: float
    """seconds of the faults' own clock, which runs as fast as it rings (round.py)"""
    kind: Kind
    seconds: float = 0.0
    """how long it lasts, where it lasts"""
    signal: Signals = SIGKILL
    step: float = 0.0
    """of a clock"""


def draw(
    seed: int, *, begin: float, end: float, often: Mapping[Kind, float]
) -> list[Fault]:
    """Every fault between two instants (s), in order; `often` multiplies how often, and
    what it does not name does not happen."""
    rng = Random(f"faults {seed}")
    faults = []
    for kind, per_minute in PER_MINUTE.items():
        t, rate = begin, per_minute * often.get(kind, 0.0) / 60
        while rate > 0 and (t := t + rng.expovariate(rate)) < end:
            faults.append(_LASTS.get(kind, _at_once)(t, kind, rng))
    return sorted(faults, key=lambda fault: fault.at)


def with_restore(faults: list[Fault], *, backup: float, restore: float) -> list[Fault]:
    """The same, and the database put back to what it was; rates, which the judge would
    have to guess after it, are left alone."""
    drill = [Fault(backup, "backup"), Fault(restore, "restore")]
    others = [fault for fault in faults if fault.kind != "cps"]
    return sorted([*others, *drill], key=lambda fault: fault.at)


def _at_once(t: float, kind: Kind, _rng: Random) -> Fault:
    return Fault(t, kind)


def _frozen(t: float, kind: Kind, rng: Random) -> Fault:
    long = rng.random() < 0.04
    return Fault(
        t,
        kind,
        LONG_FROZEN if long else rng.choices([*FROZEN], weights=[*FROZEN.values()])[0],
    )


def _held(t: float, kind: Kind, _rng: Random) -> Fault:
    return Fault(t, kind, HELD)


def _down(t: float, kind: Kind, rng: Random) -> Fault:
    return Fault(t, kind, rng.choice((0.0, 0.0, 1.0, 4.0)))


def _database(t: float, kind: Kind, rng: Random) -> Fault:
    how = rng.choice((SIGINT, SIGQUIT))  # fast, immediate
    return Fault(t, kind, rng.choice((0.0, 1.0, 5.0)), how)


def _for_a_while(t: float, kind: Kind, rng: Random) -> Fault:
    return Fault(t, kind, rng.uniform(2.0, 8.0))


def _stepped(t: float, kind: Kind, rng: Random) -> Fault:
    return Fault(t, kind, rng.uniform(3.0, 10.0), step=rng.choice(CLOCK_STEPS))


_LASTS: dict[Kind, Callable[[float, Kind, Random], Fault]] = {
    "freeze worker": _frozen,
    "freeze scheduler": _frozen,
    "freeze exchange": _frozen,
    "freeze postgres": _frozen,
    "hold postgres": _held,
    "kill worker": _down,
    "kill scheduler": _down,
    "kill redis": _down,
    "kill exchange": _down,
    "kill jobs": _down,
    "stop postgres": _database,
    "pause": _for_a_while,
    "stop": _for_a_while,
    "double": _for_a_while,
    "clock": _stepped,
}
