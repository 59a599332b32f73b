"""A phone network made of real parts: Janus and SIPp in a namespace of their own.

    with RealPhoneNetwork(tmp_path) as network:
        callee = network.callee("reject", code=486, phrase="Busy Here", q850=17)
        network.run([sys.executable, "worker.py", callee.address])

A callee is the whole trunk behind its address: which number is dialled makes no odds.
PostgreSQL and Redis stay outside and are reached by Unix socket.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from campanile.audio.frames import SAMPLE_RATE
from campanile.audio.g711 import encode_ulaw
from support.janus_server import JanusServer
from support.netns import ADDRESS, Namespace, NoNamespace
from support.sipp_callee import Callee

TONE_HZ = 440
"""What a callee plays where its scenario plays something."""


class RealPhoneNetwork:
    gateway_url = JanusServer.url
    media_address = ADDRESS

    def __init__(self, folder: Path, *, session_seconds: int = 10):
        """`session_seconds` is how long Janus keeps a session it hears nothing of."""
        self._folder = folder
        self._session_seconds = session_seconds
        self._open = ExitStack()
        self._numbers = count(1)

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self.namespace = opening.enter_context(Namespace())
            janus = JanusServer(
                self.namespace,
                self._folder / "janus",
                session_seconds=self._session_seconds,
            )
            opening.callback(janus.close)
            self._tone = self._folder / "tone.ulaw"
            self._tone.write_bytes(_tone())
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def callee(
        self,
        scenario: str,
        *,
        calls: int | None = 1,
        echo: bool = False,
        **values: object,
    ) -> Callee:
        """Start SIPp with tests/support/sipp/`scenario`.xml; ends with the network.

        `echo` sends all audio back. Several callees may live side by side.
        """
        callee = Callee(
            self.namespace,
            self._folder / f"{next(self._numbers)}-{scenario}",
            scenario,
            calls=calls,
            echo=echo,
            values={"tone": self._tone, **values},
        )
        self._open.callback(callee.close)
        return callee

    def environment(self) -> dict[str, str]:
        """What a process inside needs to know, on top of this process's environment."""
        return os.environ | {
            "CAMPANILE_GATEWAY_URL": self.gateway_url,
            "CAMPANILE_MEDIA_ADDRESS": self.media_address,
        }

    def start(
        self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start `command` inside, its output in a pipe; killed with the network."""
        process = self.namespace.start(
            command,
            output=subprocess.PIPE,
            errors=subprocess.PIPE,
            env=self.environment() | dict(env or {}),
        )

        def end() -> None:
            process.kill()
            process.communicate()

        self._open.callback(end)
        return process

    def run(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> str:
        """Run `command` inside to its end; answer its output. Raises AssertionError."""
        process = self.start(command, env=env)
        output, errors = process.communicate(timeout=timeout)
        assert process.returncode == 0, f"{output}\n{errors}"
        return output


def require_phone_network() -> None:
    """Skip the test where Janus cannot run, and say why; under CI=true fail instead."""
    reason = _missing()
    if reason and os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"CI must talk to the real Janus: {reason}")
    if reason:
        pytest.skip(reason)


def _missing() -> str:
    missing = [tool for tool in ("janus", "sipp") if not shutil.which(tool)]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: janus, sip-tester)"
    try:
        Namespace().close()
    except NoNamespace as error:
        return str(error)
    return ""


def _tone() -> bytes:
    """A second of it, which SIPp repeats without a seam."""
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    wave = 8000 * np.sin(2 * np.pi * TONE_HZ * at)
    return encode_ulaw(wave.astype(np.int16))
