"""Options that no row, no calendar and no list can hold are refused with a sentence."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from campanile.cli.main import app, main
from campanile.db import transaction
from campanile.errors import Invalid
from campanile.trunks.models import Trunk
from support.factories import make_campaign

pytestmark = pytest.mark.usefixtures("database")

NUMBER = "+12125550100"
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def campanile(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The whole command with its process edge: (exit code, what it complains of)."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["campanile", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--channels", "0"), "channels: Input should be greater than or equal to 1"),
        (("--channels", "99999999999"), "channels: Input should be less than"),
        (("--cps", "0"), "calls_per_second: Input should be greater than"),
        (("--cps", "1e-300"), "calls_per_second: Input should be greater than"),
        (("--cps", "1e300"), "calls_per_second: Input should be less than"),
        (("--cps", "nan"), "calls_per_second: Input should be"),
    ],
)
def test_a_trunk_has_limits_that_can_be_kept(
    campanile: Command, arguments: tuple[str, str], sentence: str
) -> None:
    code, complaint = campanile("number", "add", NUMBER, *arguments)
    assert (code, sentence in complaint) == (1, True), complaint
    with transaction() as session:
        assert session.exec(select(Trunk)).all() == []


@pytest.mark.parametrize("limit", ["-1", "99999999999999999999"])
def test_the_newest_calls_are_a_number_of_them(campanile: Command, limit: str) -> None:
    code, complaint = campanile("calls", "list", "--limit", limit)
    assert (code, "--limit" in complaint) == (2, True), complaint


def test_a_complaint_shows_names_as_they_are(
    campanile: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, complaint = campanile("suppress", "import", "../[/red].csv")
    assert (code, complaint.strip()) == (1, "There is no file ../[/red].csv.")


def test_what_a_person_wrote_in_brackets_is_printed_as_it_is() -> None:
    name = "autumn [/red] [bold]:de:"
    with transaction() as session:
        make_campaign(session, name=name)
    told = CliRunner().invoke(app, ["campaign", "pause", name, "--json"])
    assert json.loads(told.stdout)["name"] == name
    told = CliRunner().invoke(app, ["campaign", "resume", name])
    assert name.removesuffix(":de:") in told.stdout
    told = CliRunner().invoke(app, ["campaign", "list"], terminal_width=200)
    assert told.exit_code == 0, told.output


def test_leads_of_which_none_can_be_rung_fail_and_a_region_must_exist(
    tmp_path: Path,
) -> None:
    with transaction() as session:
        make_campaign(session, name="spring")
    file = tmp_path / "leads.csv"
    file.write_text("phone\n[/red]\n2125550101\n")
    arguments = ["leads", "import", str(file), "--campaign", "spring"]
    told = CliRunner().invoke(app, arguments)
    assert (told.exit_code, "row 2: '[/red]'" in told.stdout) == (1, True), told.output
    told = CliRunner().invoke(app, [*arguments, "--region", "XX"])
    assert isinstance(told.exception, Invalid)
    for _ in range(2):  # all known already: that is no failure
        told = CliRunner().invoke(app, [*arguments, "--region", "us"])
        assert told.exit_code == 0, told.output
