"""Nobody is called before the time they named: what is easily read as too early, and what
therefore is not read at all. It is Wednesday the second of December, half past ten.
"""

from datetime import datetime

import pytest

from support.callback_phrases import asked as read_at
from support.callback_phrases import both, local

WEDNESDAY = "12-02 10:30"


def asked(text: str, language: str, now: str = WEDNESDAY) -> datetime | None:
    return read_at(text, language, now)


@both(
    [
        (
            "in the second week of January",
            "de tweede week van januari",
            "2027-01-11 10:00",
        ),
        (
            "the second Monday of January",
            "tweede maandag januari",
            "2027-01-11 10:00",
        ),
        ("the third week of January", "de 3e week van januari", "2027-01-18 10:00"),
        ("the third week of the month", "de derde week van de maand", "12-21 10:00"),
        (
            "the second week of next month",
            "de tweede week van volgende maand",
            "2027-01-11 10:00",
        ),
        ("the last week of January", "laatste week van januari", "2027-01-25 10:00"),
        (
            "the last Friday of January",
            "de laatste vrijdag van januari",
            "2027-01-29 10:00",
        ),
        ("the last day of the month", "de laatste dag van de maand", "12-31 10:00"),
        (
            "Thursday of the second week of January",
            "donderdag van de tweede week van januari",
            "2027-01-14 10:00",
        ),
        (
            "after the second week of January",
            "na de tweede week van januari",
            "2027-01-18 10:00",
        ),
        (
            "in the second half of January",
            "in de tweede helft van januari",
            "2027-01-16 10:00",
        ),
        (
            "the second half of next week",
            "de tweede helft van volgende week",
            "12-10 10:00",
        ),
        (
            "the last two weeks of January",
            "de laatste twee weken van januari",
            "2027-01-25 10:00",
        ),
        ("the first Monday", "de eerste maandag", "12-07 10:00"),
        ("a Monday in January", "een maandag in januari", "2027-01-04 10:00"),
        ("Monday next month", "maandag volgende maand", "2027-01-04 10:00"),
        ("the third", "de derde", "12-03 10:00"),
        ("Friday the 18th", "vrijdag de 18e", "12-18 10:00"),
    ]
)
def test_a_week_of_the_month_is_no_day_of_it(
    language: str, text: str, expected: str
) -> None:
    assert asked(text, language) == local(expected), text


@both(
    [
        ("ten minutes past six", "tien minuten over zes", "12-02 18:10"),
        ("ten minutes to four", "tien minuten voor vier", "12-02 15:50"),
        (
            "call me ten minutes to four tomorrow",
            "bel me morgen tien minuten voor vier",
            "12-03 15:50",
        ),
        ("half an hour after six", "een half uur na zessen", "12-02 18:30"),
        ("an hour after six", "een uur na zes uur", "12-02 19:00"),
        ("an hour before noon tomorrow", "", "12-03 11:00"),
        ("an hour after lunch tomorrow", "morgen een uur na de lunch", "12-03 14:30"),
        ("two hours after work", "twee uur na het werk", "12-02 19:30"),
        ("fifteen minutes after 18:00", "kwartier na 18:00", "12-02 18:15"),
        ("half an hour before one", "half uur voor één", "12-02 12:30"),
        (
            "five minutes past half six on Friday",
            "vrijdag vijf minuten over half zeven",
            "12-04 18:35",
        ),
        ("quarter to one tomorrow", "morgen kwart voor een", "12-03 12:45"),
        ("", "om half een morgen", "12-03 12:30"),
        ("at six fifty five", "zes uur vijfenvijftig", "12-02 18:55"),
        ("at 6 30", "16 uur 30", "12-02 {}"),
        ("after a meeting at six", "na een vergadering om zes uur", "12-02 18:00"),
        ("after 11 December at two", "na 11 december om twee uur", "12-12 14:00"),
        ("", "om drie uur na de lunch", "12-02 15:00"),
        ("", "om een uur of vijf", "12-02 17:00"),
    ]
)
def test_minutes_beside_a_time_are_no_delay(
    language: str, text: str, expected: str
) -> None:
    expected = expected.format("18:30" if language == "en" else "16:30")
    assert asked(text, language) == local(expected), text


