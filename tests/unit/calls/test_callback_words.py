"""What else is said when somebody asks to be called back: what does not suit them, ends of
weeks, feasts, whole instants. It is Wednesday the second of December, twenty past three.
"""

from datetime import UTC, datetime, timedelta

import pytest

from campanile.calls.callbacks import LONGEST, requested_instant
from support.callback_phrases import ZONE, both, local
from support.callback_phrases import asked as read_at

WEDNESDAY = "12-02 15:20"


def asked(text: str, language: str, now: str = WEDNESDAY) -> datetime | None:
    return read_at(text, language, now)


@both(
    [
        ("not today", "niet vandaag", "12-03 10:00"),
        ("I can't today", "ik kan vandaag niet", "12-03 10:00"),
        ("I can’t talk today", "vandaag kan ik niet", "12-03 10:00"),
        ("I can't do it today", "vandaag lukt niet", "12-03 10:00"),
        ("today is not good", "vandaag komt niet uit", "12-03 10:00"),
        ("today doesn't work", "vandaag gaat het niet", "12-03 10:00"),
        ("I have no time today", "ik heb geen tijd vandaag", "12-03 10:00"),
        ("I'm busy today", "ik ben druk vandaag", "12-03 10:00"),
        ("not tonight", "niet vanavond", "12-03 10:00"),
        ("not a good time today", "geen goed moment vandaag", "12-03 10:00"),
        ("tomorrow instead of today", "morgen in plaats van vandaag", "12-03 10:00"),
        ("not today, after six", "niet vandaag, na zessen", "12-03 18:00"),
        ("not today but tomorrow", "niet vandaag maar morgen", "12-03 10:00"),
        ("tomorrow, not today", "morgen, niet vandaag", "12-03 10:00"),
        ("not today, tomorrow", "vandaag niet, morgen wel", "12-03 10:00"),
        ("", "vandaag niet morgen wel", "12-03 10:00"),
        ("not tomorrow", "niet morgen", "12-04 10:00"),
        ("tomorrow I can't", "morgen kan ik niet", "12-04 10:00"),
        ("I'm not available tomorrow", "morgen ben ik er niet", "12-04 10:00"),
        ("don't call me tomorrow", "bel me niet morgen", "12-04 10:00"),
        ("not today or tomorrow", "niet vandaag of morgen", "12-04 10:00"),
        ("not tomorrow, the day after", "niet morgen maar overmorgen", "12-04 10:00"),
        ("not tomorrow morning", "niet morgenochtend", "12-03 14:00"),
        (
            "tomorrow but not in the morning",
            "morgen, niet in de ochtend",
            "12-03 14:00",
        ),
        ("tomorrow, not before ten", "morgen niet voor tien uur", "12-03 10:00"),
        ("not until tomorrow", "niet eerder dan morgen", "12-03 10:00"),
        ("not before Monday", "niet voor maandag", "12-07 10:00"),
    ]
)
def test_a_day_that_does_not_suit_them_is_another_day(
    language: str, text: str, expected: str
) -> None:
    assert asked(text, language) == local(expected), text


@both(
    [
        ("not on Monday", "niet op maandag", "12-03 10:00"),
        ("any day but Monday", "elke dag behalve maandag", "12-03 10:00"),
        (
            "not this Thursday, next Thursday",
            "niet deze donderdag, volgende donderdag",
            "12-10 10:00",
        ),
        ("not this Thursday", "niet aanstaande donderdag", "12-04 10:00"),
        ("not only on Monday", "niet alleen op maandag", "12-07 10:00"),
        ("any time except Thursday", "behalve donderdag", "12-04 10:00"),
        ("not on Thursday or Friday", "niet op donderdag of vrijdag", "12-05 10:00"),
        (
            "not Thursday, Friday or Saturday",
            "niet donderdag, vrijdag of zaterdag",
            "12-06 10:00",
        ),
        ("not today, Friday or Monday", "", "12-04 10:00"),
        ("not earlier than Friday", "niet eerder dan vrijdag", "12-04 10:00"),
        ("nothing before Friday", "niets voor vrijdag", "12-04 10:00"),
        ("no Thursdays", "geen donderdag", "12-04 10:00"),
        ("Thursdays don't work", "donderdag werk ik niet", "12-04 10:00"),
        ("Thursday is no good", "donderdag past niet", "12-04 10:00"),
        ("not on Monday but on Tuesday", "niet maandag maar dinsdag", "12-08 10:00"),
        (
            "next week but not on Monday",
            "volgende week maar niet maandag",
            "12-08 10:00",
        ),
        ("not on Thursday, after six", "niet op donderdag, na zes uur", "12-02 18:00"),
        (
            "I'm busy on Thursday until six",
            "donderdag niet voor zes uur",
            "12-03 18:00",
        ),
        ("Monday would be good", "maandag is goed", "12-07 10:00"),
        ("not at the weekend", "niet in het weekend", "12-03 10:00"),
    ]
)
def test_a_weekday_that_does_not_suit_them_is_another_one(
    language: str, text: str, expected: str
) -> None:
    assert asked(text, language) == local(expected), text


