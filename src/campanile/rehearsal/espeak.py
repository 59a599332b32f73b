"""espeak-ng in a process of its own: `python -m campanile.rehearsal.espeak`.

libespeak-ng is GPL-3, not safe with threads and keeps state from one utterance to the
next. So nothing else is loaded here, requests come one by one over standard input, and
each is spoken by a fresh fork: the same text gives the same samples whatever was spoken
before, and a crash costs one utterance.

Request: one JSON line {"voice", "text"}. Answer: one line "<sample rate> <bytes>", then
that many bytes of 16-bit mono samples in the machine's order; 0 bytes if it failed.
"""

import ctypes
import json
import os
import sys
from typing import Any

import espeakng_loader

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_RATE = 1
_WORDS_PER_MINUTE = 165
_ON_SAMPLES = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def main() -> None:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(
        _AUDIO_OUTPUT_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0
    )
    if rate <= 0:
        raise SystemExit("espeak-ng could not be initialised")
    library.espeak_SetParameter(_RATE, _WORDS_PER_MINUTE, 0)
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        request = json.loads(line)
        samples = _in_a_fork(library, request["voice"], request["text"])
        out.write(f"{rate} {len(samples)}\n".encode() + samples)
        out.flush()


def _in_a_fork(library: Any, voice: str, text: str) -> bytes:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(_speak(library, voice, text))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        samples = pipe.read()
    _, status = os.waitpid(child, 0)
    return samples if status == 0 else b""


def _speak(library: Any, voice: str, text: str) -> bytes:
    pieces: list[bytes] = []

    def on_samples(samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    callback = _ON_SAMPLES(on_samples)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise SystemExit(f"espeak-ng knows no voice {voice}")
    spoken = text.encode() + b"\0"
    library.espeak_Synth(spoken, len(spoken), 0, 0, 0, _CHARS_UTF8, None, None)
    library.espeak_Synchronize()
    return b"".join(pieces)


if __name__ == "__main__":
    main()
