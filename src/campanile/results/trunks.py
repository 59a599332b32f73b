"""How each trunk did of late: the facts of `campanile trunk list`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from campanile.calls.outcomes import Disposition
from campanile.capacity.breaker_rows import sick
from campanile.capacity.models import Breaker
from campanile.capacity.symptoms import Sign, of_trunk
from campanile.clock import now
from campanile.trunks.models import Trunk

WINDOW = timedelta(hours=1)
CODES = 5
"""Shown, the latest first."""


@dataclass(frozen=True, slots=True)
class TrunkReport:
    name: str
    address: str
    state: str
    """`well`, `disabled`, or the breaker's `open` or `half_open`"""
    reason: str
    retry_at: datetime | None
    calls: int
    """that ended, of those dialed in the last hour"""
    answered: int
    failed: int
    """for which the trunk is to blame"""
    codes: list[int]
    """SIP statuses of the latest calls"""

    @property
    def answer_rate(self) -> float:
        return self.answered / self.calls if self.calls else 0.0

    @property
    def failure_share(self) -> float:
        return self.failed / self.calls if self.calls else 0.0


def trunk_reports(session: Session) -> list[TrunkReport]:
    """Every trunk, by name."""
    calls = _recent(session)
    resting = {row.key: row for row in sick(session)}
    trunks = session.exec(select(Trunk).order_by(col(Trunk.name))).all()
    return [
        _report(trunk, resting.get(str(trunk.id)), calls[trunk.id]) for trunk in trunks
    ]


@dataclass(frozen=True, slots=True)
class _Call:
    disposition: Disposition
    end_reason: str
    sip_code: int | None
    rang: bool
    answered: bool

    @property
    def failed(self) -> bool:
        sign = of_trunk(self.disposition, self.end_reason, rang=self.rang)
        return sign is Sign.FAILED


def _report(
    trunk: Trunk, breaker: Breaker | None, calls: Sequence[_Call]
) -> TrunkReport:
    state = "well" if breaker is None else breaker.state.value
    return TrunkReport(
        name=trunk.name,
        address=trunk.address,
        state=state if trunk.is_active else "disabled",
        reason="" if breaker is None else breaker.reason,
        retry_at=None if breaker is None else breaker.retry_at,
        calls=len(calls),
        answered=sum(call.answered for call in calls),
        failed=sum(call.failed for call in calls),
        codes=[call.sip_code for call in calls if call.sip_code][:CODES],
    )


def _recent(session: Session) -> defaultdict[UUID, list[_Call]]:
    """Of each trunk, the latest first. By campaign, as the index of attempts is."""
    rows = session.execute(
        sa.text(
            """
            SELECT a.trunk_id, a.disposition, coalesce(a.end_reason, ''), a.sip_code,
                   coalesce(a.ringing_at, a.answered_at) IS NOT NULL,
                   a.answered_at IS NOT NULL
              FROM campaign c
             CROSS JOIN LATERAL (
                   SELECT * FROM attempt
                    WHERE campaign_id = c.id AND dialed_at >= :since
                      AND state IN ('ended', 'reported')) a
             ORDER BY a.dialed_at DESC
            """
        ),
        {"since": now() - WINDOW},
    )
    found: defaultdict[UUID, list[_Call]] = defaultdict(list)
    for trunk_id, disposition, *facts in rows:
        found[trunk_id].append(_Call(Disposition(disposition), *facts))
    return found
