"""Where a lead may be: by its number, unless the list's columns say better."""

import re
from collections import defaultdict

import pytest
from phonenumbers.geodata import GEOCODE_DATA

from campanile.compliance.hours import Place
from campanile.compliance.zones import known_zones
from campanile.errors import Invalid
from campanile.numbers.phones import Phone, parse
from campanile.numbers.places import place_of
from campanile.numbers.subdivisions import named, of_area_code, subdivisions

NEW_YORK, CHICAGO, LOS_ANGELES = (
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
)
MANHATTAN = parse("+12125550123")


@pytest.mark.parametrize(
    ("columns", "zones", "jurisdictions", "source"),
    [
        ({}, (NEW_YORK,), ("US-NY",), "number"),
        ({"zone": " ", "state": "", "postcode": ""}, (NEW_YORK,), ("US-NY",), "number"),
        ({"state": "CA"}, (LOS_ANGELES,), ("US-CA",), "state"),
        ({"state": "florida"}, (CHICAGO, NEW_YORK), ("US-FL",), "state"),
        ({"state": "Pr"}, ("America/Puerto_Rico",), ("PR",), "state"),
        ({"postcode": "90210-1234"}, (LOS_ANGELES,), ("US-CA",), "postcode"),
        ({"postcode": "2134"}, (NEW_YORK,), ("US-MA",), "postcode"),  # lost its zero
        ({"zone": "US/Eastern"}, (NEW_YORK,), ("US-NY",), "zone"),
        ({"zone": "America/Indiana/Indianapolis"}, (NEW_YORK,), ("US-NY",), "zone"),
        ({"zone": "Europe/Berlin"}, ("Europe/Berlin",), ("DE",), "zone"),
        ({"state": "FL", "zone": CHICAGO}, (CHICAGO,), ("US-FL",), "zone"),
        (
            {"postcode": "K1A 0B1", "region": "CA"},
            ("America/Toronto", "America/Winnipeg"),
            ("CA-ON",),
            "postcode",
        ),
    ],
)
def test_columns_decide_instead_of_the_number(
    columns: dict[str, str],
    zones: tuple[str, ...],
    jurisdictions: tuple[str, ...],
    source: str,
) -> None:
    assert place_of(MANHATTAN, **columns) == (Place(zones, jurisdictions), source)


@pytest.mark.parametrize("written", ["N.Y.", "n. y.", "NY.", "New  York"])
def test_a_state_is_understood_however_it_is_dotted(written: str) -> None:
    assert place_of(parse("+13125550123"), state=written)[0].jurisdictions == ("US-NY",)


@pytest.mark.parametrize(
    "written", ["D.C.", "DC", "Washington DC", "Washington, D.C.", "washington d c"]
)
def test_the_capital_is_no_state_but_has_a_name(written: str) -> None:
    place, _ = place_of(MANHATTAN, state=written)
    assert place.jurisdictions == ("US-DC",)
    assert place_of(MANHATTAN, state="Washington")[0].jurisdictions == ("US-WA",)


@pytest.mark.parametrize("zone", [NEW_YORK, "US/Eastern", CHICAGO, "Pacific/Honolulu"])
def test_a_toll_free_number_with_a_zone_has_the_laws_of_any_number_with_it(
    zone: str,
) -> None:
    toll_free, _ = place_of(parse("+18005550123"), zone=zone)
    maine, _ = place_of(parse("+12075550123"), zone=zone)
    if len(maine.jurisdictions) == 1:  # its own clock
        maine, _ = place_of(parse("+13125550123"), zone=zone)
    assert toll_free.jurisdictions == maine.jurisdictions
    assert "US" not in toll_free.jurisdictions


def test_the_zone_stays_as_it_was_written() -> None:
    place, source = place_of(parse("+18005550123"), zone=NEW_YORK)
    assert (place.zones, source) == ((NEW_YORK,), "zone")
    assert place_of(parse("+18005550123"), zone="US/Eastern")[0].zones == (NEW_YORK,)


def test_a_toll_free_number_of_a_country_column_has_that_countrys_laws_too() -> None:
    place, _ = place_of(parse("+18005550123"), zone="America/Toronto", region="CA")
    assert {"CA-ON", "US-NY"} <= set(place.jurisdictions)


def test_columns_that_contradict_each_other_are_all_believed() -> None:
    place, _ = place_of(MANHATTAN, state="FL", postcode="90210")
    assert place == Place((CHICAGO, LOS_ANGELES, NEW_YORK), ("US-CA", "US-FL"))
    place, source = place_of(MANHATTAN, state="CA", zone=NEW_YORK)
    assert place.zones == (LOS_ANGELES, NEW_YORK)
    assert {"US-CA", "US-FL", "US-RI"} <= set(place.jurisdictions)
    assert source == "zone"


def test_a_zone_far_from_the_number_brings_every_law_of_that_clock() -> None:
    place, _ = place_of(MANHATTAN, zone="america/los_angeles")
    assert place.zones == (LOS_ANGELES,)
    assert place.jurisdictions == ("US-CA", "US-ID", "US-NV", "US-OR", "US-WA")


def test_a_foreign_number_in_a_zone_has_the_laws_of_its_states() -> None:
    london = parse("+442079460123")
    place, _ = place_of(london, zone=NEW_YORK)
    assert place.zones == (NEW_YORK,)
    assert {"US-CT", "US-FL", "US-RI"} <= set(place.jurisdictions)
    assert "US" not in place.jurisdictions


def test_a_country_other_than_the_numbers_means_either() -> None:
    place, source = place_of(MANHATTAN, region="gb")
    assert {NEW_YORK, "Europe/London"} <= set(place.zones)
    assert place.jurisdictions == ("GB", "US-NY")
    assert source == "number"


