"""Pacing never exceeds a limit, wastes no room and is fair."""

from dataclasses import replace
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from campanile.pacing.policy import MOST_PER_TICK, Demand, Room, TrunkRoom, allot

TRUNKS = [UUID(int=1), UUID(int=2)]
counts = st.integers(min_value=0, max_value=50)
trunk_rooms = st.builds(
    TrunkRoom,
    channels=counts,
    live=counts,
    claimed=counts,
    calls_per_second=st.floats(min_value=0.5, max_value=20),
    reserved_seconds=st.floats(min_value=-5, max_value=5),
    most=st.none() | st.just(1),
)
AGENTS = [UUID(int=3), UUID(int=4)]
rooms = st.builds(
    Room,
    worker_slots=counts,
    live=counts,
    provider_slots=counts,
    trunks=st.fixed_dictionaries(dict.fromkeys(TRUNKS, trunk_rooms)),
    on_trial=st.frozensets(st.sampled_from(AGENTS)),
)
demands = st.lists(
    st.builds(
        Demand,
        campaign_id=st.uuids(),
        trunk_id=st.sampled_from(TRUNKS),
        agent_id=st.sampled_from(AGENTS),
        wants=counts,
    ),
    max_size=8,
    unique_by=lambda d: d.campaign_id,
)


@given(rooms, demands)
def test_no_limit_is_ever_exceeded(room: Room, wanted: list[Demand]) -> None:
    given_ = allot(room, wanted)
    assert sum(given_.values()) <= room.free
    for demand in wanted:
        assert given_.get(demand.campaign_id, 0) <= demand.wants
    for agent in room.on_trial:
        mine = [d.campaign_id for d in wanted if d.agent_id == agent]
        assert sum(given_.get(campaign, 0) for campaign in mine) <= 1
    for trunk_id, trunk in room.trunks.items():
        used = sum(
            given_.get(d.campaign_id, 0) for d in wanted if d.trunk_id == trunk_id
        )
        assert used <= trunk.free


@given(rooms, demands)
def test_room_is_not_left_while_somebody_wants_it(
    room: Room, wanted: list[Demand]
) -> None:
    given_ = allot(room, wanted)
    left = room.free - sum(given_.values())
    for demand in wanted:
        trunk = room.trunks[demand.trunk_id]
        on_trunk = sum(
            given_.get(d.campaign_id, 0)
            for d in wanted
            if d.trunk_id == demand.trunk_id
        )
        could_take = (
            given_.get(demand.campaign_id, 0) < demand.wants
            and on_trunk < trunk.free
            and demand.agent_id not in room.on_trial
        )
        assert not (left and could_take)


def test_two_campaigns_share_evenly() -> None:
    trunk = TrunkRoom(channels=10, live=0, claimed=0, calls_per_second=10)
    room = Room(worker_slots=10, live=0, provider_slots=10, trunks={TRUNKS[0]: trunk})
    one, other = (Demand(uuid4(), TRUNKS[0], AGENTS[0], wants=10) for _ in "ab")
    assert allot(room, [one, other]) == {one.campaign_id: 5, other.campaign_id: 5}


def test_who_waited_longest_gets_the_only_place() -> None:
    trunk = TrunkRoom(channels=1, live=0, claimed=0, calls_per_second=10)
    room = Room(worker_slots=9, live=0, provider_slots=9, trunks={TRUNKS[0]: trunk})
    one, other = (Demand(uuid4(), TRUNKS[0], AGENTS[0], wants=10) for _ in "ab")
    assert allot(room, [other, one]) == {other.campaign_id: 1}


def test_a_slow_trunk_keeps_a_short_queue_of_claims() -> None:
    slow = TrunkRoom(channels=100, live=2, claimed=2, calls_per_second=1)
    assert slow.free == 0


def test_nobody_is_claimed_while_instants_are_taken_for_two_seconds_ahead() -> None:
    trunk = TrunkRoom(channels=100, live=20, claimed=0, calls_per_second=10)
    for reserved, free in ((0.0, 20), (0.55, 15), (1.95, 1), (2.0, 0), (3.0, 0)):
        assert replace(trunk, reserved_seconds=reserved).free == free


def test_where_calls_take_long_to_prepare_two_seconds_of_them_are_claimed() -> None:
    trunk = TrunkRoom(channels=100, live=20, claimed=0, calls_per_second=10)
    for claimed, free in ((0, 20), (10, 10), (15, 5), (20, 0)):
        assert replace(trunk, claimed=claimed).free == free


def test_a_tick_stays_short_however_much_room_there_is() -> None:
    assert Room(worker_slots=400, live=0, provider_slots=400).free == MOST_PER_TICK
