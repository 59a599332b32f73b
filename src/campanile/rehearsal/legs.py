"""The exchange's log of what went over its wires: `rehearsal/legs.ndjson` (DESIGN 6).

One JSON object per line, appended and flushed at once, so that a checker may read the
file while calls are up. It is the far end's own testimony: nothing that the product
believes ever enters it.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import orjson

LegEvent = Literal[
    "invite",
    "ringing",
    "early_media",
    "answer",
    "bye",
    "cancel",
    "reject",
    "dtmf",
    "refer",
    "heard",
    "audio_gap",
]


class NdjsonLog:
    """A file of one JSON object per line; each line is one write."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered and O_APPEND: a line of this size reaches the file whole.
        self._file = path.open("ab", buffering=0)

    def write(self, line: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(line) + b"\n")

    def close(self) -> None:
        self._file.close()


class LegLog:
    """What one leg does, with its numbers in E.164.

    What the callee says goes to a file of its own: `legs` is the wire, `said` is the
    truth that a transcript can be held against.
    """

    def __init__(
        self,
        legs: NdjsonLog,
        said: NdjsonLog,
        *,
        leg: str,
        call_id: str,
        caller: str,
        callee: str,
        now: Callable[[], float] = time.time,
    ):
        self.leg = leg
        self._legs = legs
        self._said = said
        self._now = now
        self._who = {"leg": leg, "call_id": call_id, "from": caller, "to": callee}

    def note(
        self, event: LegEvent, *, code: int = 0, reason: str = "", **more: Any
    ) -> None:
        """One line of the wire; `more` are fields beyond the fixed ones."""
        fixed = {"t": self._now(), "event": event, **self._who}
        self._legs.write({**fixed, "code": code, "reason": reason, **more})

    def said(self, text: str) -> None:
        """The callee begins to say `text`."""
        self._said.write({"t": self._now(), "event": "said", **self._who, "text": text})

    def message(self, seconds: float, file: str) -> None:
        """A mailbox recorded so many seconds of speech after its beep."""
        recorded = {"seconds": seconds, "file": file}
        self._said.write(
            {"t": self._now(), "event": "message", **self._who, **recorded}
        )


_USER = re.compile(r"sips?:([^@;>]+)")


def e164(address: str) -> str:
    """The number in a SIP URI, header or dialled string, in E.164.

    Ten digits are read as North American and a leading 00 as the plus sign; a name
    that is no number is handed back as it is.
    """
    found = _USER.search(address)
    user = found.group(1) if found else address
    digits = re.sub(r"[\s().-]", "", user)
    if re.fullmatch(r"\+\d+", digits):
        return digits
    if not digits.isdigit():
        return user
    if digits.startswith("00"):
        return "+" + digits[2:]
    return "+1" + digits if len(digits) == 10 else "+" + digits
