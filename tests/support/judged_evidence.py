"""Hand-made evidence for the judge: a small world, and legs written down line by line."""

from itertools import count
from typing import Any

from chaos.judge.evidence import Evidence, legs_of

NOON = 1_795_021_200.0
"""2026-11-18 12:00 in New York, a Wednesday; the world's offset is 0."""
NEW_YORKER, TEXAN, ALABAMIAN = "+15165550101", "+12145550101", "+12055550101"
ONE, OTHER, STRANGE = "+12125550100", "+12125550101", "+12125550102"
"""Caller IDs: two campaigns of one tree, one of another."""
_NAMES = count()
"""Of legs: logs may be laid together."""


def campaign(caller: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"campaign {caller}",
        "organization": "parent",
        "root": "parent",
        "trunk": "trunk",
        "caller_id": caller,
        "timezone": "America/New_York",
        "start": "00:00",
        "end": "23:59",
        "ring_timeout": 5,
        "retry_delay": 10,
        "max_attempts": 3,
        "subject": None,
        "caps": {},
        "consent_required": False,
        "regions": None,
        "max_minutes": None,
        **values,
    }


def lead(caller: str, number: str, zone: str, place: str, **values: Any) -> Any:
    return {
        "campaign": f"campaign {caller}",
        "number": number,
        "zones": [zone],
        "jurisdictions": [place],
        "consent": False,
        **values,
    }


def world(**first: Any) -> dict[str, Any]:
    """`first` changes the first campaign."""
    callers = (ONE, OTHER, STRANGE)
    strange = {"organization": "strange", "root": "strange", "trunk": "strange trunk"}
    return {
        "seed": 0,
        "scenario": "made by hand",
        "offset": 0.0,
        "times": {"CAMPANILE_QUARANTINE_SECONDS": "20", "CAMPANILE_LEASE_SECONDS": "9"}
        | {
            "CAMPANILE_GATEWAY_SESSION_SECONDS": "3",
            "CAMPANILE_ORPHAN_REPORT_SECONDS": "14",
            "CAMPANILE_SELF_HANGUP_SECONDS": "11",
        },
        "organizations": [
            {"id": "parent", "root": "parent", "parent": None, "caps": {}},
            {"id": "strange", "root": "strange", "parent": None, "caps": {}},
        ],
        "trunks": [
            {"id": "trunk", "organization": "parent", "cps": 3, "channels": 4},
            {"id": "strange trunk", "organization": "strange", "cps": 3, "channels": 4},
        ],
        "campaigns": [
            campaign(ONE, **first),
            campaign(OTHER),
            campaign(STRANGE, **strange),
        ],
        "leads": [
            lead(caller, number, zone, place)
            for caller in callers
            for number, zone, place in (
                (NEW_YORKER, "America/New_York", "US-NY"),
                (TEXAN, "America/Chicago", "US-TX"),
                (ALABAMIAN, "America/Chicago", "US-AL"),
            )
        ],
        "suppressed": [],
    }


class Log:
    """Legs as the exchange writes them; times are seconds after `NOON`."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def leg(
        self,
        number: str,
        invite: float,
        end: float | None,
        *,
        caller: str = ONE,
        call_id: str = "",
        ringing: float | None = None,
        answer: float | None = None,
        code: int = 480,
    ) -> str:
        """Refused at `end`, or ended by BYE where it was answered. Its call id."""
        name = f"leg {next(_NAMES)}"
        who = {"leg": name, "call_id": call_id or name, "from": caller, "to": number}
        last = "reject" if answer is None else "bye"
        for event, t, status in (
            ("invite", invite, 0),
            ("ringing", ringing, 180),
            ("answer", answer, 200),
            (last, end, code if answer is None else 200),
        ):
            if t is not None:
                self.lines.append(
                    {"t": NOON + t, "event": event, **who, "code": status, "reason": ""}
                )
        return str(who["call_id"])


def evidence(
    log: Log,
    *,
    world_: dict[str, Any] | None = None,
    history: list[dict[str, Any]] | None = None,
    reports: list[dict[str, Any]] | None = None,
    amendments: list[dict[str, Any]] | None = None,
    leads: list[dict[str, Any]] | None = None,
    attempts: list[dict[str, Any]] | None = None,
) -> Evidence:
    """`t`, `until` and `asked` of the history are seconds after `NOON` too."""
    told = [
        {
            name: NOON + value if name in ("t", "until", "asked", "backup") else value
            for name, value in line.items()
        }
        for line in history or []
    ]
    died = [
        line["t"]
        for line in told
        if line["event"] == "kill" and line["target"] == "exchange"
    ]
    return Evidence(
        world=world_ or world(),
        history=told,
        legs=legs_of(log.lines, exchange_died=died),
        reports=reports or [],
        amendments=amendments or [],
        leads=leads or [],
        attempts=attempts or [],
    )


def report(call_id: str, disposition: str, t: float = 0.0) -> dict[str, Any]:
    return {"attempt": call_id, "disposition": disposition, "t": NOON + t}
