"""What `run/services.json` says, and what it leaves to the environment."""

import json
from pathlib import Path

import pytest

from campanile.config import settings
from campanile.embedded.addresses import Addresses


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMPANILE_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    (tmp_path / "run").mkdir()
    return tmp_path / "run" / "services.json"


def test_what_is_known_becomes_a_setting(file: Path) -> None:
    addresses = Addresses(file, {"clock_offset": 3600.0})
    addresses.know(gateway_url="ws://here:1", pid=7)
    addresses.write()
    assert settings().gateway_url == "ws://here:1"
    assert settings().clock_offset == 3600.0
    assert "pid" not in json.loads(file.read_text())
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_the_environment_names_is_not_started(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPANILE_OPENAI_URL", "http://proxy")
    addresses = Addresses(file, {})
    assert not addresses.lack("openai_url")
    assert addresses.lack("openai_url", "deepgram_url")
    addresses.know(openai_url="http://rehearsal", deepgram_url="ws://rehearsal")
    addresses.write()
    assert settings().openai_url == "http://proxy"
    assert settings().deepgram_url == "ws://rehearsal"


def test_a_decided_address_stays(file: Path) -> None:
    addresses = Addresses(file, {"openai_url": "https://the.real.one"})
    addresses.know(openai_url="http://rehearsal")
    addresses.write()
    assert settings().openai_url == "https://the.real.one"


def test_the_api_tells_its_port_last(file: Path) -> None:
    addresses = Addresses(file, {})
    addresses.know(api_port=0)
    addresses.know(api_port=43210)
    addresses.write()
    assert settings().api_port == 43210


def test_a_predecessors_addresses_are_not_believed(file: Path) -> None:
    file.write_text('{"database_url": "postgresql://gone"}')
    Addresses(file, {})
    assert settings().database_url == ""
