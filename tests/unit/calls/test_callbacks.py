"""Reading "call me back …" by the callee's own clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.calls.callbacks import LONGEST, requested_instant

NEW_YORK = ("America/New_York",)
AMSTERDAM = ("Europe/Amsterdam",)
NOON = "2026-11-23 12:00"  # a Monday


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def asked(
    text: str,
    *,
    now: str = NOON,
    zones: tuple[str, ...] = NEW_YORK,
    language: str = "en",
) -> datetime | None:
    """By the clock of the first zone."""
    instant = requested_instant(text, at(now, zones[0]), zones=zones, language=language)
    return None if instant is None else instant.astimezone(ZoneInfo(zones[0]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in one minute please", "11-23 12:01"),
        ("could you try again in half an hour", "11-23 12:30"),
        ("in an hour", "11-23 13:00"),
        ("in an hour and a half", "11-23 13:30"),
        ("in two and a half hours", "11-23 14:30"),
        ("in a couple of hours", "11-23 14:00"),
        ("give me twenty minutes", "11-23 12:20"),
        ("in twenty five minutes", "11-23 12:25"),
        ("in a quarter of an hour", "11-23 12:15"),
        ("in a few hours", "11-23 15:00"),
        ("in three days", "11-26 12:00"),
        ("in three days at ten", "11-26 10:00"),
        ("in two weeks", "12-07 12:00"),
        ("tomorrow", "11-24 10:00"),
        ("tomorrow at ten", "11-24 10:00"),
        ("tomorrow at three", "11-24 15:00"),
        ("tomorrow morning", "11-24 09:00"),
        ("tomorrow evening at eight", "11-24 20:00"),
        ("the day after tomorrow", "11-25 10:00"),
        ("at 15:30", "11-23 15:30"),
        ("at 18.45", "11-23 18:45"),
        ("at 3.30 pm", "11-23 15:30"),
        ("call me at 9:15", "11-24 09:15"),
        ("Thursday afternoon", "11-26 14:00"),
        ("on Monday at nine", "11-30 09:00"),
        ("next Tuesday morning", "12-01 09:00"),
        ("this Tuesday morning", "11-24 09:00"),
        ("Tuesday next week", "12-01 10:00"),
        ("next week", "11-30 10:00"),
        ("next month", "12-01 10:00"),
        ("at eleven", "11-24 11:00"),  # eleven has passed today
        ("after six", "11-23 18:00"),
        ("call me after six please", "11-23 18:00"),
        ("sometime after six o'clock", "11-23 18:00"),
        ("not before ten", "11-24 10:00"),
        ("don't call me before ten tomorrow", "11-24 10:00"),
        ("before six", "11-23 17:00"),
        ("at eight", "11-23 20:00"),
        ("at seven", "11-23 19:00"),
        ("half past five", "11-23 17:30"),
        ("at half five", "11-23 17:30"),
        ("quarter to three", "11-23 14:45"),
        ("a quarter past two", "11-23 14:15"),
        ("ten past four", "11-23 16:10"),
        ("twenty five to six", "11-23 17:35"),
        ("five thirty", "11-23 17:30"),
        ("at six pm", "11-23 18:00"),
        ("at 6 p.m.", "11-23 18:00"),
        ("at 10am tomorrow", "11-24 10:00"),
        ("at noon", "11-24 12:00"),
        ("tomorrow at noon", "11-24 12:00"),
        ("six in the evening", "11-23 18:00"),
        ("in the evening", "11-23 18:00"),
        ("in the morning", "11-24 09:00"),
        ("tonight", "11-23 19:00"),
        ("tonight at eight", "11-23 20:00"),
        ("this afternoon", "11-23 14:00"),
        ("after work", "11-23 17:30"),
        ("after lunch", "11-23 13:30"),
        ("this weekend", "11-28 10:00"),
        ("at the weekend", "11-28 10:00"),
        ("next weekend", "12-05 10:00"),
        ("on Saturday evening", "11-28 18:00"),
        ("on the third of December", "12-03 10:00"),
        ("december 3rd at half past two", "12-03 14:30"),
        ("on the 24th", "11-24 10:00"),
        ("2026-11-25 15:00", "11-25 15:00"),
        ("2026-11-25T15:00", "11-25 15:00"),
        ("six", "11-23 18:00"),
    ],
)
def test_english(text: str, expected: str) -> None:
    assert asked(text) == at(f"2026-{expected}", *NEW_YORK), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("over een uurtje", "11-23 13:00"),
        ("over twee uur", "11-23 14:00"),
        ("over een half uur", "11-23 12:30"),
        ("over een kwartier", "11-23 12:15"),
        ("over anderhalf uur", "11-23 13:30"),
        ("over tien minuten", "11-23 12:10"),
        ("over drie dagen om tien uur", "11-26 10:00"),
        ("morgen om tien", "11-24 10:00"),
        ("morgenochtend", "11-24 09:00"),
        ("morgenmiddag om drie uur", "11-24 15:00"),
        ("overmorgen", "11-25 10:00"),
        ("vanavond", "11-23 19:00"),
        ("vanavond om acht uur", "11-23 20:00"),
        ("vanmiddag", "11-23 14:00"),
        ("na zessen", "11-23 18:00"),
        ("na zes uur", "11-23 18:00"),
        ("bel me na zessen maar", "11-23 18:00"),
        ("tegen vijven", "11-23 17:00"),
        ("om half vijf", "11-23 16:30"),
        ("half vijf", "11-23 16:30"),
        ("kwart voor drie", "11-23 14:45"),
        ("kwart over twee", "11-23 14:15"),
        ("vijf over half zes", "11-23 17:35"),
        ("tien voor half zes", "11-23 17:20"),
        ("om een uur", "11-23 13:00"),
        ("een uur of vijf", "11-23 17:00"),
        ("om 18.30 uur", "11-23 18:30"),
        ("om 18 uur", "11-23 18:00"),
        ("niet voor tien uur", "11-24 10:00"),
        ("'s avonds", "11-23 18:00"),
        ("om zeven uur 's avonds", "11-23 19:00"),
        ("'s ochtends", "11-24 09:00"),
        ("na het werk", "11-23 17:30"),
        ("volgende week dinsdag", "12-01 10:00"),
        ("volgende week", "11-30 10:00"),
        ("donderdagmiddag", "11-26 14:00"),
        ("donderdag in de middag", "11-26 14:00"),
        ("dit weekend", "11-28 10:00"),
        ("op 3 december om half drie", "12-03 14:30"),
        ("de 24e", "11-24 10:00"),
    ],
)
def test_dutch(text: str, expected: str) -> None:
    read = asked(text, zones=AMSTERDAM, language="nl")
    assert read == at(f"2026-{expected}", *AMSTERDAM), text


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    "text",
    ["later", "some other time", "", "whenever you like", "een andere keer", "?"],
)
def test_what_names_no_time_is_none(text: str, language: str) -> None:
    assert asked(text, language=language) is None


def test_what_has_begun_already_is_soon() -> None:
    assert asked("tonight", now="2026-11-23 20:15") == at("2026-11-23 20:45", *NEW_YORK)
    assert asked("this weekend", now="2026-11-28 15:00") == at(
        "2026-11-28 15:30", *NEW_YORK
    )


def test_in_any_of_several_zones_it_is_never_earlier_than_asked() -> None:
    """A number of Idaho may be in Boise or in Los Angeles."""
    zones = ("America/Boise", "America/Los_Angeles")
    instant = requested_instant("after six", at(NOON, zones[0]), zones=zones)
    assert instant is not None
    local = [instant.astimezone(ZoneInfo(zone)).hour for zone in zones]
    assert local == [19, 18]


def test_without_a_zone_nothing_can_be_read() -> None:
    assert requested_instant("after six", datetime.now(UTC), zones=()) is None


def test_an_hour_that_the_clocks_skip_comes_later() -> None:
    read = asked("at half past two in the morning", now="2027-03-13 12:00")
    assert read == at("2027-03-14 03:30", *NEW_YORK)


def test_an_hour_that_comes_twice_is_the_second() -> None:
    read = asked(
        "at half past one in the morning", now="2027-10-30 22:00", zones=AMSTERDAM
    )
    assert read == at("2027-10-31 01:30", *AMSTERDAM)
    twice = requested_instant(
        "half past two in the morning",
        at("2027-10-30 22:00", *AMSTERDAM),
        zones=AMSTERDAM,
    )
    assert twice == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


def test_what_lies_farther_ahead_than_anybody_means_is_not_invented() -> None:
    now = at(NOON, *NEW_YORK)
    for text in ("on the 29th of february", "in 900 weeks"):
        assert requested_instant(text, now, zones=NEW_YORK) is None


PIECES = (
    "in a couple of hours days weeks minutes at after before not half past quarter to "
    "six seven ten twelve 15:30 25:99 99 pm am tonight tomorrow next this weekend week "
    "monday friday morning evening noon the 31st of february december thirtieth an no "
    "can't busy but end later early christmas 2026-12-24T22:00:00Z niet behalve vandaag "
    "morgen kan ik eind volgende maand second of until half an hour fortnight 15.12. 15/12 "
    "away kwartier tot weg tweede van januari"
)


@given(
    words=st.lists(st.sampled_from(PIECES.split()), max_size=8),
    seconds=st.integers(0, 3 * 366 * 86400),
    zone=st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Europe/London"]),
    language=st.sampled_from(["en", "nl"]),
)
def test_whatever_is_said_the_instant_lies_ahead_and_not_too_far(
    words: list[str], seconds: int, zone: str, language: str
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    for text in (" ".join(words), " ".join(words).replace("at", "om")):
        instant = requested_instant(text, now, zones=(zone,), language=language)
        assert instant is None or now < instant <= now + LONGEST, text
