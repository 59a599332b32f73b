"""SIPp as the callee: one process per scenario, and its own log of what it saw."""

import re
import subprocess
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from support.netns import ADDRESS, Namespace
from support.waiting import wait_until

SCENARIOS = Path(__file__).parent / "sipp"

_ports = count(15060, 10)  # room for media ports; each namespace is empty
_MESSAGE = re.compile(
    r"^-{20,} (?P<at>\S+ \S+)\n\S+ message (?P<way>received|sent)[^\n]*\n\n"
    r"(?P<text>.*?)(?=^-{20,} |\Z)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class SipMessage:
    at: float
    """unix seconds"""
    received: bool
    first_line: str
    text: str

    @property
    def name(self) -> str:
        """`INVITE` of a request, `486` of a response."""
        first, second, *_ = self.first_line.split()
        return second if first.startswith("SIP/") else first

    def header(self, name: str) -> str:
        """The first header of that name. Raises AssertionError."""
        found = re.search(rf"^{name}:\s*(.*)$", self.text, re.MULTILINE | re.IGNORECASE)
        assert found, f"no {name} in {self.first_line}"
        return found[1]


class Callee:
    """Answers as the scenario of that name says (tests/support/sipp/*.xml)."""

    def __init__(
        self,
        namespace: Namespace,
        folder: Path,
        scenario: str,
        *,
        calls: int | None = 1,
        echo: bool = False,
        values: dict[str, object],
    ):
        """`calls` after which it ends by itself; `values` fill `{{name}}` in the file."""
        folder.mkdir(parents=True)
        port = next(_ports)
        self.address = f"{ADDRESS}:{port}"
        self._log = folder / "messages.log"
        self._screen = folder / "screen.log"
        (folder / "scenario.xml").write_text(_filled(scenario, values))
        command: list[str | Path] = [
            *("sipp", "-sf", folder / "scenario.xml"),
            *("-i", ADDRESS, "-p", str(port), "-mi", ADDRESS),
            *("-mp", str(port + 10_000)),
            *("-nostdin", "-nd", "-trace_msg", "-message_file", self._log),
            *(["-rtp_echo"] if echo else []),
            *(["-m", str(calls)] if calls else []),
        ]
        with self._screen.open("w") as screen:
            self._process: subprocess.Popen[str] = namespace.start(
                command, output=screen, folder=folder
            )
        try:
            wait_until(
                lambda: (
                    self._process.poll() is not None
                    or namespace.listens(port, protocol="udp")
                ),
                f"SIPp listens; its words: {self._screen}",
            )
            assert self._process.poll() is None, self._screen.read_text()
        except BaseException:
            self.close()
            raise

    def messages(self) -> list[SipMessage]:
        """What came and went so far, in order, retransmissions included."""
        text = self._log.read_text() if self._log.exists() else ""
        return [
            SipMessage(
                at=datetime.fromisoformat(found["at"]).timestamp(),  # local time
                received=found["way"] == "received",
                first_line=found["text"].split("\n", 1)[0].strip(),
                text=found["text"].replace("\r", ""),
            )
            for found in _MESSAGE.finditer(text)
        ]

    def received(self) -> list[str]:
        """The names of the messages that came, e.g. `["INVITE", "ACK", "BYE"]`."""
        return [message.name for message in self.messages() if message.received]

    def first(self, name: str) -> SipMessage:
        """The first message of that name that came. Raises AssertionError."""
        for message in self.messages():
            if message.received and message.name == name:
                return message
        raise AssertionError(f"{name} did not come, only {self.received()}")

    def wait_for(self, name: str, *, timeout: float = 10.0) -> SipMessage:
        wait_until(
            lambda: name in self.received(), f"{name} reaches SIPp", timeout=timeout
        )
        return self.first(name)

    def is_content(self, *, timeout: float = 10.0) -> bool:
        """Did its `calls` all go as the scenario says? Waits until they are over."""
        return self._process.wait(timeout) == 0

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def _filled(scenario: str, values: dict[str, object]) -> str:
    text = (SCENARIOS / f"{scenario}.xml").read_text()
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", str(value))
    missing = re.findall(r"\{\{(\w+)\}\}", text)
    assert not missing, f"{scenario}.xml wants {', '.join(missing)}"
    return text