@both(
    [
        ("in three quarters of an hour", "over drie kwartier", "12-02 11:15"),
        ("", "over vijf kwartier", "12-02 11:45"),
        ("", "over driekwart uur", "12-02 11:15"),
        ("in an hour and a quarter", "over een uur en een kwartier", "12-02 11:45"),
        (
            "in an hour and ten minutes",
            "over een uur en tien minuten",
            "12-02 11:40",
        ),
        ("in one and a half hour", "over anderhalf uur", "12-02 12:00"),
        ("in two and a half hour", "over twee en een half uur", "12-02 13:00"),
        ("in 1.5 hours", "over 1,5 uur", "12-02 12:00"),
        ("in half a day", "over een halve dag", "12-02 22:30"),
        ("in a day or two", "over een dag of twee", "12-04 10:30"),
        ("in a week or three", "over een week of drie", "12-23 10:30"),
        ("", "over een minuut of tien", "12-02 10:40"),
        ("in a month", "over een maand", "2027-01-02 10:30"),
        ("in forty eight hours", "over achtenveertig uur", "12-04 10:30"),
        ("three days before Christmas", "drie dagen voor kerst", "12-22 10:00"),
        ("a week after the weekend", "een week na het weekend", "12-13 10:00"),
        ("in two weeks, on the 20th", "over twee weken, op de 20e", "12-20 10:00"),
        ("in two weeks, after Christmas", "over twee weken, na kerst", "12-27 10:00"),
    ]
)
def test_a_delay_is_the_whole_of_it(language: str, text: str, expected: str) -> None:
    assert asked(text, language) == local(expected), text


@both(
    [
        ("just a second, call me on Friday", "momentje, bel vrijdag", "12-04 10:00"),
        (
            "wait a minute, tomorrow at ten",
            "één minuutje, morgen om tien",
            "12-03 10:00",
        ),
        ("I'm in a two hour meeting, call me at six", "", "12-02 18:00"),
        ("in an hour tomorrow", "morgen over een uur", "12-03 10:00"),
        ("in an hour", "over een uur", "12-02 11:30"),
        ("in an hour today", "vandaag over een uur", "12-02 11:30"),
    ]
)
def test_another_day_outweighs_an_hour(language: str, text: str, expected: str) -> None:
    assert asked(text, language) == local(expected), text


def test_an_hour_counts_where_the_other_day_is_today() -> None:
    saturday = "12-05 15:00"
    text = "this weekend, in an hour"
    assert asked(text, "en", now=saturday) == local("12-05 16:00")


@both(
    [
        ("15.12.", "15.12.", "12-15 10:00"),
        ("on 15.12.", "op 15.12.", "12-15 10:00"),
        ("on 15.12.2026 at ten", "op 15.12.2026 om tien uur", "12-15 10:00"),
        ("on 15.12 at ten", "op 15.12 om tien uur", "12-15 10:00"),
        ("12/15/2026 at ten", "15-12-2026 om tien uur", "12-15 10:00"),
        ("after 15.12.", "na 15.12.", "12-16 10:00"),
        ("at 15.12.", "om 15.12.", "12-02 15:12"),
        ("15.12", "15.12", "12-02 15:12"),
        ("at 18.45.", "om 18.45.", "12-02 18:45"),
        ("Dec. 20 at ten", "20 dec om tien uur", "12-20 10:00"),
        ("December twenty", "twintig december", "12-20 10:00"),
        ("on the fifteenth", "op de vijftiende", "12-15 10:00"),
        ("the 20th of next month", "de 20e van volgende maand", "2027-01-20 10:00"),
        ("in March on the 10th", "in maart op de 10e", "2027-03-10 10:00"),
        ("March next year", "in maart volgend jaar", "2027-03-01 10:00"),
        ("later in January", "later in januari", "2027-01-16 10:00"),
    ]
)
def test_a_date_is_no_time_and_is_in_its_month(
    language: str, text: str, expected: str
) -> None:
    assert asked(text, language) == local(expected), text


@both(
    [
        ("tomorrow week", "morgen over een week", "12-10 10:00"),
        ("a week tomorrow", "over een week morgen", "12-10 10:00"),
        ("Saturday week", "zaterdag over een week", "12-12 10:00"),
        ("Sunday week in the morning", "", "12-13 09:00"),
        ("Friday fortnight", "vrijdag over veertien dagen", "12-18 10:00"),
        ("not this weekend, the one after", "", "12-12 10:00"),
        ("this time next week", "volgende week zelfde tijd", "12-09 10:30"),
        ("same time tomorrow", "morgen om dezelfde tijd", "12-03 10:30"),
        ("the Monday after Christmas", "de maandag na kerst", "12-28 10:00"),
        ("the week after Christmas", "de week na kerst", "12-28 10:00"),
        ("Friday after the 20th", "vrijdag na de 20e", "12-25 10:00"),
        ("after Friday, Monday is fine", "na vrijdag, maandag kan", "12-07 10:00"),
    ]
)
def test_a_week_later_is_a_week_later(language: str, text: str, expected: str) -> None:
    assert asked(text, language) == local(expected), text


