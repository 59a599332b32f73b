"""Processes, started and ended for real."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from campanile.embedded import instance, warden_process
from campanile.embedded.interruption import ENDS_WITH_PARENT
from campanile.embedded.services import Service
from campanile.embedded.supervisor import Supervisor
from campanile.errors import Unavailable

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", MARK])
open(sys.argv[1], "w").write("up")
time.sleep(600)
"""

SUPERVISE = """
import sys, time
from pathlib import Path
from campanile.embedded.postgres import PrivatePostgres
from campanile.embedded.redis import PrivateRedis
from campanile.embedded.services import Service
from campanile.embedded.interruption import interruptible
from campanile.embedded.supervisor import Supervisor

data_dir = Path(sys.argv[1])
with interruptible(), Supervisor(data_dir) as supervisor:
    postgres = PrivatePostgres(data_dir / "postgres")
    postgres.prepare()
    redis = PrivateRedis(data_dir / "redis")
    up = data_dir / "stubborn.up"
    stubborn = Service(
        name="stubborn",
        command=(sys.executable, "-c", sys.argv[2], str(up)),
        ready=lambda: {} if up.exists() else None,
        grace_seconds=0.5,
    )
    supervisor.start(postgres.service(), redis.service(), stubborn)
    supervisor.wait_until_ready("postgres", "redis", "stubborn")
    (data_dir / "all.up").touch()
    time.sleep(600)
"""


def eventually(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def processes_of(data_dir: Path) -> list[psutil.Process]:
    """Whatever names the folder in its arguments or its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if any(str(data_dir) in word for word in words):
            found.append(process)
    return found


def supervise(data_dir: Path) -> subprocess.Popen[bytes]:
    """PostgreSQL, Redis and a process that does not want to end, with a child."""
    stubborn = STUBBORN.replace("MARK", repr(str(data_dir)))
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(data_dir), stubborn],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    assert eventually((data_dir / "all.up").exists)
    return supervisor


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_its_supervisor(
    data_dir: Path, number: signal.Signals
) -> None:
    supervisor = supervise(data_dir)
    assert len(processes_of(data_dir)) >= 5

    supervisor.send_signal(number)
    supervisor.wait(20)

    assert eventually(lambda: not processes_of(data_dir)), processes_of(data_dir)


def test_what_was_orphaned_is_ended_by_the_next_supervisor(data_dir: Path) -> None:
    supervisor = supervise(data_dir)
    wardens = [
        child
        for child in psutil.Process(supervisor.pid).children()
        if warden_process.__file__ in child.cmdline()
    ]
    supervisor.kill()
    for warden in wardens:
        warden.kill()
    supervisor.wait()
    assert len(wardens) == 1
    assert len(processes_of(data_dir)) >= 4

    with Supervisor(data_dir):
        pass
    assert eventually(lambda: not processes_of(data_dir), seconds=1.0)


def test_it_ends_with_a_killed_parent_that_asked_for_it(data_dir: Path) -> None:
    script = SUPERVISE.partition("    postgres =")[0]
    script += "    (data_dir / 'all.up').touch(); time.sleep(600)"
    parent = subprocess.Popen(
        [
            "/bin/sh",
            "-c",
            '"$@" & wait',
            "sh",
            sys.executable,
            "-c",
            script,
            str(data_dir),
        ],
        env={**os.environ, ENDS_WITH_PARENT: "1"},
        stderr=subprocess.DEVNULL,
    )
    assert eventually((data_dir / "all.up").exists)
    parent.kill()
    parent.wait()
    assert eventually(lambda: not processes_of(data_dir)), processes_of(data_dir)


def a_process(name: str, script: str, *arguments: str) -> Service:
    return Service(name=name, command=(sys.executable, "-c", script, *arguments))


def test_a_process_tells_its_facts_and_has_a_pid_file(data_dir: Path) -> None:
    script = "from campanile.readiness import announce; announce('x', url='ws://here');"
    with Supervisor(data_dir) as supervisor:
        supervisor.start(a_process("shop", script + "import time; time.sleep(600)"))
        facts = supervisor.wait_until_ready("shop")["shop"]
        written = int((data_dir / "run" / "shop.pid").read_text())
    assert facts == {"url": "ws://here", "pid": written}
    assert not list((data_dir / "run").glob("shop*"))


def test_a_process_that_dies_is_started_again(data_dir: Path) -> None:
    script = "from campanile.readiness import announce; announce('x');"
    with Supervisor(data_dir) as supervisor:
        supervisor.start(a_process("shop", script + "import time; time.sleep(600)"))
        first = supervisor.wait_until_ready("shop")["shop"]["pid"]
        os.kill(first, signal.SIGKILL)
        pid_file = data_dir / "run" / "shop.pid"
        assert eventually(lambda: int(pid_file.read_text()) != first)
        assert supervisor.alive() == {"shop": True}


def test_a_process_that_never_gets_ready_is_reported_with_its_last_words(
    data_dir: Path,
) -> None:
    with Supervisor(data_dir) as supervisor:
        supervisor.start(a_process("shop", "raise SystemExit('no bread today')"))
        with pytest.raises(Unavailable, match="shop ended with status 1") as told:
            supervisor.wait_until_ready("shop")
    assert "no bread today" in told.value.details


def test_a_one_shot_process_is_waited_for(data_dir: Path) -> None:
    done = data_dir / "done"
    with Supervisor(data_dir) as supervisor:
        supervisor.run(
            a_process("once", f"from pathlib import Path; Path({str(done)!r}).touch()")
        )
        assert done.exists()
        with pytest.raises(Unavailable, match="status 3"):
            supervisor.run(a_process("once", "raise SystemExit(3)"))


def test_down_ends_a_supervisor_of_another_process(data_dir: Path) -> None:
    script = SUPERVISE.partition("    postgres =")[0]
    script += "    (data_dir / 'all.up').touch(); time.sleep(600)"
    supervisor = subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir)], stderr=subprocess.DEVNULL
    )
    assert eventually((data_dir / "all.up").exists)
    assert instance.running(data_dir / "run") == supervisor.pid
    assert instance.stop(data_dir / "run") is True
    assert supervisor.wait(5) != 0
    assert instance.stop(data_dir / "run") is False
