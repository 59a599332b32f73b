"""The decoder processes: they hear, are replaced when they die, and leave nobody."""

import asyncio
import signal

import numpy as np
import psutil
import pytest

from campanile.errors import Unavailable
from campanile.rehearsal.provider_server.recognizer import Recognizer
from campanile.rehearsal.voices import Voices

PHRASES = ["yes, please book that", "by email, please", "no, i cannot make it"]


@pytest.fixture
async def recognizer():
    recognizer = Recognizer(PHRASES, processes=1)
    await recognizer.start()
    yield recognizer
    await recognizer.close()


@pytest.fixture
async def said(tmp_path):
    voices = Voices(tmp_path)
    yield await voices.speak("By email, please.", "ben")
    await voices.close()


def decoders():
    return [
        child
        for child in psutil.Process().children()
        if any("provider_server.decoder" in part for part in child.cmdline())
    ]


async def test_a_sentence_is_heard_with_its_words_in_their_places(recognizer, said):
    heard = await recognizer.recognize(said, 8000, [])
    assert heard.text == "by email please"
    ends = [word.end for word in heard.words]
    assert ends == sorted(ends)
    assert ends[-1] == pytest.approx(len(said) / 8000, abs=0.3)


async def test_tones_and_silence_are_no_words(recognizer):
    at = np.arange(16000) / 8000
    for tone in (1000, 440):
        beep = (8000 * np.sin(2 * np.pi * tone * at)).astype(np.int16)
        assert (await recognizer.recognize(beep, 8000, [])).text == ""
    silence = np.zeros(8000, dtype=np.int16)
    assert (await recognizer.recognize(silence, 8000, [])).text == ""


async def test_a_decoder_that_dies_is_replaced(recognizer, said):
    (decoder,) = decoders()
    decoder.send_signal(signal.SIGKILL)
    with pytest.raises(Unavailable):
        await recognizer.recognize(said, 8000, [])
    assert (await recognizer.recognize(said, 8000, [])).text == "by email please"


async def test_a_cancelled_asker_does_not_confuse_the_next(recognizer, said):
    asking = asyncio.create_task(recognizer.recognize(said[:4000], 8000, []))
    await asyncio.sleep(0)
    asking.cancel()
    heard = await recognizer.recognize(said, 8000, [])
    assert heard.text == "by email please"


async def test_closing_leaves_no_process(said):
    recognizer = Recognizer(PHRASES, processes=2)
    await recognizer.start()
    assert len(decoders()) == 2
    await recognizer.close()
    await recognizer.close()
    assert decoders() == []
