"""The unprivileged account that a server runs under when we are root.

PostgreSQL refuses to run as root. No account is created: `postgres` is there wherever
the system's packages are, `nobody` everywhere else.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from campanile.errors import Unavailable


class Identity(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that change who the child is."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int

    @property
    def identity(self) -> Identity:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account(folder: Path) -> Account | None:
    """Who shall run the server that owns `folder`; None: we ourselves.

    A folder keeps its owner: the account that made it is the one that can read it.
    Raises Unavailable where the folder belongs to somebody whom we cannot become.
    """
    owner = folder.stat().st_uid if folder.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise Unavailable(
                f"The folder {folder} belongs to another account ({_name(owner)}).",
                hint="Start campanile as the account that started it first, "
                "or choose another CAMPANILE_DATA_DIR.",
            )
        return None
    if owner:
        entry = pwd.getpwuid(owner)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in ("postgres", "_postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise Unavailable(
        "PostgreSQL does not run as root, and there is no account to run it under.",
        hint="Start campanile as an ordinary user.",
    )


def can_enter(account: Account, folder: Path) -> bool:
    """Whether `account` gets into `folder`, asked of the kernel: parents, ACLs and all."""
    return _succeeds(account, "/bin/sh", "-c", 'cd "$1"', "sh", str(folder))


def admit(account: Account, folder: Path) -> bool:
    """Let `account`'s group through a folder that was root's alone, as `mktemp -d` makes
    them; nobody else. False where the obstacle is another, or somebody's decision.
    """
    found = folder.stat()
    if found.st_uid == 0 and found.st_mode & 0o077 == 0:
        os.chown(folder, -1, account.gid)
        folder.chmod(0o710)
        if can_enter(account, folder):
            return True
        os.chown(folder, -1, found.st_gid)
        folder.chmod(found.st_mode)
    return False


def can_run(account: Account, program: Path) -> bool:
    return _succeeds(account, str(program), "--version")


def _succeeds(account: Account, *command: str) -> bool:
    try:
        done = subprocess.run(
            command, cwd="/", capture_output=True, check=False, **account.identity
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return str(uid)
