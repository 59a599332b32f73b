"""A call whose lease is lost ends; one that cannot be renewed ends in time."""

from uuid import UUID, uuid4

from sqlalchemy.exc import OperationalError

from campanile.dialing.leases import LeaseKeeper


class Rows:
    """Which attempts the database still has as ours."""

    def __init__(self, *ours: UUID) -> None:
        self.ours = set(ours)
        self.away = False

    async def renew(self, asked: list[UUID]) -> set[UUID]:
        if self.away:
            raise OperationalError("UPDATE", {}, Exception("no route"))
        return self.ours & set(asked)


def keeper(rows: Rows, *, give_up_after: float = 45.0) -> LeaseKeeper:
    return LeaseKeeper(rows.renew, every=5.0, give_up_after=give_up_after)


async def test_a_renewed_call_goes_on_and_a_lost_one_ends_once() -> None:
    kept, taken = uuid4(), uuid4()
    rows = Rows(kept)
    leases = keeper(rows)
    lost: list[UUID] = []
    for call in (kept, taken):
        leases.hold(call, lambda call=call: lost.append(call))
    await leases.renew_once()
    await leases.renew_once()
    assert lost == [taken]
    assert leases.held == 1


async def test_while_the_database_is_away_calls_go_on_until_the_limit() -> None:
    call = uuid4()
    rows = Rows(call)
    rows.away = True
    lost: list[UUID] = []
    patient, strict = keeper(rows), keeper(rows, give_up_after=-1.0)
    patient.hold(call, lambda: lost.append(call))
    await patient.renew_once()
    assert lost == []
    strict.hold(call, lambda: lost.append(call))
    await strict.renew_once()
    assert lost == [call]


async def test_a_call_that_ended_is_not_renewed() -> None:
    call = uuid4()
    leases = keeper(Rows())
    leases.hold(call, lambda: None)
    leases.let_go(call)
    await leases.renew_once()
    assert leases.held == 0
