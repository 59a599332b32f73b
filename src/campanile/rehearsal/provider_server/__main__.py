"""`python -m campanile.rehearsal.provider_server --data DIR`; prints its URL."""

import argparse
import asyncio
import sys
from pathlib import Path

from campanile import logs

from .options import Delays, ProviderServerOptions
from .server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="provider_server", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--scripts", type=Path)
    parser.add_argument("--require-key", action="store_true")
    parser.add_argument("--decoders", type=int, default=2)
    for service in ("stt", "llm", "tts"):
        parser.add_argument(f"--delay-{service}-ms", type=float, default=0.0)
    given = parser.parse_args()
    logs.configure()
    options = ProviderServerOptions(
        data_dir=given.data,
        port=given.port,
        host=given.host,
        scripts=given.scripts,
        require_key=given.require_key,
        delays=Delays(
            stt=given.delay_stt_ms / 1000,
            llm=given.delay_llm_ms / 1000,
            tts=given.delay_tts_ms / 1000,
        ),
        decoders=given.decoders,
    )
    asyncio.run(serve(options, ready=_tell))


def _tell(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
