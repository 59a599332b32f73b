"""What is asked in halves says what the whole question says."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from campanile.compliance.hours import CampaignHours, Place, is_open
from campanile.pacing.openings import Openings
from campanile.pacing.running import Running

ZONES = ["America/New_York", "America/Chicago", "Europe/London", "Asia/Kolkata"]
SPRING_AND_AUTUMN = [date(2026, 3, 8), date(2026, 3, 29), date(2026, 11, 1)]
rooms = st.integers(min_value=10, max_value=125).map(lambda s: timedelta(seconds=s))
times = st.times().map(lambda t: t.replace(microsecond=0))
instants = st.builds(
    lambda day, clock, n: datetime.combine(day + timedelta(days=n), clock, UTC),
    st.sampled_from(SPRING_AND_AUTUMN) | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.times(),
    st.integers(-1, 1),
)
places = st.builds(
    Place,
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(
        lambda zones: tuple(sorted(zones))
    ),
    jurisdictions=st.sampled_from([("GB",), ("US-NY",), ("US-AL", "US-TX"), ()]),
)


def running(hours: CampaignHours, room: timedelta) -> Running:
    return Running(
        id=UUID(int=5),
        organization_id=UUID(int=1),
        root_id=UUID(int=1),
        agent_id=UUID(int=2),
        number_id=None,
        hours=hours,
        room=room,
        max_concurrent=1,
    )


@given(st.sampled_from(ZONES), times, times, places, instants, rooms)
def test_the_halves_together_are_the_whole(
    zone: str, start: time, end: time, place: Place, at: datetime, room: timedelta
) -> None:
    campaign = running(CampaignHours.daily(zone, start, end), room)
    hours = Openings()
    hours.turn_to(at, {7: place})
    halves = bool(hours.campaigns({campaign.id: campaign})) and hours.lawful(7, room)
    assert halves == is_open(campaign.hours, place, at, room=room)


def test_a_profile_without_zones_is_left_to_the_workers_explanation() -> None:
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    hours = Openings()
    hours.turn_to(midnight, {1: Place(())})
    assert hours.lawful(1, timedelta(seconds=35))


@given(st.lists(instants, min_size=1, max_size=4))
def test_nothing_is_remembered_from_another_instant_or_of_another_schedule(
    moments: list[datetime],
) -> None:
    hours = Openings()
    room = timedelta(seconds=35)
    for at in moments:
        for start, end in ((time(9), time(17)), (time(17), time(9))):
            campaign = running(CampaignHours.daily("Europe/London", start, end), room)
            hours.turn_to(at, {})
            fresh = Openings()
            fresh.turn_to(at, {})
            wanted = {campaign.id: campaign}
            assert hours.campaigns(wanted) == fresh.campaigns(wanted)
