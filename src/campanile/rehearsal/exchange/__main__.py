"""`python -m campanile.rehearsal.exchange`: the phone network alone, for experiments."""

import argparse
import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from campanile.rehearsal.exchange import ExchangeOptions, serve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path("var/campanile"))
    parser.add_argument("--media-address", default="127.0.0.1")
    parser.add_argument("--callees", type=Path)
    parser.add_argument("--voices", type=Path, help="where spoken sentences are kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mute", action="store_true")
    parser.add_argument("--pace-seconds", type=float, default=0.0)
    parser.add_argument("--session-timeout", type=float, default=10.0)
    parser.add_argument(
        "--signalling-only", action="store_true", help="short calls without media"
    )
    parser.add_argument("--manners", type=Path, help="what such far ends do, as JSON")
    given = parser.parse_args()
    options = ExchangeOptions(
        data_dir=given.data,
        host=given.host,
        port=given.port,
        media_address=given.media_address,
        callees=given.callees,
        voice_cache=given.voices,
        seed=given.seed,
        mute=given.mute,
        pace_seconds=given.pace_seconds,
        session_seconds=given.session_timeout,
        signalling_only=given.signalling_only,
        manners=given.manners,
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options, ready=_tell))


def _tell(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


main()
