"""The dial ledger: an append-only file outside the database, on disk before each INVITE.

Restoring a backup rewinds attempt counters and forgets whom not to ring; this file does
not go back (DESIGN D17).
One JSON object per line, `t` in unix seconds:

    {"ledger": id, "t": …}                                                the first one
    {"t", "attempt", "root", "campaign", "lead", "subject", "number"}     a dial
    {"t", "answered": attempt}
    {"t", "withdrawn": attempt}         its INVITE never left
    {"t", "suppressed": number, "entry": id, "root", "campaign", "reason", "since"}
    {"t", "lifted": entry}              may be rung again; an entry of the same number
                                        that is added later has another id
    {"t", "opted_out": number, "root"}  no longer written: a suppression without an id

Several processes, of several hosts where the path is shared, append to one file. Its
newest time never goes back (`newest`): of the last four, `t` is only when they were
written, and no earlier than that.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from campanile.errors import Unavailable

TAIL_BYTES = 4096
"""More than any line has."""
LOOKS, LOOK_SECONDS = 5, 0.002
REASON_CHARACTERS = 200
"""Of a suppression's; in JSON one may take twelve bytes."""


class LedgerError(Unavailable):
    """The ledger cannot be written or is none; nothing is dialed without it."""


@dataclass(frozen=True, slots=True)
class Dial:
    """What is kept of one INVITE."""

    attempt_id: UUID
    root_id: UUID
    campaign_id: UUID
    lead_id: UUID
    phone_number: str
    subject: str | None
    t: float
    """unix seconds"""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """What is kept of one suppression; without root and campaign it binds everybody."""

    entry_id: UUID
    phone_number: str
    root_id: UUID | None
    campaign_id: UUID | None
    reason: str
    since: float
    """unix seconds"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Up to where the ledger is in the rows, and in which life of which database."""

    database: str
    position: int
    """bytes"""
    forgot: bool = False
    """the newest dial: the rows do not know it"""