@both(
    [
        ("not in the morning", "niet in de ochtend", "12-03 14:00"),
        ("any time but the morning", "niet 's ochtends", "12-03 14:00"),
        ("mornings don't work", "'s ochtends kan ik niet", "12-03 14:00"),
        ("no mornings please", "liever geen ochtend", "12-03 14:00"),
        ("I'm busy in the morning", "ik ben bezet in de ochtend", "12-03 14:00"),
        ("not in the afternoon", "niet in de middag", "12-03 10:00"),
        ("not in the evening", "niet 's avonds", "12-03 10:00"),
        (
            "not in the morning or afternoon",
            "niet 's ochtends of 's middags",
            "12-02 18:00",
        ),
        ("Friday, not in the morning", "vrijdag, niet in de ochtend", "12-04 14:00"),
        ("not on Thursday morning", "niet donderdagochtend", "12-03 14:00"),
        (
            "not in the afternoon, in the evening",
            "niet in de middag, 's avonds",
            "12-02 18:00",
        ),
    ]
)
def test_a_part_of_the_day_that_does_not_suit_them_is_another_part(
    language: str, text: str, expected: str
) -> None:
    assert asked(text, language) == local(expected), text


@both(
    [
        ("not after six", "niet na zes uur", "12-02 17:00"),
        ("no later than six", "niet later dan zes uur", "12-02 17:00"),
        ("tomorrow, not after six", "morgen, niet na zes uur", "12-03 17:00"),
        ("tomorrow, not after 18:00", "morgen, niet na 18:00", "12-03 17:00"),
        ("after six I can't", "na zes uur kan ik niet", "12-02 17:00"),
        ("before six I can't", "voor zes uur kan ik niet", "12-02 18:00"),
        ("no earlier than six", "niet eerder dan zes uur", "12-02 18:00"),
        ("not after half past five", "niet na half zes", "12-02 16:30"),
        ("not after noon", "", "12-03 11:00"),
        ("before noon", "voor de middag", "12-03 11:00"),
        ("before lunch", "voor de lunch", "12-03 11:30"),
        ("tomorrow before six", "morgen voor zes uur", "12-03 17:00"),
        ("not before noon", "", "12-03 12:00"),
        ("before Friday", "voor vrijdag", "12-03 10:00"),
        ("before the weekend", "voor het weekend", "12-04 10:00"),
        ("I am busy until six", "ik ben bezet tot zes uur", "12-02 18:00"),
        ("I am free after six", "ik ben vrij na zes uur", "12-02 18:00"),
        ("between five and six", "tussen vijf en zes", "12-02 17:00"),
        ("I am free at six am", "om zes uur 's ochtends", "12-03 06:00"),
        ("at 6am", "om zes uur in de ochtend", "12-03 06:00"),
        ("at 11pm", "om elf uur 's avonds", "12-02 23:00"),
    ]
)
def test_hours_are_kept_on_the_right_side(
    language: str, text: str, expected: str
) -> None:
    assert asked(text, language) == local(expected), text


@pytest.mark.parametrize(
    ("language", "text"), [("en", "not after six"), ("nl", "niet na zes uur")]
)
def test_when_it_is_too_late_for_before_six_it_is_tomorrow(
    language: str, text: str
) -> None:
    assert asked(text, language, now="12-02 17:30") == local("12-03 17:00")


@both(
    [
        ("next week", "volgende week", "12-07 10:00"),
        ("not next week", "niet volgende week", "12-14 10:00"),
        (
            "not next week, the week after",
            "niet volgende week maar de week erna",
            "12-14 10:00",
        ),
        ("the week after next", "de week daarna", "12-14 10:00"),
        ("not this week", "deze week niet", "12-07 10:00"),
        ("end of next week", "eind volgende week", "12-11 10:00"),
        ("at the end of the week", "aan het eind van de week", "12-04 10:00"),
        ("in the middle of next week", "midden volgende week", "12-09 10:00"),
        ("early next week", "begin volgende week", "12-07 10:00"),
        ("later this week", "later deze week", "12-04 10:00"),
        ("a week from Monday", "een week na maandag", "12-14 10:00"),
        ("a week from Friday at ten", "een week na vrijdag om tien uur", "12-11 10:00"),
        ("Monday in a week", "maandag over een week", "12-14 10:00"),
        ("in two weeks on Friday", "over twee weken op vrijdag", "12-18 10:00"),
        ("a week from tomorrow", "", "12-10 10:00"),
        ("a week from now", "over een week", "12-09 15:20"),
        ("Monday after next", "", "12-14 10:00"),
        ("after the weekend", "na het weekend", "12-07 10:00"),
        ("after Monday", "na maandag", "12-08 10:00"),
        ("the day after Monday", "de dag na maandag", "12-08 10:00"),
        ("in a fortnight", "over veertien dagen", "12-16 15:20"),
        ("in thirteen days", "over dertien dagen", "12-15 15:20"),
        ("in sixteen days", "over zestien dagen", "12-18 15:20"),
        ("in nineteen days", "over negentien dagen", "12-21 15:20"),
        ("in twenty one days", "over eenentwintig dagen", "12-23 15:20"),
        ("in ninety minutes", "over negentig minuten", "12-02 16:50"),
    ]
)
def test_weeks_have_an_end_and_a_successor(
    language: str, text: str, expected: str
) -> None:
    assert asked(text, language) == local(expected), text


