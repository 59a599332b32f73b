"""The exchange's log: one line per event, numbers in E.164, readable at any moment."""

import json
from pathlib import Path

import pytest

from campanile.rehearsal.legs import LegLog, NdjsonLog, e164


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("sip:+12125550123@carrier.invalid:5060", "+12125550123"),
        ("<sip:+12125550123@carrier.invalid;user=phone>", "+12125550123"),
        ('"Riverside" <sips:12125550123@carrier.invalid>', "+12125550123"),
        ("sip:2125550123@carrier.invalid", "+12125550123"),
        ("sip:00442079460123@carrier.invalid", "+442079460123"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("sip:anonymous@anonymous.invalid", "anonymous"),
    ],
)
def test_numbers_are_written_in_one_form(address: str, number: str) -> None:
    assert e164(address) == number


def test_a_line_is_there_as_soon_as_it_is_written(tmp_path: Path) -> None:
    legs = NdjsonLog(tmp_path / "rehearsal" / "legs.ndjson")
    said = NdjsonLog(tmp_path / "rehearsal" / "said.ndjson")
    who = {"leg": "1", "call_id": "c", "caller": "+12125550100"}
    leg = LegLog(legs, said, **who, callee="+12125550123", now=lambda: 12.5)

    leg.note("heard", after="answer", ms=800.0)
    leg.said("Hello?")

    fixed = {"t": 12.5, "leg": "1", "call_id": "c", "from": "+12125550100"}
    fixed["to"] = "+12125550123"
    [line] = (tmp_path / "rehearsal" / "legs.ndjson").read_text().splitlines()
    assert json.loads(line) == {
        **fixed,
        "event": "heard",
        "code": 0,
        "reason": "",
        "after": "answer",
        "ms": 800.0,
    }
    [line] = (tmp_path / "rehearsal" / "said.ndjson").read_text().splitlines()
    assert json.loads(line) == {**fixed, "event": "said", "text": "Hello?"}
    legs.close()
    said.close()


def test_a_log_that_exists_is_appended_to(tmp_path: Path) -> None:
    for number in (1, 2):
        log = NdjsonLog(tmp_path / "legs.ndjson")
        log.write({"n": number})
        log.close()

    assert (tmp_path / "legs.ndjson").read_text() == '{"n":1}\n{"n":2}\n'
