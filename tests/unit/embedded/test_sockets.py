import os
from pathlib import Path

import pytest

from campanile.embedded.sockets import LONGEST_FOLDER, socket_folder
from campanile.errors import Unavailable


def test_a_short_folder_is_used_as_it_is(tmp_path: Path) -> None:
    short = Path("/tmp") / f"campanile-unit-{os.getpid()}"
    try:
        assert socket_folder(short) == short
        assert short.stat().st_mode & 0o777 == 0o700
    finally:
        short.rmdir()


def test_a_long_folder_gets_a_short_one_that_stays_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("å" * LONGEST_FOLDER)  # two bytes each: bytes count, not letters
    short = socket_folder(deep)
    try:
        assert len(os.fsencode(short)) <= LONGEST_FOLDER
        assert socket_folder(deep) == short
    finally:
        short.rmdir()


def test_a_link_laid_in_our_way_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * LONGEST_FOLDER)
    short = socket_folder(deep)
    short.rmdir()
    short.symlink_to(tmp_path)
    try:
        with pytest.raises(Unavailable, match="in the way"):
            socket_folder(deep)
    finally:
        short.unlink()
