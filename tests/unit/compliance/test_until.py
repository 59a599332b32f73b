"""The instant a refusal names: yes from then on, and no before it."""

from datetime import date, datetime, time, timedelta

from hypothesis import given, note, settings
from hypothesis import strategies as st

from campanile.compliance.hours import (
    CampaignHours,
    Place,
    Span,
    is_open,
    next_open,
    next_open_for_all,
    open_spans,
)
from campanile.compliance.may_dial import Allowed, Caps, Dial, Facts, Refused, may_dial
from support.legal_facts import FACTS, MANHATTAN, ROOM, facts, utc

ZONES = [
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Paris",
    "Pacific/Auckland",
    "UTC",
]
JURISDICTIONS = ["US-FL", "US-LA", "US-RI", "US-PA", "US-OR", "GB", "FR", "AU", "XX"]
TINY = timedelta(microseconds=1)
DAY = timedelta(days=1)

instants = st.datetimes(
    min_value=datetime(2025, 6, 1),  # noqa: DTZ001  made aware below
    max_value=datetime(2028, 6, 1),  # noqa: DTZ001
).map(lambda naive: naive.replace(tzinfo=utc(1).tzinfo))
clock_times = st.builds(
    time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]), st.just(0)
)
spans = st.none() | st.builds(Span, clock_times, clock_times)
places = st.builds(
    Place,
    st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(
        lambda zones: tuple(sorted(zones))
    ),
    st.lists(st.sampled_from(JURISDICTIONS), max_size=2, unique=True).map(
        lambda codes: tuple(sorted(codes))
    ),
)
days = st.dates(date(2025, 6, 1), date(2028, 6, 1))
hours = st.builds(
    CampaignHours,
    st.sampled_from(ZONES),
    st.tuples(*[spans] * 7),
    st.none() | days,
    st.none() | days,
)
counts = st.none() | st.integers(1, 4)
caps = st.builds(Caps, counts, counts, counts, st.none() | st.integers(3, 9))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Facts, datetime]:
    now = draw(instants)
    ago = st.timedeltas(timedelta(days=-1), timedelta(days=12)).map(lambda d: now - d)
    later = st.none() | st.timedeltas(-DAY, 30 * DAY).map(lambda d: now + d)
    case = facts(
        place=draw(places),
        hours=draw(hours),
        not_before=draw(later),
        not_after=draw(later),
        quarantined_until=draw(later),
        dials=tuple(
            Dial(at, draw(st.sampled_from(["roof", "solar", None])))
            for at in draw(st.lists(ago, max_size=6))
        ),
        caps=tuple(draw(st.lists(caps, max_size=2))),
        subject=draw(st.sampled_from(["roof", None])),
    )
    return case, now


@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_answer_is_yes_at_the_instant_it_names_and_no_before(
    case: tuple[Facts, datetime],
) -> None:
    the_facts, now = case
    refused = may_dial(the_facts, now)
    if isinstance(refused, Allowed):
        return
    note(f"{refused}")
    if refused.until is None:
        for days_on in (1, 3, 10, 40, 100, 200, 399):
            later = may_dial(the_facts, now + timedelta(days=days_on, hours=days_on))
            assert isinstance(later, Refused)
        return
    assert refused.until > now
    assert isinstance(may_dial(the_facts, refused.until), Allowed)
    waiting = refused.until - now
    for part in (0.1, 0.5, 0.9, 0.99):
        assert isinstance(may_dial(the_facts, now + part * waiting), Refused)
    assert isinstance(may_dial(the_facts, refused.until - TINY), Refused)


@settings(max_examples=120, deadline=None)
@given(hours, places, instants)
def test_the_next_opening_is_the_first(
    window: CampaignHours, place: Place, after: datetime
) -> None:
    opens = next_open(window, place, after, room=ROOM)
    if opens is None:
        assert not any(
            is_open(window, place, after + n * timedelta(hours=7), room=ROOM)
            for n in range(400)
        )
        return
    assert is_open(window, place, opens, room=ROOM)
    if opens > after:
        assert not is_open(window, place, opens - TINY, room=ROOM)
        step = (opens - after) / 50
        assert not any(
            is_open(window, place, after + n * step, room=ROOM) for n in range(50)
        )


@settings(max_examples=100, deadline=None)
@given(hours, places, instants)
def test_open_now_and_opening_now_are_the_same(
    window: CampaignHours, place: Place, after: datetime
) -> None:
    opens = next_open(window, place, after, room=ROOM) or after
    [(start, end)] = [
        (start, end)
        for start, end in open_spans(window, place, opens.date())
        if start <= opens < end
    ] or [(opens, opens)]
    for at in (after, opens, end - ROOM, end - ROOM + TINY, end - TINY, end):
        now_is_first = next_open(window, place, at, room=ROOM) == at
        assert is_open(window, place, at, room=ROOM) == now_is_first
        if start < at < end:
            assert now_is_first == (at + ROOM <= end)


@settings(max_examples=50, deadline=None)
@given(hours, places, instants, st.timedeltas(timedelta(0), timedelta(hours=2)))
def test_more_room_never_opens_earlier(
    window: CampaignHours, place: Place, after: datetime, more: timedelta
) -> None:
    some = next_open(window, place, after, room=ROOM)
    roomier = next_open(window, place, after, room=ROOM + more)
    if roomier is not None:
        assert some is not None
        assert some <= roomier


@settings(max_examples=50, deadline=None)
@given(st.lists(places, min_size=1, max_size=3), instants)
def test_all_open_together_is_open_for_each(
    several: list[Place], after: datetime
) -> None:
    pairs = [(FACTS.hours, place) for place in several]
    opens = next_open_for_all(pairs, after, room=ROOM)
    if opens is None:
        return
    assert all(is_open(*pair, opens, room=ROOM) for pair in pairs)


def test_a_refused_lead_is_not_asked_again_before_it_helps() -> None:
    """Five hundred leads with one number and one cap: one question each, not a spin."""
    earlier = tuple(Dial(utc(23, 13) + n * timedelta(minutes=1)) for n in range(500))
    capped = facts(place=MANHATTAN, caps=(Caps(per_24h=1, per_day=1),), dials=earlier)
    refused = may_dial(capped, utc(23, 22))
    assert isinstance(refused, Refused)
    assert refused.until == earlier[-1].at + DAY
    assert isinstance(may_dial(capped, refused.until), Allowed)
