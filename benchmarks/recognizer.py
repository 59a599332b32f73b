"""How well and how dearly the rehearsal's recogniser hears what may be said to it.

    python benchmarks/recognizer.py                # what callees say, and the grammar
    python benchmarks/recognizer.py --per-phrase 8

Every sentence that a built-in callee may say, in each of the rehearsal's voices, and
some of the sentences of each phrase of the grammar. All of it passes G.711, with 100 ms
of silence before it and 200 ms after it, as an utterance is cut. A sentence counts only
where every word is right. CPU is that of decoding alone, per second of this audio.
"""

import argparse
import asyncio
import random
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np

from campanile.audio.frames import Pcm, seconds
from campanile.audio.g711 import decode_ulaw, encode_ulaw
from campanile.rehearsal.callees.people import directory
from campanile.rehearsal.provider_server import grammar, scripts
from campanile.rehearsal.provider_server.decoder import Decoder
from campanile.rehearsal.voices import VOICES, Voices

KEYTERMS = ("Riverside Dental", "appointment", "text message", "email", "voicemail")
"""Those of the sample agent: they are part of the grammar that its calls are heard by."""
BEFORE, AFTER = (np.zeros(samples, dtype=np.int16) for samples in (800, 1600))


@dataclass(slots=True)
class Tally:
    right: int = 0
    tried: int = 0
    cpu: float = 0.0
    audio: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def line(self, name: str) -> str:
        return (
            f"{name:<10} {self.right:>4} of {self.tried:<4} {self.right / self.tried:6.1%}"
            f"   {1000 * self.cpu / self.audio:5.1f} ms CPU per second"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-phrase", type=int, default=2)
    parser.add_argument("--voices", type=Path, help="where spoken sentences are kept")
    given = parser.parse_args()
    phrases = [phrase for script in scripts.load() for phrase in script.heard]
    rng = random.Random(1)
    drawn = [
        sentence
        for phrase in phrases
        for sentence in sample(rng, sorted(set(expand(phrase))), given.per_phrase)
    ]
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(phrases, drawn, given.voices or Path(folder)))


async def run(phrases: list[str], drawn: list[str], folder: Path) -> None:
    decoder = Decoder(phrases)
    decoder.recognize(BEFORE, 8000, KEYTERMS)  # the grammar is built at its first use
    lines = directory(seed=0).lines()
    callees = sorted(
        (sentence, voice)
        for text, voice in lines
        for sentence in re.split(r"(?<=[.?!]) ", text)
    )
    voices = Voices(folder)
    try:
        await judge("callees", decoder, voices, callees)
        await judge("grammar", decoder, voices, product(drawn, VOICES))
    finally:
        await voices.close()


async def judge(
    name: str, decoder: Decoder, voices: Voices, pairs: Iterable[tuple[str, str]]
) -> None:
    total, by_voice = Tally(), {voice: Tally() for voice in VOICES}
    for text, voice in pairs:
        pcm = await telephoned(voices, text, voice)
        began = time.process_time()
        heard = decoder.recognize(pcm, 8000, KEYTERMS)["text"]
        took = time.process_time() - began
        wanted = plain(text)
        for tally in (total, by_voice[voice]):
            tally.tried += 1
            tally.right += heard == wanted
            tally.cpu += took
            tally.audio += seconds(pcm)
        if heard != wanted:
            total.wrong.append(f"  {voice:<6} {wanted!r} heard as {heard!r}")
    print(total.line(name))
    for voice, tally in by_voice.items():
        print(" ", tally.line(voice))
    print(*total.wrong, sep="\n")


async def telephoned(voices: Voices, text: str, voice: str) -> Pcm:
    spoken = await voices.speak(text, voice)
    return decode_ulaw(encode_ulaw(np.concatenate([BEFORE, spoken, AFTER])))


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def sample(rng: random.Random, sentences: list[str], most: int) -> list[str]:
    return rng.sample(sentences, min(most, len(sentences)))


def expand(phrase: str) -> Iterator[str]:
    """Every sentence of a JSGF phrase."""
    for name, choices in grammar._RULES.items():
        phrase = phrase.replace(f"<{name}>", f"({choices})")
    tokens = re.findall(r"[()\[\]|]|[a-z']+", phrase)
    for words in _alternatives(tokens):
        yield " ".join(words)


Sentences = list[tuple[str, ...]]


def _alternatives(tokens: list[str]) -> Sentences:
    """Reads up to the closing bracket, which it takes."""
    found: Sentences = []
    sequence: Sentences = [()]
    while tokens:
        token = tokens.pop(0)
        if token in (")", "]"):
            break
        if token == "|":
            found, sequence = found + sequence, [()]
            continue
        choices: Sentences = [(token,)]
        if token in ("(", "["):
            choices = _alternatives(tokens) + ([()] if token == "[" else [])
        sequence = [before + after for before in sequence for after in choices]
    return found + sequence


if __name__ == "__main__":
    main()
