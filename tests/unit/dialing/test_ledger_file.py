"""The dial ledger as a file: whole lines, whoever writes, whatever breaks."""

import json
import multiprocessing
import resource
import signal
from collections.abc import Callable, Iterator
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
    NewestDial,
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


def other_lines(ledger: Ledger) -> dict[str, Callable[[], None]]:
    """Every kind but a dial, as a process writes it whose clock was set back."""
    behind = T - 43_200
    return {
        "answered": lambda: ledger.answered(uuid4(), t=behind),
        "withdrawn": lambda: ledger.withdrawn(uuid4(), t=behind),
        "suppressed": lambda: ledger.suppressed([suppressed()], t=behind),
        "lifted": lambda: ledger.lifted(uuid4(), t=behind),
    }


@pytest.mark.parametrize("kind", ["answered", "withdrawn", "suppressed", "lifted"])
def test_no_line_makes_the_ledger_look_older_than_it_is(
    ledger: Ledger, path: Path, kind: str
) -> None:
    """Its newest time is what a clock that was set back is found out by."""
    ledger.record(dial())
    other_lines(ledger)[kind]()
    assert ledger.newest() == T
    again = Ledger(path)
    assert again.newest() == T
    again.close()


@pytest.mark.parametrize("kind", ["withdrawn", "suppressed", "lifted"])
def test_nor_do_more_lines_than_are_looked_at(
    ledger: Ledger, path: Path, kind: str
) -> None:
    ledger.record(dial())
    for _ in range(200):
        other_lines(ledger)[kind]()
    again = Ledger(path)
    assert again.newest() == ledger.newest() == T
    again.close()


def test_what_was_taken_back_is_known_before_the_lines_are_read(
    ledger: Ledger,
) -> None:
    early, late, kept = (suppressed(reason='"lifted"') for _ in range(3))
    never_left = uuid4()
    ledger.suppressed([early], t=T)
    ledger.lifted(early.entry_id, t=T)
    (position, _) = ledger.read(0, 100)[-1]
    ledger.suppressed([late, kept], t=T)
    ledger.lifted(late.entry_id, t=T)
    ledger.withdrawn(never_left, t=T)
    both = {str(early.entry_id), str(late.entry_id)}
    assert ledger.taken_back_after(position).lifted == {str(late.entry_id)}
    assert ledger.taken_back_after(position).withdrawn == {str(never_left)}
    assert ledger.taken_back_after(0).lifted == both
    # of a file that was put back, too
    assert ledger.taken_back_after(1_000_000_000).lifted == both


def test_the_newest_dial_is_the_last_one_whoever_wrote_it(
    ledger: Ledger, path: Path
) -> None:
    assert ledger.newest_dial() is None
    mine, theirs = dial(), dial(T + 1)
    ledger.record(mine)
    other = Ledger(path)
    other.record(theirs)
    for book in (ledger, other):
        book.answered(mine.attempt_id, t=T + 2)
        found = book.newest_dial()
        assert found == NewestDial(theirs.attempt_id, theirs.root_id)
    other.suppressed([suppressed() for _ in range(100)], t=T + 3)
    assert ledger.newest_dial() == found  # seen before
    other.close()


def test_a_newest_dial_that_was_dealt_with_is_not_asked_about_again(
    ledger: Ledger,
) -> None:
    ledger.record(dial())
    ledger.vouched = ledger.newest_dial()
    assert ledger.newest_dial() is None
    ledger.record(dial(T + 1))
    assert ledger.newest_dial() is not None


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
