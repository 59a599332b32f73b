"""A dial ledger of a test's own, which the settings name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from campanile.config import settings
from campanile.dialing.ledger import Ledger


@pytest.fixture
def ledger_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ledger" / "dials.ndjson"
    monkeypatch.setenv("CAMPANILE_LEDGER_PATH", str(path))
    settings.cache_clear()
    return path


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    book = Ledger(ledger_path)
    yield book
    book.close()
