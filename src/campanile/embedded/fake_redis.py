"""Serves `fakeredis` on a Unix socket, where no real Redis is to be had.

python -m campanile.embedded.fake_redis SOCKET
"""

import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from fakeredis import TcpFakeServer


class _UnixFakeServer(TcpFakeServer):
    """The same server behind a Unix socket: no port to take, no stranger to let in."""

    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)

    def get_request(self) -> tuple[Any, Any]:
        connection, _ = super().get_request()
        # Clients of a Unix socket have no address; the server tells them apart by it.
        return connection, ("client", next(self.client_ids))


def main() -> None:
    path = Path(sys.argv[1])
    path.unlink(missing_ok=True)
    old_umask = os.umask(0o077)
    server = _UnixFakeServer(str(path))  # type: ignore[arg-type]  # typed for TCP
    os.umask(old_umask)
    server.daemon_threads = True  # clients that stay must not keep us
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stop.wait()
    path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
