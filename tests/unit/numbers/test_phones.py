"""What a number says about itself."""

import pytest

from campanile.numbers.phones import NotANumber, parse


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+1 (212) 555-0123", None, "+12125550123"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("+44 20 7946 0958", "US", "+442079460958"),
    ],
)
def test_numbers_are_read_as_people_write_them(
    text: str, region: str | None, e164: str
) -> None:
    assert parse(text, default_region=region).e164 == e164


def test_a_number_has_every_zone_it_may_be_in() -> None:
    assert parse("+12125550123").zones == ("America/New_York",)
    assert parse("+12085550123").zones == ("America/Boise", "America/Los_Angeles")


@pytest.mark.parametrize(
    "text", ["", "hello", "12345", "+1 212 055 0123", "2125550123"]
)
def test_what_cannot_be_rung_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        parse(text)
