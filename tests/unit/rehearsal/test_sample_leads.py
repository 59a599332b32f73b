"""The sample list holds every kind of callee, and can be rung at one lawful instant."""

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone
from python_calamine import CalamineWorkbook

from campanile.agents.config import FunctionTool
from campanile.agents.files import load
from campanile.agents.templating import placeholders
from campanile.rehearsal.callees.people import directory

SAMPLES = Path(__file__).parents[3] / "sample_leads"


def leads() -> list[dict[str, str]]:
    with (SAMPLES / "leads.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers() -> list[phonenumbers.PhoneNumber]:
    return [phonenumbers.parse(lead["phone_number"], None) for lead in leads()]


def e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def test_forty_leads_meet_every_kind_of_callee() -> None:
    people = directory(seed=0)

    kinds = Counter(people.callee(e164(number)).kind for number in numbers())

    assert kinds == {
        "cooperates": 12,
        "declines": 3,
        "asks_who": 3,
        "call_later": 3,
        "hello_first": 3,
        "talks_over": 2,
        "silent": 2,
        "hangs_up": 2,
        "voicemail": 4,
        "busy": 2,
        "no_answer": 2,
        "rejects": 1,
        "unallocated": 1,
    }


def test_the_numbers_are_valid_different_and_nobodys() -> None:
    found = [e164(number) for number in numbers()]

    assert all(phonenumbers.is_valid_number(number) for number in numbers())
    assert len(set(found)) == len(found)
    assert all(
        (number.startswith("+1") and number[5:10] == "55501")
        or number.startswith(("+442079460", "+441134960"))
        for number in found
    )


def test_at_one_instant_all_of_them_may_be_rung() -> None:
    instant = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)
    zones = {
        zone for number in numbers() for zone in timezone.time_zones_for_number(number)
    }

    assert {8 <= instant.astimezone(ZoneInfo(zone)).hour < 21 for zone in zones} == {
        True
    }


def test_the_workbook_is_the_same_list() -> None:
    [sheet] = CalamineWorkbook.from_path(SAMPLES / "leads.xlsx").sheet_names
    workbook = CalamineWorkbook.from_path(SAMPLES / "leads.xlsx")
    header, *rows = workbook.get_sheet_by_name(sheet).to_python()

    assert [dict(zip(header, row, strict=True)) for row in rows] == leads()


def test_the_agent_fills_its_texts_from_the_columns() -> None:
    agent = load(
        SAMPLES / "agent.yaml", environ={"CAMPANILE_TOOLS_URL": "http://127.0.0.1:9"}
    )
    texts = [agent.first_message, agent.voicemail_message]
    texts += [message.content for message in agent.llm_config.messages]
    [tool] = [t for t in agent.llm_config.tools if isinstance(t, FunctionTool)]

    used = {name for text in texts if text for name in placeholders(text)}
    assert used <= set(leads()[0])
    assert str(tool.url) == "http://127.0.0.1:9/find_slot"


def test_what_the_agent_brings_back_is_what_callees_know_of_themselves() -> None:
    agent = load(SAMPLES / "agent.yaml", environ={"CAMPANILE_TOOLS_URL": "http://x"})
    assert agent.analysis_plan is not None
    schema = agent.analysis_plan.structured_data_plan.schema_

    truths = directory(seed=0).callee("+12125550101").truths

    assert set(schema["properties"]) == set(truths)