@both(
    [
        ("until Friday I'm away", "ik ben tot vrijdag weg", "12-04 10:00"),
        ("until Monday I'm busy", "tot maandag kan ik niet", "12-07 10:00"),
        ("before Friday I can't", "voor vrijdag kan ik niet", "12-04 10:00"),
        ("until the 20th I'm out", "ik ben tot 20 december weg", "12-20 10:00"),
        ("until after Christmas I'm away", "ik ben tot na kerst weg", "12-27 10:00"),
        (
            "until Friday evening I'm busy",
            "tot vrijdagavond ben ik bezet",
            "12-04 18:00",
        ),
        (
            "until Friday at six I'm busy",
            "tot vrijdag zes uur ben ik bezet",
            "12-04 18:00",
        ),
        ("", "tot vrijdag niet voor zes uur", "12-04 18:00"),
        ("until after lunch I'm busy", "tot na de lunch ben ik bezet", "12-02 13:30"),
        ("until Monday or Tuesday I'm away", "", "12-08 10:00"),
        (
            "until a week from Monday I'm away",
            "tot een week na maandag ben ik weg",
            "12-14 10:00",
        ),
        (
            "until the second week of January I'm away",
            "tot de tweede week van januari ben ik weg",
            "2027-01-11 10:00",
        ),
        (
            "I'm away until the end of January",
            "ik ben weg tot eind januari",
            "2027-02-01 10:00",
        ),
        (
            "before the end of the month I can't",
            "tot het einde van de maand ben ik weg",
            "2027-01-01 10:00",
        ),
        ("not until the end of next week", "pas eind volgende week", "12-11 10:00"),
        (
            "I'm away until Friday, call me Monday",
            "ik ben weg tot vrijdag, bel maandag",
            "12-07 10:00",
        ),
        ("I'm away until Monday, call me on Friday", "", "12-11 10:00"),
        (
            "I'm away until the 20th, call me on Monday",
            "ik ben weg tot de 20e, bel maandag",
            "12-21 10:00",
        ),
    ]
)
def test_until_friday_they_cannot_be_reached(
    language: str, text: str, expected: str
) -> None:
    assert asked(text, language) == local(expected), text


@both(
    [
        (
            "from Friday until Monday I'm away",
            "ik ben van vrijdag tot maandag weg",
            "12-07 10:00",
        ),
        ("I'm away from Friday to Monday", "", "12-08 10:00"),
        ("I'm away through Friday", "ik ben weg tot en met vrijdag", "12-05 10:00"),
        ("", "donderdag t/m zaterdag kan ik niet", "12-06 10:00"),
        (
            "I'm away this week and next",
            "ik ben deze week en volgende weg",
            "12-14 10:00",
        ),
        ("I'm busy today, tomorrow and Friday", "", "12-05 10:00"),
        ("I'm away all day tomorrow", "ik ben morgen de hele dag weg", "12-04 10:00"),
        (
            "I'm on holiday next week",
            "volgende week ben ik op vakantie",
            "12-14 10:00",
        ),
    ]
)
def test_they_are_away_to_the_last_day(language: str, text: str, expected: str) -> None:
    assert asked(text, language) == local(expected), text


@both(
    [
        ("at the end of the afternoon", "aan het eind van de middag", "12-02 {}"),
        ("tomorrow end of day", "morgen aan het einde van de dag", "12-03 17:00"),
        ("mid-morning tomorrow", "morgen halverwege de ochtend", "12-03 10:30"),
        ("later this afternoon", "later vanmiddag", "12-02 16:00"),
        ("late tomorrow", "morgen laat", "12-03 16:00"),
        ("after my lunch break", "na mijn lunch", "12-02 13:30"),
    ]
)
def test_a_part_of_the_day_has_an_end(language: str, text: str, expected: str) -> None:
    expected = expected.format("16:30" if language == "en" else "16:00")
    assert asked(text, language) == local(expected), text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "the third week"),
        ("en", "in the second quarter"),
        ("nl", "in het tweede kwartaal"),
        ("en", "the fifth Monday of January"),
        ("en", "Monday in week 51"),
        ("nl", "maandag in week 51"),
        ("en", "two Mondays from now"),
        ("en", "at the end of next year"),
        ("nl", "eind volgend jaar"),
        ("en", "the Monday after Easter"),
        ("nl", "de maandag na pasen"),
        ("en", "same time on Friday"),
        ("en", "3/12 at ten"),  # the 12th of March to some
        ("en", "after a call"),
        ("en", "two hours after eleven at night"),
    ],
)
def test_what_cannot_be_read_well_is_not_read(language: str, text: str) -> None:
    assert asked(text, language) is None, text
