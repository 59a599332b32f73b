"""The dial ledger as a file: whole lines, whoever writes, whatever breaks."""

import json
import multiprocessing
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from campanile.dialing.ledger import (
    TAIL_BYTES,
    Dial,
    Ledger,
    LedgerError,
    Suppressed,
)

T = 1_800_000_000.0


def dial(t: float = T) -> Dial:
    return Dial(
        attempt_id=uuid4(),
        root_id=uuid4(),
        campaign_id=uuid4(),
        lead_id=uuid4(),
        phone_number="+12125550101",
        subject=None,
        t=t,
    )


def suppressed(number: str = "+12125550101", reason: str = "") -> Suppressed:
    """For a whole organisation."""
    return Suppressed(
        entry_id=uuid4(),
        phone_number=number,
        root_id=uuid4(),
        campaign_id=None,
        reason=reason,
        since=T - 5,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "not" / "there" / "yet" / "dials.ndjson"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    book = Ledger(path)
    yield book
    book.close()


def read(ledger: Ledger, position: int = 0) -> list[dict[str, Any] | None]:
    return [line for _, line in ledger.read(position, 10_000)]


def test_the_first_line_names_the_ledger_for_good(ledger: Ledger, path: Path) -> None:
    again = Ledger(path)
    assert again.ledger_id == ledger.ledger_id
    again.close()
    assert [line and line.get("ledger") for line in read(ledger)] == [ledger.ledger_id]


def test_a_dial_an_answer_and_a_withdrawal_are_a_line_each(ledger: Ledger) -> None:
    one = dial()
    ledger.record(one)
    ledger.answered(one.attempt_id, t=T + 5)
    ledger.withdrawn(one.attempt_id, t=T + 6)
    assert read(ledger)[1:] == [
        {
            "t": T,
            "attempt": str(one.attempt_id),
            "root": str(one.root_id),
            "campaign": str(one.campaign_id),
            "lead": str(one.lead_id),
            "subject": None,
            "number": "+12125550101",
        },
        {"t": T + 5, "answered": str(one.attempt_id)},
        {"t": T + 6, "withdrawn": str(one.attempt_id)},
    ]
    assert ledger.newest() == T + 6


def test_a_suppression_and_its_lift_are_a_line_each(ledger: Ledger) -> None:
    one = suppressed(reason="wrote a letter")
    ledger.suppressed([one], t=T)
    ledger.lifted(one.entry_id, t=T + 60)
    assert read(ledger)[1:] == [
        {
            "t": T,
            "suppressed": "+12125550101",
            "entry": str(one.entry_id),
            "root": str(one.root_id),
            "campaign": None,
            "reason": "wrote a letter",
            "since": T - 5,
        },
        {"t": T + 60, "lifted": str(one.entry_id)},
    ]


def test_a_list_is_a_line_for_each_number(ledger: Ledger) -> None:
    numbers = [f"+1{area}55501{n:02}" for area in range(200, 250) for n in range(100)]
    ledger.suppressed([suppressed(number) for number in numbers], t=T)
    found = [line and line["suppressed"] for line in read(ledger)[1:]]
    assert found == numbers


def test_an_empty_list_is_not_written(ledger: Ledger, path: Path) -> None:
    before = path.stat().st_size
    ledger.suppressed([], t=T)
    assert path.stat().st_size == before


def test_the_longest_reason_leaves_the_last_line_legible(
    ledger: Ledger, path: Path
) -> None:
    """`newest` looks at the end of the file only."""
    before = path.stat().st_size
    ledger.suppressed([suppressed(reason="\N{BELL}" * 10_000)], t=T)
    assert path.stat().st_size - before < TAIL_BYTES
    assert ledger.newest() == T


def test_what_was_lifted_is_known_before_the_lines_are_read(ledger: Ledger) -> None:
    early, late, kept = (suppressed(reason='"lifted"') for _ in range(3))
    ledger.suppressed([early], t=T)
    ledger.lifted(early.entry_id, t=T)
    (position, _) = ledger.read(0, 100)[-1]
    ledger.suppressed([late, kept], t=T)
    ledger.lifted(late.entry_id, t=T)
    both = {str(early.entry_id), str(late.entry_id)}
    assert ledger.lifted_after(position) == {str(late.entry_id)}
    assert ledger.lifted_after(0) == both
    assert ledger.lifted_after(1_000_000_000) == both  # a file that was put back, too


def test_a_line_torn_by_a_crash_costs_nobody_elses(ledger: Ledger, path: Path) -> None:
    ledger.record(dial())
    with path.open("ab") as file:
        file.write(b'{"t":18000000')
    (end, _) = ledger.read(0, 100)[-1]
    assert len(read(ledger)) == 2  # the torn one may still be being written
    after = dial(T + 1)
    ledger.record(after)
    torn, whole = read(ledger, end)
    assert torn is None
    assert whole is not None
    assert whole["attempt"] == str(after.attempt_id)


def write_many(path: Path, count: int) -> None:
    ledger = Ledger(path)
    for n in range(count):
        ledger.record(dial(T + n))
    ledger.close()


def test_processes_that_begin_and_fill_it_together_lose_no_line(path: Path) -> None:
    start = multiprocessing.get_context("spawn")
    writers = [start.Process(target=write_many, args=(path, 50)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert sum("ledger" in line for line in found) == 1
    assert len({UUID(line["attempt"]) for line in found if "attempt" in line}) == 200


def suppress_many(path: Path, count: int) -> None:
    ledger = Ledger(path)
    for _ in range(count):
        ledger.suppressed([suppressed() for _ in range(2000)], t=T)
    ledger.close()


def test_lists_that_are_written_together_tear_no_line(path: Path) -> None:
    start = multiprocessing.get_context("spawn")
    writers = [
        start.Process(target=suppress_many, args=(path, 5)),
        start.Process(target=suppress_many, args=(path, 5)),
        start.Process(target=write_many, args=(path, 50)),
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({line["entry"] for line in found if "entry" in line}) == 20_000
    assert sum("attempt" in line for line in found) == 50


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process may grow beyond that many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("room", [0, 20])
def test_a_full_disk_is_told_and_leaves_the_ledger_usable(
    ledger: Ledger, path: Path, room: int
) -> None:
    with full_disk(path.stat().st_size + room), pytest.raises(LedgerError):
        ledger.record(dial())
    kept = dial()
    ledger.record(kept)
    last = read(ledger)[-1]
    assert last is not None
    assert last["attempt"] == str(kept.attempt_id)


def test_a_file_that_was_moved_away_is_begun_anew(ledger: Ledger, path: Path) -> None:
    before = ledger.ledger_id
    path.rename(path.with_suffix(".old"))
    ledger.record(dial())
    assert ledger.ledger_id != before
    assert ledger.standing is None  # to be reconciled before the next dial
    assert len(read(ledger)) == 2


def test_something_else_is_not_taken_for_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("phone,name\n")
    with pytest.raises(LedgerError):
        Ledger(tmp_path / "list.csv")


def test_a_ledger_from_before_they_had_names_keeps_one(tmp_path: Path) -> None:
    old = tmp_path / "dials.ndjson"
    old.write_text(f'{{"t":{T},"attempt":"{uuid4()}","root":"x","number":"y"}}\n')
    first, second = Ledger(old), Ledger(old)
    assert first.ledger_id == second.ledger_id
    first.close()
    second.close()
