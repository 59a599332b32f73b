"""Each guard, taken out: changes to a copy of the product's sources.

A mutant names what it removes, the verdict that must then be red, and what makes that
likely within a short slice. The product itself knows nothing of this. A change that no
longer fits the source is an error (tests/unit/chaos/test_mutants.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chaos.faults import Kind


@dataclass(frozen=True, slots=True)
class Change:
    file: str
    """below the repository"""
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    guard: str
    verdicts: tuple[str, ...]
    """any of these, by their names' beginnings"""
    changes: tuple[Change, ...] = ()
    sql: tuple[str, ...] = ()
    """run once after the migration"""
    faults: Mapping[Kind, float] = field(default_factory=dict)
    """how many times as often as usual; what is not named does not happen"""
    scenario: int = 6
    """of world.SCENARIOS; by default nothing closes but the campaigns' own windows"""
    retry_delay: int | None = None
    """of every campaign, where it matters"""
    shared: float = 0.2
    """the part of leads whose number stands in another campaign, too"""
    restores: bool = False
