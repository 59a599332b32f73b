"""Where a server's Unix socket can live.

The kernel takes socket paths of at most 107 bytes on Linux and 103 on macOS; a data
folder deep in somebody's home is longer than that.
"""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from campanile.embedded.accounts import Account
from campanile.errors import Unavailable

LONGEST_FOLDER = 80
"""Bytes; leaves room for `/.s.PGSQL.5432` and for the lock file beside it."""


def socket_folder(preferred: Path, *, account: Account | None = None) -> Path:
    """`preferred`, or a short folder that stands for it; open to its owner alone."""
    if len(os.fsencode(preferred)) <= LONGEST_FOLDER:
        folder = preferred
    else:
        name = hashlib.sha256(os.fsencode(preferred)).hexdigest()[:12]
        folder = _short_temporary_folder() / f"campanile-{name}"
    owner = account.uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        _insist_on_owner(folder, owner)
    folder.chmod(0o700)
    return folder


def _insist_on_owner(folder: Path, owner: int) -> None:
    # The name can be foreseen, and everybody may write to the temporary folder.
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise Unavailable(
            f"{folder} is in the way: it belongs to another account.",
            hint="Remove it, or choose a CAMPANILE_DATA_DIR with a shorter path.",
        )


def _short_temporary_folder() -> Path:
    folder = Path(tempfile.gettempdir())
    return folder if len(os.fsencode(folder)) <= LONGEST_FOLDER - 24 else Path("/tmp")