@dataclass(frozen=True, slots=True)
class NewestDial:
    """The last one in the file. Its claim was committed before its line was written, so
    that rows which do not know it were put back to before it."""

    attempt_id: UUID
    root_id: UUID


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a later line says of earlier ones."""

    lifted: frozenset[str]
    """entries that may be rung again"""
    withdrawn: frozenset[str]
    """attempts whose INVITE never left"""


class Ledger:
    """What a call has appended survives a crash of process and machine once the call
    has returned. Raises LedgerError. Any thread may use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger_id = ""
        self.standing: Standing | None = None
        """as of the last reconciliation; None: there was none"""
        self.vouched: NewestDial | None = None
        """read and dealt with, whether the rows know it now or owe it nothing"""
        self._newest: NewestDial | None = None
        self._file = -1
        self._opening = Lock()
        self._open()

    def record(self, dial: Dial) -> None:
        """Before the INVITE."""
        self._append(
            {
                "t": dial.t,
                "attempt": str(dial.attempt_id),
                "root": str(dial.root_id),
                "campaign": str(dial.campaign_id),
                "lead": str(dial.lead_id),
                "subject": dial.subject,
                "number": dial.phone_number,
            }
        )

    def answered(self, attempt_id: UUID, *, t: float) -> None:
        """A person or machine picked up: never a second call without knowing more."""
        self._append({"t": t, "answered": str(attempt_id)})

    def withdrawn(self, attempt_id: UUID, *, t: float) -> None:
        """The INVITE recorded before certainly never left."""
        self._append({"t": self._not_before(t), "withdrawn": str(attempt_id)})

    def suppressed(self, entries: Sequence[Suppressed], *, t: float) -> None:
        """Numbers that must not be rung: a list of thousands is one write."""
        written_at = self._not_before(t)
        self._append(
            *(
                {
                    "t": written_at,
                    "suppressed": entry.phone_number,
                    "entry": str(entry.entry_id),
                    "root": _text(entry.root_id),
                    "campaign": _text(entry.campaign_id),
                    "reason": entry.reason[:REASON_CHARACTERS],
                    "since": entry.since,
                }
                for entry in entries
            )
        )

    def lifted(self, entry_id: UUID, *, t: float) -> None:
        """The suppression is no more: what stands above of it is not put back."""
        self._append({"t": self._not_before(t), "lifted": str(entry_id)})

    def agrees_with(self, found: Standing) -> bool:
        """Whether the rows have not been put back since the last reconciliation."""
        known = self.standing
        return (
            known is not None
            and known.database == found.database
            and known.position <= found.position
            and not found.forgot
        )

    def newest(self) -> float:
        """The latest time of its last lines, in unix seconds.

        An answer is told at its own time, and hosts differ a little: not the last line's.
        """
        return max((float(line["t"]) for line in self._last_lines()), default=0.0)

    def newest_dial(self) -> NewestDial | None:
        """The last one that this process has seen, unless it was dealt with (`vouched`).

        To be asked before the rows are: then they know it, or have forgotten it.
        """
        dials = (line for line in self._last_lines() if "lead" in line)
        if (line := next(dials, None)) is not None:
            self._newest = NewestDial(UUID(line["attempt"]), UUID(line["root"]))
        return None if self._newest == self.vouched else self._newest

    def _last_lines(self) -> Iterator[dict[str, Any]]:
        """The whole ones among the last bytes, the last line first."""
        with self._told(), self._opening:
            self._reopen_if_moved()
            size = os.fstat(self._file).st_size
            tail = os.pread(self._file, TAIL_BYTES, max(0, size - TAIL_BYTES))
        lines = map(parse, reversed(tail.split(b"\n")))
        return (line for line in lines if line is not None)

    def _not_before(self, t: float) -> float:
        """A clock that was set back must not hide behind a line that it dates itself."""
        return max(t, self.newest())

    def read(
        self, position: int, count: int
    ) -> list[tuple[int, dict[str, Any] | None]]:
        """(where it ends, the line) of up to `count` whole lines from `position` on, in
        bytes; from the beginning when the file ends before that: it was put back, too.

        A line that cannot be read (torn by a crash) is None; a last one that has no end
        yet is left for the next time.
        """
        found: list[tuple[int, dict[str, Any] | None]] = []
        with self._told(), self.path.open("rb") as file:
            position = _seek(file, position)
            for raw in islice(file, count):
                if raw.endswith(b"\n"):
                    position += len(raw)
                    found.append((position, parse(raw)))
        return found

    def taken_back_after(self, position: int) -> TakenBack:
        """What any line from `position` on takes back."""
        with self._told(), self.path.open("rb") as file:
            _seek(file, position)
            # To look for the word first spares taking a million other lines apart.
            lines = [
                line
                for raw in file
                if b'"lifted"' in raw or b'"withdrawn"' in raw
                if (line := parse(raw)) is not None
            ]
        return TakenBack(
            frozenset(line["lifted"] for line in lines if "lifted" in line),
            frozenset(line["withdrawn"] for line in lines if "withdrawn" in line),
        )

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, *lines: dict[str, Any]) -> None:
        text = b"".join(
            json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines
        )
        if not text:
            return
        with self._told():
            with self._opening:
                self._reopen_if_moved()
                # What a crash or a full disk cut off must not swallow this line.
                if self._ends_torn():
                    text = b"\n" + text
                # O_APPEND keeps what one write has together, whoever else writes.
                written = os.write(self._file, text)
            if written != len(text):
                raise LedgerError(
                    "the dial ledger could not be written: its disk is full",
                    hint=f"make room for {self.path}; nothing is dialed without it",
                )
            os.fsync(self._file)

    def _ends_torn(self) -> bool:
        """In the middle of a line that nobody is about to finish: a long write of another
        process is seen to grow."""
        for _ in range(LOOKS):
            size = os.fstat(self._file).st_size
            if os.pread(self._file, 1, size - 1) == b"\n":
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def _open(self) -> None:
        with self._told():
            _make_folder(self.path.parent)
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            # For the first line only: of processes that start together one writes it.
            fcntl.flock(self._file, fcntl.LOCK_EX)
            if os.fstat(self._file).st_size == 0:
                head = {"ledger": str(uuid4()), "t": time.time()}
                os.write(self._file, json.dumps(head).encode() + b"\n")
                os.fsync(self._file)
                _sync_folder(self.path.parent)
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self.ledger_id = self._read_id()
            self.standing = self.vouched = self._newest = None

    def _read_id(self) -> str:
        first = os.pread(self._file, TAIL_BYTES, 0).split(b"\n")[0]
        head = parse(first) or {}
        if "ledger" in head:
            return str(head["ledger"])
        if "attempt" in head:  # begun before ledgers had a name
            return str(uuid5(NAMESPACE_OID, first.decode()))
        self.close()
        raise LedgerError(
            f"{self.path} is not a dial ledger",
            hint="move it away; a new one is begun",
        )

    def _reopen_if_moved(self) -> None:
        """A file that was moved away takes no more lines: nobody would look there."""
        try:
            named = self.path.stat().st_ino
        except FileNotFoundError:
            named = -1
        if self._file < 0 or named != os.fstat(self._file).st_ino:
            self.close()
            self._open()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LedgerError(
                f"the dial ledger cannot be used: {error.strerror or error}",
                hint=f"mend {self.path}; nothing is dialed without it",
            ) from error


def parse(raw: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    if isinstance(line, dict) and isinstance(line.get("t"), int | float):
        return line
    return None


def _seek(file: BinaryIO, position: int) -> int:
    """To where it is, or to the beginning of a file that ends before that."""
    if position > file.seek(0, os.SEEK_END):
        position = 0
    return file.seek(position)


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)


def _make_folder(folder: Path) -> None:
    """With every name in it on disk: a crash must not lose a folder of the path."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
