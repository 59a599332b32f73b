"""How our calls present themselves to one SIP trunk."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from campanile.errors import Invalid

_E164 = re.compile(r"\+[1-9][0-9]{2,14}")
_ADDRESS = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class TrunkAccount:
    address: str
    """Host or host:port of the carrier's SIP server."""
    username: str | None = None
    secret: str | None = field(default=None, repr=False)
    """Digest password; without one the trunk knows us by our address."""
    transport: Literal["udp", "tcp", "tls"] = "udp"

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            raise Invalid(
                f"{self.address!r} is not the address of a SIP server",
                hint="Write host or host:port, without sip: in front",
            )

    def uri(self, number: str) -> str:
        """Where `number` is reached through this trunk. Raises Invalid."""
        return f"sip:{_e164(number)}@{self.address}{self._transport_parameter}"

    def registration(self, caller_id: str) -> dict[str, Any]:
        """The body that makes a Janus handle a master for calls from `caller_id`.

        No REGISTER is sent (DESIGN D9). Raises Invalid.
        """
        host = re.sub(r":[0-9]+$", "", self.address)
        proxy = f"sip:{self.address}{self._transport_parameter}"
        body: dict[str, Any] = {
            "request": "register",
            "username": f"sip:{_e164(caller_id)}@{host}",
            "outbound_proxy": proxy,
        }
        if self.transport == "tcp":
            body["force_tcp"] = True
        elif self.transport == "tls":
            body |= {"sips": True, "force_tcp": True, "proxy": proxy}
        if self.secret is None:
            return body | {"type": "guest"}
        return body | {
            "send_register": False,
            "authuser": self.username or _e164(caller_id),
            "secret": self.secret,
        }

    @property
    def _transport_parameter(self) -> str:
        return "" if self.transport == "udp" else f";transport={self.transport}"


def _e164(number: str) -> str:
    # What stands in a SIP header comes from spreadsheets: digits only, ever.
    if not _E164.fullmatch(number):
        raise Invalid("The number is not in E.164 form, as in +12125550123")
    return number
