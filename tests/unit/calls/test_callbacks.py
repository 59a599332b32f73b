"""Reading "call me back …" by the callee's own clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from campanile.calls.callbacks import requested_instant

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("America/New_York"))  # a Monday


@pytest.mark.parametrize(
    ("text", "day", "hour", "minute"),
    [
        ("in one minute please", 23, 12, 1),
        ("could you try again in half an hour", 23, 12, 30),
        ("in an hour", 23, 13, 0),
        ("tomorrow", 24, 10, 0),
        ("tomorrow at ten", 24, 10, 0),
        ("tomorrow at three", 24, 15, 0),
        ("at 15:30", 23, 15, 30),
        ("Thursday afternoon", 26, 14, 0),
        ("on Monday at nine", 30, 9, 0),
        ("at eleven", 24, 11, 0),  # eleven has passed today
    ],
)
def test_english(text: str, day: int, hour: int, minute: int) -> None:
    assert requested_instant(text, NOW) == NOW.replace(
        day=day, hour=hour, minute=minute
    )


@pytest.mark.parametrize(
    ("text", "day", "hour"),
    [("over een uurtje", 23, 13), ("morgen om tien", 24, 10), ("vanavond", 23, 19)],
)
def test_dutch(text: str, day: int, hour: int) -> None:
    read = requested_instant(text, NOW, language="nl")
    assert read == NOW.replace(day=day, hour=hour)


@pytest.mark.parametrize("text", ["later", "some other time", ""])
def test_what_names_no_time_is_none(text: str) -> None:
    assert requested_instant(text, NOW) is None
