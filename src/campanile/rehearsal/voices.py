"""Speech for simulated people: offline, cached by content, cut to the phone band.

`flite` speaks where it is on PATH (its voices are understood best over 8 kHz), otherwise
espeak-ng does, in a process of its own (espeak.py). Both are given the same sentence
only once: afterwards it comes from the cache.
"""

import asyncio
import hashlib
import importlib.metadata
import io
import json
import os
import shutil
import sys
import tempfile
import wave
from pathlib import Path
from typing import Protocol

import numpy as np

from campanile.audio.frames import SAMPLE_RATE, Pcm
from campanile.errors import Unavailable

VOICES: dict[str, tuple[str, str]] = {
    "anna": ("slt", "en-us+f2"),
    "ben": ("rms", "en-us"),
    "colin": ("awb", "en-us+klatt"),
    "dave": ("kal16", "en-us+m3"),
}
"""Our names, and what flite and espeak-ng call the voice that speaks for them."""

_BAND_HERTZ = (300.0, 3400.0)
_PEAK = 16000
"""Loudest sample of an utterance: −6 dBFS, a clear telephone."""
_AUDIBLE = 0.01
"""Of the peak; what lies below at either end is cut off."""
_MARGIN_SECONDS = 0.02
_TICKS_PER_SECOND = 50


class _Engine(Protocol):
    name: str
    """With its version: part of the cache's key."""

    async def speak(self, text: str, voice: str) -> tuple[Pcm, int]:
        """Samples and their rate. Raises Unavailable."""

    async def close(self) -> None: ...


class Voices:
    """Speaks texts. Belongs to one event loop; `close` it."""

    def __init__(self, cache_dir: Path):
        self._cache_dir = cache_dir
        flite = shutil.which("flite")
        self._engine: _Engine = _Flite(flite) if flite else _Espeak()
        self._speaking: dict[Path, asyncio.Task[Pcm]] = {}

    async def speak(self, text: str, voice: str, *, rate: int = SAMPLE_RATE) -> Pcm:
        """`text` as mono int16 at `rate`; up to 8 kHz it has the telephone's band.

        `voice` is one of VOICES; any other name stands for one of them, always the same.
        The result is shared: do not write into it. Raises Unavailable.
        """
        known = sorted(VOICES)
        chosen = voice if voice in VOICES else known[sum(voice.encode()) % len(known)]
        key = json.dumps([self._engine.name, chosen, text, rate, _PEAK])
        file = self._cache_dir / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.s16"
        try:
            return _frozen(np.fromfile(file, dtype="<i2").astype(np.int16))
        except FileNotFoundError:
            pass
        if file not in self._speaking:
            self._speaking[file] = asyncio.create_task(
                self._render(file, text, chosen, rate), name="voices.render"
            )
        return await asyncio.shield(self._speaking[file])

    async def close(self) -> None:
        tasks = list(self._speaking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._engine.close()

    async def _render(self, file: Path, text: str, voice: str, rate: int) -> Pcm:
        try:
            samples, native = await self._engine.speak(text, voice)
            pcm = _shaped(samples, native, rate)
            await asyncio.to_thread(_store, file, pcm)
            return _frozen(pcm)
        finally:
            del self._speaking[file]


class _Flite:
    """One short-lived process per sentence: the same samples every time."""

    def __init__(self, program: str):
        self.name = "flite 2"
        self._program = program
        self._one_at_a_time = asyncio.Lock()

    async def speak(self, text: str, voice: str) -> tuple[Pcm, int]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "out.wav"
            async with self._one_at_a_time:
                process = await asyncio.create_subprocess_exec(
                    *(
                        self._program,
                        "-voice",
                        VOICES[voice][0],
                        "-t",
                        text,
                        "-o",
                        file,
                    ),
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                )
                _, complaint = await process.communicate()
            if process.returncode != 0 or not file.exists():
                raise Unavailable(
                    f"flite could not speak: {complaint.decode().strip()}"
                )
            with wave.open(io.BytesIO(file.read_bytes())) as sound:
                samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
                return samples.astype(np.int16), sound.getframerate()

    async def close(self) -> None:
        pass


class _Espeak:
    def __init__(self) -> None:
        version = importlib.metadata.version("espeakng-loader")
        self.name = f"espeak-ng {version}"
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def speak(self, text: str, voice: str) -> tuple[Pcm, int]:
        async with self._one_at_a_time:
            process = await self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            request = {"voice": VOICES[voice][1], "text": text}
            process.stdin.write(json.dumps(request).encode() + b"\n")
            head = await process.stdout.readline()
            if not head:
                self._process = None
                raise Unavailable("The espeak-ng process ended")
            rate, size = (int(field) for field in head.split())
            samples = await process.stdout.readexactly(size)
        if not samples:
            raise Unavailable(f"espeak-ng could not say: {text}")
        return np.frombuffer(samples, dtype=np.int16), rate

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "campanile.rehearsal.espeak"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        return self._process

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()  # it ends by itself at the end of its input
        await process.wait()


def _shaped(samples: Pcm, native: int, rate: int) -> Pcm:
    """Resampled, band-limited for the telephone, trimmed, and as loud as all others."""
    # Whole fiftieths of a second: short factors, so the transforms are quick and exact.
    ticks = -(-len(samples) * _TICKS_PER_SECOND // native)
    padded = np.zeros(ticks * native // _TICKS_PER_SECOND, dtype=np.float32)
    padded[: len(samples)] = samples
    spectrum = np.fft.rfft(padded)
    hertz = np.fft.rfftfreq(len(padded), 1 / native)
    low, high = _BAND_HERTZ if rate <= SAMPLE_RATE else (50.0, 0.45 * rate)
    spectrum *= np.clip(hertz / low, 0, 1) ** 2  # 12 dB per octave below the band
    spectrum *= np.clip(1 - (hertz - high) / 300, 0, 1)
    count = ticks * rate // _TICKS_PER_SECOND
    bins = count // 2 + 1
    fitted = np.zeros(bins, dtype=spectrum.dtype)
    shared = min(bins, len(spectrum))
    fitted[:shared] = spectrum[:shared]
    sound = np.fft.irfft(fitted, count)
    loud = np.abs(sound)
    peak = loud.max(initial=0.0)
    if peak == 0:
        return np.zeros(0, dtype=np.int16)
    audible = np.flatnonzero(loud > _AUDIBLE * peak)
    margin = round(_MARGIN_SECONDS * rate)
    start, stop = max(0, audible[0] - margin), audible[-1] + margin
    pcm: Pcm = (sound[start:stop] * (_PEAK / peak)).astype(np.int16)
    return pcm


def _store(file: Path, pcm: Pcm) -> None:
    """Written aside and renamed: another process may be reading the cache."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(f".{os.getpid()}")
    pcm.astype("<i2").tofile(aside)
    aside.replace(file)


def _frozen(pcm: Pcm) -> Pcm:
    pcm.setflags(write=False)
    return pcm
