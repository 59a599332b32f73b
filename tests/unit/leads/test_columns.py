"""The reserved columns of a list: where a lead is, from when until when, by whose leave."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.clock import now
from campanile.errors import Invalid
from campanile.leads import consent
from campanile.leads.columns import country_code, said_by, terms_of
from campanile.numbers.phones import parse

NEW_YORK = parse("+12125550101")
IDAHO = parse("+12085550102")  # Boise and Los Angeles


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def test_every_spelling_of_a_heading_says_the_same() -> None:
    for heading in ("postcode", "zip", "postal_code", "zip_code"):
        assert said_by({heading: "10001", "name": "Ann"}) == {"postcode": "10001"}
    assert said_by({"timezone": "", "time_zone": "Europe/Paris"}) == {
        "timezone": "Europe/Paris"
    }


def test_a_region_beside_a_country_is_not_the_country() -> None:
    said = said_by({"country": "NL", "region": "Noord-Holland"})
    assert said == {"country": "NL"}


def test_a_zone_column_decides_where_the_lead_is() -> None:
    terms = terms_of(NEW_YORK, {"timezone": "America/Los_Angeles"})
    assert terms.place.zones == ("America/Los_Angeles",)
    assert terms.place_source == "zone"


def test_without_columns_the_number_decides() -> None:
    terms = terms_of(NEW_YORK, {})
    assert "America/New_York" in terms.place.zones
    assert terms.place_source == "number"
    assert terms.consent_basis is None
    assert terms.not_before is None


def test_a_bare_date_is_the_whole_day_in_the_leads_zone() -> None:
    terms = terms_of(
        NEW_YORK,
        {
            "timezone": "America/New_York",
            "not_before": "2026-12-01",
            "not_after": "2026-12-24",
        },
    )
    assert terms.not_before == at("2026-12-01 00:00", "America/New_York")
    assert terms.not_after == at("2026-12-25 00:00", "America/New_York")


def test_with_several_zones_a_day_is_what_they_all_call_so() -> None:
    zones = terms_of(IDAHO, {}).place.zones
    assert {"America/Boise", "America/Los_Angeles"} <= set(zones)
    terms = terms_of(IDAHO, {"not_before": "2026-12-01", "not_after": "2026-12-24"})
    begins = [at("2026-12-01 00:00", zone) for zone in zones]
    ends = [at("2026-12-25 00:00", zone) for zone in zones]
    assert (terms.not_before, terms.not_after) == (max(begins), min(ends))


def test_a_time_with_an_offset_is_that_instant() -> None:
    terms = terms_of(NEW_YORK, {"not_before": "2026-12-01T10:00:00+01:00"})
    assert terms.not_before == datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "begins", "ends"),
    [
        # 02:30 does not exist: from the later reading on, until the earlier one.
        ("2027-03-14 02:30", "2027-03-14T07:30", "2027-03-14T06:30"),
        # 01:30 comes twice.
        ("2027-11-07 01:30", "2027-11-07T06:30", "2027-11-07T05:30"),
    ],
)
def test_a_wall_time_that_is_skipped_or_doubled_is_read_safely(
    wall: str, begins: str, ends: str
) -> None:
    said = {"timezone": "America/New_York"}
    late = terms_of(NEW_YORK, {**said, "not_before": wall}).not_before
    early = terms_of(NEW_YORK, {**said, "not_after": wall}).not_after
    assert late == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert early == datetime.fromisoformat(ends).replace(tzinfo=UTC)


def test_consent_is_kept_as_it_was_given() -> None:
    terms = terms_of(
        NEW_YORK,
        {
            "timezone": "America/New_York",
            "consent_basis": "written",
            "consent_text": "Yes, ring me about my loan.",
            "consent_source": "https://example.com/form",
            "consent_at": "2026-05-01 14:30",
        },
    )
    assert terms.consent_basis == "written"
    assert terms.consent_text == "Yes, ring me about my loan."
    assert terms.consent_source == "https://example.com/form"
    assert terms.consent_at == at("2026-05-01 14:30", "America/New_York")


@pytest.mark.parametrize(
    "text",
    [
        *("no", "None", "FALSE", "n/a", "N.A.", "geen", "-", "?", "0"),
        *("no consent", "No Consent", "unknown"),
        *("null", "nein", "non", "expired", "not given", "Not yet", "never", "pending"),
        *("without consent", "keine Einwilligung", "geen toestemming"),
        *("didn't consent", "legitimate interest", "no longer valid", "nan"),
    ],
)
def test_a_written_no_is_no_consent(text: str) -> None:
    assert terms_of(NEW_YORK, {"consent_basis": text}).consent_basis is None


@pytest.mark.parametrize(
    "text",
    [
        *("opted out", "opt-out", "Opted_Out", "withdrawn", "unsubscribed", "DNC"),
        *("written, withdrawn 2026-01-05", "consent revoked", "do not call"),
        *("written (withdrawn.see file)", "opt-in/opt-out", "afgemeld", "Widerruf"),
    ],
)
def test_who_asked_for_no_calls_is_not_even_imported(text: str) -> None:
    for more in ({}, {"timezone": "Mars/Olympus"}):
        with pytest.raises(consent.OptedOut, match="is not to be called"):
            terms_of(NEW_YORK, {"consent_basis": text, **more})


@pytest.mark.parametrize(
    "text",
    [
        *("written", "Written consent", "verbal", "oral", "Web form", "web-form"),
        *("online", "opt-in", "Opted in", "double opt in", "express", "yes", "x"),
        *("prior express written consent", "existing customer", "contract", "PEWC"),
        *("schriftlich", "Einwilligung", "schriftelijk", "toestemming", "consentement"),
        *("written (form 7)", "web form: https://example.com/no-fees", "signed"),
        *("contract no. 17", "verbal 2026-05-01", "existing customer since 2019"),
        *("e-mail", "SMS opt-in", "TCPA", "paper_form"),
    ],
)
def test_a_basis_that_is_listed_is_consent_and_kept_as_it_was_written(
    text: str,
) -> None:
    assert terms_of(NEW_YORK, {"consent_basis": text}).consent_basis == text


@pytest.mark.parametrize(
    "text",
    ["blue", "Dr. Patel", "2026-05-01", "ask Ann", "written?", "consent form 7b"],
)
def test_a_basis_that_nobody_knows_is_never_taken_for_consent(text: str) -> None:
    with pytest.raises(Invalid, match="consent_basis") as refused:
        terms_of(NEW_YORK, {"consent_basis": text})
    assert text in refused.value.message
    assert "written" in refused.value.message


def test_every_listed_basis_is_consent_and_every_listed_no_is_none() -> None:
    for basis in consent.listed("bases"):
        assert consent.basis_of(basis) == basis
    for no in consent.listed("no"):
        assert consent.basis_of(no) is None


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"not_before": "12/24/2026"}, "not_before '12/24/2026' is no date or time"),
        ({"not_after": "2027-02-29"}, "is no date or time"),
        ({"not_after": "9999-12-31"}, "is no date or time"),
        ({"not_before": "2026-12-02", "not_after": "2026-12-01"}, "is not later than"),
        (
            {"not_before": "2026-12-02 12:00", "not_after": "2026-12-02 12:00"},
            "is not later than",
        ),
        ({"consent_at": "2199-01-01"}, "consent_at 2199-01-01 is in the future"),
        ({"country": "Atlantis"}, "'Atlantis' is no country"),
        ({"timezone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"state": "Zilch"}, "Zilch"),
        ({"postcode": "not a code"}, "not a code"),
    ],
)
def test_a_bad_value_is_refused_in_a_sentence(
    said: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        terms_of(NEW_YORK, said)


@pytest.mark.parametrize(
    ("text", "code"),
    [("nl", "NL"), ("UK", "GB"), ("Nederland", "NL"), ("united states", "US")],
)
def test_a_country_may_be_named(text: str, code: str) -> None:
    assert country_code(text) == code


@given(
    seconds=st.integers(0, 3 * 366 * 86400),
    zone=st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Europe/London"]),
)
def test_the_window_of_one_wall_time_is_never_negative(seconds: int, zone: str) -> None:
    """Read as a beginning it is never before what it is read as an end."""
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    text = moment.replace(tzinfo=None).isoformat()
    begins = terms_of(NEW_YORK, {"timezone": zone, "not_before": text}).not_before
    ends = terms_of(NEW_YORK, {"timezone": zone, "not_after": text}).not_after
    assert begins is not None
    assert ends is not None
    assert timedelta() <= begins - ends <= timedelta(hours=1)


def test_consent_given_a_moment_ago_is_not_in_the_future() -> None:
    said = {"consent_at": now().isoformat(), "consent_basis": "verbal"}
    assert terms_of(NEW_YORK, said).consent_basis == "verbal"
