"""What the SIP plugin's events mean for a line: pure, from Janus's JSON to LineEvents.

The sequences that this file expects were recorded from Janus 1.1.2 with SIPp as the
far end. A 180 gives `ringing` and `proceeding`, a 183 with SDP `progress` and
`proceeding`; `accepted` brings the SDP unless `progress` did.
"""

from dataclasses import dataclass
from typing import Any

from campanile.telephony.line import (
    Answered,
    Dtmf,
    EarlyMedia,
    Ended,
    LineEvent,
    Ringing,
)

NOT_ACCEPTABLE = 488
"""Not Acceptable Here (RFC 3261, 21.4.26): no common ground in the SDP."""


@dataclass(slots=True)
class LegProgress:
    """How far a leg has come; `read` moves it on and tells what is new."""

    hanging_up: bool = False
    """We asked for the end: what ends the leg from now on is ours."""
    ringing: bool = False
    early_media: bool = False
    answered: bool = False
    ended: bool = False
    fault: str = ""
    """Why we gave the leg up, where its media could not be agreed on."""

    def read(self, message: dict[str, Any]) -> LineEvent | None:
        """The news in one message of the line's own handle, if there is any."""
        if self.ended:
            return None
        if message["janus"] == "detached":
            return self.session_over("the gateway let go of the leg", by_us=False)
        result = plugin_result(message)
        news: LineEvent | None = None
        match result.get("event"):
            case "progress" if "jsep" in message:
                news = self._plays_early_media()
            case "ringing" | "progress":
                news = self._rings()
            case "accepted" if not self.answered:
                self.answered = True
                news = Answered()
            case "info":
                news = _dtmf(result)
            case "hangup":
                news = self._ends(result)
        return news

    def session_over(self, reason: str, *, by_us: bool) -> Ended | None:
        """The end of a leg whose gateway session is no more."""
        if self.ended:
            return None
        self.ended = True
        if by_us:
            code = 200 if self.answered else 487
            return Ended(code=code, reason=reason, by="us")
        return Ended(code=0, reason=reason, by="gateway")

    def _rings(self) -> LineEvent | None:
        # Networks repeat their 180, and some send one after early media.
        news = not (self.ringing or self.answered)
        self.ringing = True
        return Ringing() if news else None

    def _plays_early_media(self) -> LineEvent | None:
        news = not (self.early_media or self.answered)
        self.early_media = True
        return EarlyMedia() if news else None

    def _ends(self, result: dict[str, Any]) -> Ended:
        self.ended = True
        if self.fault:
            return Ended(code=NOT_ACCEPTABLE, reason=self.fault, by="us")
        return Ended(
            code=int(result.get("code", 0)),
            reason=str(result.get("reason", "")),
            by="us" if self.hanging_up else "callee",
            q850=_q850(result),
        )


def plugin_result(message: dict[str, Any]) -> dict[str, Any]:
    """The `result` of a SIP plugin event; empty for every other message."""
    data = message.get("plugindata", {}).get("data", {})
    result: dict[str, Any] = data.get("result") or {}
    return result


def _q850(result: dict[str, Any]) -> int | None:
    if str(result.get("reason_header_protocol", "")).upper() != "Q.850":
        return None
    cause = str(result.get("reason_header_cause", ""))
    return int(cause) if cause.isdigit() else None


def _dtmf(result: dict[str, Any]) -> Dtmf | None:
    """A digit sent by SIP INFO, as `Signal=5` or bare `5`."""
    if not str(result.get("type", "")).startswith("application/dtmf"):
        return None
    for line in str(result.get("content", "")).splitlines():
        name, _, value = line.partition("=")
        digit = (value if name.strip().lower() == "signal" else name).strip()
        if len(digit) == 1 and digit in "0123456789*#ABCD":
            return Dtmf(digit)
    return None
