"""Server-sent events out of a byte stream (WHATWG HTML, section 9.2.6)."""


class EventStream:
    """Fed with bytes as they arrive, answers with the data of each whole event."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        events = []
        for line in (raw.removesuffix(b"\r") for raw in lines):
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data = []
        return events