def test_a_state_of_a_country_without_a_table_says_nothing() -> None:
    berlin = parse("+4930123456")
    assert place_of(berlin, state="Bayern", postcode="80331") == (
        Place(("Europe/Berlin",), ("DE",)),
        "number",
    )


TERRITORIES = {
    "PR": parse("+17875550100"),
    "VI": parse("+13405550100"),
    "GU": parse("+16715550100"),
    "MP": parse("+16705550100"),
    "AS": Phone("+16845550100", "AS", ("Pacific/Pago_Pago",), ("AS",)),
}
SANTO_DOMINGO = parse("+18095550100")


@pytest.mark.parametrize("country", [None, "theirs"])
@pytest.mark.parametrize("code", TERRITORIES)
def test_a_territory_shares_the_states_and_postcodes_of_the_united_states(
    code: str, country: str | None
) -> None:
    phone = TERRITORIES[code]
    region = country and code
    own = subdivisions("US")[code]
    assert place_of(phone, state=own.name, region=region) == (
        Place(own.zones, (code,)),
        "state",
    )
    for columns in ({"state": "Atlantis"}, {"postcode": "00000"}):
        with pytest.raises(Invalid, match="of US"):
            place_of(phone, **columns, region=region)


@pytest.mark.parametrize("code", TERRITORIES)
def test_a_number_of_a_territory_may_have_moved_to_a_state(code: str) -> None:
    california = Place((LOS_ANGELES,), ("US-CA",))
    for columns, source in (
        ({"state": "CA"}, "state"),
        ({"postcode": "90001"}, "postcode"),
        ({"state": "CA", "postcode": "90001"}, "postcode"),
        ({"state": "CA", "region": "US"}, "state"),
    ):
        assert place_of(TERRITORIES[code], **columns) == (california, source)


def test_a_territory_and_a_state_that_contradict_each_other_are_both_believed() -> None:
    place, _ = place_of(TERRITORIES["PR"], state="CA", region="PR")
    assert place == Place((LOS_ANGELES, "America/Puerto_Rico"), ("PR", "US-CA"))


@pytest.mark.parametrize(
    ("columns", "jurisdiction"),
    [
        ({"state": "NY"}, "US-NY"),
        ({"state": "New York", "postcode": "10001"}, "US-NY"),
        ({"state": "Quebec"}, "CA-QC"),
        ({"state": "QC", "postcode": "H2X 1Y4"}, "CA-QC"),
    ],
)
def test_a_caribbean_number_may_have_moved_to_a_state_or_province(
    columns: dict[str, str], jurisdiction: str
) -> None:
    place, _ = place_of(SANTO_DOMINGO, **columns)
    assert place.jurisdictions == (jurisdiction,)
    assert "America/Santo_Domingo" not in place.zones


def test_five_digits_alone_may_as_well_be_a_postcode_of_the_island() -> None:
    assert place_of(SANTO_DOMINGO, postcode="10001") == (
        Place(("America/New_York", "America/Santo_Domingo"), ("DO", "US-NY")),
        "postcode",
    )


@pytest.mark.parametrize("columns", [{"state": "Santiago"}, {"postcode": "120110"}])
def test_a_state_of_neither_is_refused_until_its_country_is_named(
    columns: dict[str, str],
) -> None:
    with pytest.raises(Invalid, match="of US or CA") as refused:
        place_of(SANTO_DOMINGO, **columns)
    assert "country" in refused.value.hint
    place, source = place_of(SANTO_DOMINGO, **columns, region="DO")
    assert (place.zones, source) == (("America/Santo_Domingo",), "number")


def test_the_islands_keep_their_own_clock() -> None:
    mobile = parse("+34612345678")
    assert place_of(mobile)[0].zones == ("Atlantic/Canary", "Europe/Madrid")
    assert place_of(mobile, postcode="28013")[0] == Place(("Europe/Madrid",), ("ES",))
    assert place_of(mobile, postcode="35001")[0].zones == ("Atlantic/Canary",)


@pytest.mark.parametrize(
    "columns",
    [
        {"zone": "UTC"},
        {"zone": "Etc/GMT+5"},
        {"zone": "Mars/Olympus"},
        {"zone": "../../etc/passwd"},
        {"zone": "localtime"},
        {"state": "Ontario"},
        {"postcode": "00000"},
        {"postcode": "SW1A 1AA"},
        {"postcode": "96201"},  # a field post office
    ],
)
def test_what_names_no_place_is_refused_with_a_sentence(
    columns: dict[str, str],
) -> None:
    with pytest.raises(Invalid) as refused:
        place_of(MANHATTAN, **columns)
    assert next(iter(columns.values())) in refused.value.message
    assert refused.value.hint


def test_the_area_codes_are_those_of_the_installed_library() -> None:
    placed: defaultdict[str, set[str]] = defaultdict(set)
    states = named("US") | named("CA")
    for prefix, descriptions in GEOCODE_DATA.items():
        if not prefix.startswith("1") or len(prefix) < 4:
            continue
        description = descriptions.get("en") or next(iter(descriptions.values()))
        town = re.search(r", ([A-Z]{2})$", description)
        for name in [town.group(1)] if town else description.split("/"):
            if (one := states.get(name.lower())) is not None and "-" in one.code:
                placed[prefix[1:4]].add(one.code)
    assert len(placed) > 400
    assert {a: set(of_area_code(a)) & codes for a, codes in placed.items()} == placed


def test_every_zone_of_the_table_exists() -> None:
    for region in ("US", "CA", "AU", "ES", "PT"):
        for one in subdivisions(region).values():
            assert set(one.zones) <= known_zones(), one
