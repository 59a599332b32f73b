from pathlib import Path

import pytest

from campanile.embedded import postgres_binaries
from campanile.errors import Unavailable


def test_a_new_folder_gets_the_newest_that_is_installed(tmp_path: Path) -> None:
    newest = max(found.major for found in postgres_binaries.installed())
    assert postgres_binaries.choose(tmp_path).major == newest


def test_a_folder_keeps_its_major_version(tmp_path: Path) -> None:
    for installed in postgres_binaries.installed():
        (tmp_path / "PG_VERSION").write_text(f"{installed.major}\n")
        assert postgres_binaries.choose(tmp_path).major == installed.major


def test_a_missing_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("9\n")
    with pytest.raises(Unavailable, match="needs PostgreSQL 9, and it is not"):
        postgres_binaries.choose(tmp_path)
