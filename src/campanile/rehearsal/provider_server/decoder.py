"""The process that recognises speech: pocketsphinx holds the interpreter while it works.

Run as `python -m campanile.rehearsal.provider_server.decoder`. Standard input: one line
of JSON with the `phrases` of the grammar; then, for each utterance, a line of JSON
(`keyterms`, `rate`, `size`) and `size` bytes of 16-bit PCM. Standard output: a line of
JSON each, `text` and `words` as [word, start, end] in seconds of the utterance. It ends
at the end of its input, so that it cannot outlive whoever started it.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pocketsphinx

from .grammar import build

_RATE = 16000
_FRAME_SECONDS = 0.01
_DITHER_DECIBELS = -50.0
"""Noise below the full scale: the model cannot bear the empty band above 4 kHz."""
_PAD_SECONDS = 0.1
_TONE_SAMPLES = 256
_TONE_LINES = 8
_MOST_GRAMMARS = 8  # 10 MB each
_NICE = 5
"""On a busy machine a text may come late; a voice that does is heard as silence."""


class Decoder:
    def __init__(self, phrases: Sequence[str]):
        self._phrases = tuple(phrases)
        self._noise = np.random.default_rng(1)
        self._sphinx = lru_cache(_MOST_GRAMMARS)(self._build)

    def warm_up(self) -> None:
        self._sphinx(())

    def recognize(
        self, pcm: npt.NDArray[np.int16], rate: int, keyterms: Sequence[str]
    ) -> dict[str, Any]:
        sphinx = self._sphinx(tuple(keyterms))
        if not len(pcm) or _is_tone(pcm):
            return {"text": "", "words": []}
        sphinx.start_utt()
        sphinx.process_raw(self._wide(pcm, rate), no_search=False, full_utt=True)
        sphinx.end_utt()
        best = sphinx.hyp()
        if best is None or not best.hypstr:
            return {"text": "", "words": []}
        words = [
            [
                segment.word.partition("(")[0],
                max(0.0, round(segment.start_frame * _FRAME_SECONDS - _PAD_SECONDS, 2)),
                max(0.0, round(segment.end_frame * _FRAME_SECONDS - _PAD_SECONDS, 2)),
            ]
            for segment in sphinx.seg()
            if segment.word[:1].isalpha()
        ]
        return {"text": best.hypstr, "words": words}

    def _build(self, keyterms: tuple[str, ...]) -> Any:
        model = Path(pocketsphinx.get_model_path()) / "en-us"
        grammar = build(self._phrases, keyterms, model / "cmudict-en-us.dict")
        with tempfile.NamedTemporaryFile("w", suffix=".dict", encoding="utf-8") as file:
            file.write(grammar.dictionary)
            file.flush()
            sphinx = pocketsphinx.Decoder(
                pocketsphinx.Config(
                    hmm=str(model / "en-us"),
                    dict=file.name,
                    lm=None,
                    samprate=_RATE,
                    # Of a grammar's lattice it gives sentences that the grammar has not.
                    bestpath=False,
                    loglevel="FATAL",
                )
            )
        sphinx.add_jsgf_string("heard", grammar.jsgf)
        sphinx.activate_search("heard")
        return sphinx

    def _wide(self, pcm: npt.NDArray[np.int16], rate: int) -> bytes:
        """At 16 kHz, with noise, and a little quiet at both ends."""
        pad = round(_PAD_SECONDS * rate)
        samples: npt.NDArray[np.float64] = np.pad(pcm.astype(np.float64), pad)
        if rate != _RATE:
            count = len(samples) * _RATE // rate
            samples = np.fft.irfft(np.fft.rfft(samples), count) * (_RATE / rate)
        noise = 32768 * 10 ** (_DITHER_DECIBELS / 20)
        dithered = samples + noise * self._noise.standard_normal(len(samples))
        return bytes(np.clip(dithered, -32768, 32767).astype("<i2").tobytes())


def _is_tone(pcm: npt.NDArray[np.int16]) -> bool:
    """Whether the sound is beeps or ring-back, of which a grammar would make words.

    Their power lies on a few lines of the spectrum nearly all the time; no voice's does.
    """
    count = len(pcm) // _TONE_SAMPLES
    frames = pcm[: count * _TONE_SAMPLES].reshape(-1, _TONE_SAMPLES)
    power = np.abs(np.fft.rfft(frames * np.hanning(_TONE_SAMPLES))) ** 2
    total = power.sum(axis=1)
    loud = total > 0.01 * total.max(initial=0.0)
    lines = np.sort(power, axis=1)[:, -_TONE_LINES:].sum(axis=1)
    pure = lines[loud] > 0.97 * total[loud]
    return bool(pure.size and pure.mean() > 0.9)


def main() -> None:
    os.nice(_NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when its input does
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    decoder = Decoder(json.loads(requests.readline())["phrases"])
    decoder.warm_up()
    answers.write(b"{}\n")
    answers.flush()
    while head := requests.readline():
        request = json.loads(head)
        pcm = np.frombuffer(requests.read(request["size"]), "<i2")
        heard = decoder.recognize(pcm, request["rate"], request["keyterms"])
        answers.write(json.dumps(heard).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