@both(
    [
        ("in January", "in januari", "2027-01-04 10:00"),
        ("January", "januari", "2027-01-04 10:00"),
        ("in the new year", "in het nieuwe jaar", "2027-01-04 10:00"),
        ("next year", "volgend jaar", "2027-01-04 10:00"),
        ("not in December", "niet in december", "2027-01-01 10:00"),
        ("mid January", "half januari", "2027-01-15 10:00"),
        ("at the end of January", "eind januari", "2027-01-25 10:00"),
        ("in May in the evening", "in mei 's avonds", "2027-05-03 18:00"),
        ("next month", "volgende maand", "2027-01-01 10:00"),
        ("end of the month", "eind van de maand", "12-25 10:00"),
        ("after Christmas", "na de kerst", "12-27 10:00"),
        (
            "after the holidays on January 5",
            "na kerst op 5 januari",
            "2027-01-05 10:00",
        ),
        ("not until after Christmas", "pas na kerst", "12-27 10:00"),
        ("before Christmas", "voor kerst", "12-24 10:00"),
        ("after New Year", "na nieuwjaar", "2027-01-02 10:00"),
        ("after the tenth of December", "na 10 december", "12-11 10:00"),
        ("on 3 December 2027", "op 3 december 2027", "2027-12-03 10:00"),
        ("on the 28th of February", "op 28 februari", "2027-02-28 10:00"),
    ]
)
def test_months_and_feasts_have_a_first_day(
    language: str, text: str, expected: str
) -> None:
    assert asked(text, language) == local(expected), text


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-24T22:00:00Z", "2026-12-24T22:00:00+00:00"),
        ("2026-12-24t22:00z", "2026-12-24T22:00:00+00:00"),
        ("2026-12-24T22:00:00.000Z", "2026-12-24T22:00:00+00:00"),
        ("2026-12-24 22:00:00+01:00", "2026-12-24T21:00:00+00:00"),
        ("2026-12-24T22:00-0500", "2026-12-25T03:00:00+00:00"),
        ("2026-12-24T22:00:00", "2026-12-25T03:00:00+00:00"),  # New York's
    ],
)
def test_an_instant_with_an_offset_is_that_instant(
    language: str, text: str, expected: str
) -> None:
    assert asked(text, language) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "29 February"),
        ("nl", "29 februari"),
        ("en", "in 900 weeks"),
        ("nl", "over 900 weken"),
        ("en", "on 3 December 2031"),
        ("en", "2026-11-01T10:00:00Z"),  # over
        ("en", "2031-11-01T10:00:00Z"),
        ("en", "2026-02-31"),
        ("en", "in twenty thirteen days"),
        ("en", "the 31st of February"),
        ("en", "I am busy"),
        ("nl", "ik kan niet"),
        ("en", "not at six"),
        ("en", "you may call me"),
    ],
)
def test_nothing_is_invented(language: str, text: str) -> None:
    assert asked(text, language) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not tomorrow", "12-04 10:00"),
        ("not this morning", "12-02 14:00"),
        ("not in the morning", "12-02 14:00"),
        ("not this afternoon", "12-02 10:00"),
        ("not tomorrow morning", "12-03 14:00"),
    ],
)
def test_early_in_the_day_it_is_the_same(text: str, expected: str) -> None:
    assert asked(text, "en", now="12-02 08:30") == local(expected)


def test_the_longest_is_counted_from_the_call() -> None:
    now = datetime(2026, 12, 2, 20, 20, tzinfo=UTC)
    days = LONGEST // timedelta(days=1)
    for more, expected in ((0, now + LONGEST), (1, None)):
        text = f"in {days + more} days"
        assert requested_instant(text, now, zones=(ZONE,)) == expected
