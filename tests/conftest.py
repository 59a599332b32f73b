"""What every test starts from: no settings but its own, and services on demand."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from campanile.config import settings

pytest_plugins = ["support.services"]

_folders = count(1)


@pytest.fixture(autouse=True)
def settings_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Hide the settings of whoever runs the tests, and of a `campanile up` nearby."""
    for name in [name for name in os.environ if name.startswith("CAMPANILE_")]:
        monkeypatch.delenv(name)
    # Each its own: what one test writes into its ledger binds the next one's rows.
    nothing = Path(tmp_path_factory.getbasetemp(), f"no-data-{next(_folders)}")
    monkeypatch.setenv("CAMPANILE_DATA_DIR", str(nothing))
    settings.cache_clear()
    yield
    settings.cache_clear()
