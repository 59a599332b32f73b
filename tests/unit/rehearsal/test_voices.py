"""Simulated people speak: audibly, in the telephone's band, and only once per sentence."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from campanile.audio.frames import Pcm
from campanile.rehearsal.callees.hearing import Tail, alike, is_audible
from campanile.rehearsal.voices import VOICES, Voices


@pytest.fixture
async def voices(tmp_path: Path) -> AsyncIterator[Voices]:
    found = Voices(tmp_path / "voices")
    yield found
    await found.close()


def level(pcm: Pcm, low: float, high: float, rate: int = 8000) -> float:
    """RMS of what lies between two frequencies."""
    spectrum = np.abs(np.fft.rfft(pcm.astype(float))) ** 2
    hertz = np.fft.rfftfreq(len(pcm), 1 / rate)
    return float(np.sqrt(spectrum[(hertz >= low) & (hertz < high)].sum()) / len(pcm))


@pytest.mark.parametrize("voice", sorted(VOICES))
async def test_every_voice_speaks_within_the_telephone_band(
    voices: Voices, voice: str
) -> None:
    pcm = await voices.speak("I would give it eight out of ten.", voice)

    assert pcm.dtype == np.int16
    assert 1.0 < len(pcm) / 8000 < 3.5
    assert np.abs(pcm.astype(int)).max() == pytest.approx(16000, abs=2)
    assert level(pcm, 300, 3400) > 20 * level(pcm, 0, 100)
    assert level(pcm, 300, 3400) > 20 * level(pcm, 3750, 4000)


async def test_silence_at_either_end_is_cut_off(voices: Voices) -> None:
    pcm = await voices.speak("Yes.", "ben")

    assert is_audible(pcm[:400])
    assert is_audible(pcm[-400:])


async def test_a_wider_rate_keeps_a_wider_band(voices: Voices) -> None:
    narrow = await voices.speak("Six sixes.", "anna")
    wide = await voices.speak("Six sixes.", "anna", rate=24000)

    assert len(wide) == pytest.approx(3 * len(narrow), rel=0.1)
    assert level(wide, 4000, 8000, 24000) > 0.01 * level(wide, 300, 3400, 24000)


async def test_the_same_sentence_is_the_same_sound_whatever_came_before(
    tmp_path: Path,
) -> None:
    first, second = Voices(tmp_path / "a"), Voices(tmp_path / "b")
    alone = await first.speak("By email, please.", "colin")
    await second.speak("Something else altogether.", "anna")
    after = await second.speak("By email, please.", "colin")
    await first.close()
    await second.close()

    assert np.array_equal(alone, after)


async def test_a_sentence_is_spoken_once_and_then_read(
    voices: Voices, tmp_path: Path
) -> None:
    spoken = await voices.speak("Yes, please book that.", "dave")
    [file] = (tmp_path / "voices").iterdir()
    spoken_at = file.stat().st_mtime_ns

    read = await voices.speak("Yes, please book that.", "dave")

    assert np.array_equal(spoken, read)
    assert file.stat().st_mtime_ns == spoken_at


async def test_an_unknown_voice_is_somebody_always_the_same(voices: Voices) -> None:
    one = await voices.speak("Hello?", "21m00Tcm4TlvDq8ikWAM")
    again = await voices.speak("Hello?", "21m00Tcm4TlvDq8ikWAM")

    assert len(one) > 0
    assert np.array_equal(one, again)


def tail_of(pcm: Pcm, *, shifted: int) -> Tail:
    """What a callee heard of it, its frames not where the speaker's were."""
    tail = Tail()
    shifted_pcm = np.concatenate([np.zeros(shifted, dtype=np.int16), pcm])
    for frame in shifted_pcm[: len(shifted_pcm) // 160 * 160].reshape(-1, 160):
        tail.add(frame, audible=is_audible(frame))
    return tail


@pytest.mark.parametrize("voice", ["anna", "dave"])
async def test_a_question_is_known_again_by_how_it_ends(
    voices: Voices, voice: str
) -> None:
    async def print_of(
        text: str, shifted: int
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        print_ = tail_of(await voices.speak(text, voice), shifted=shifted).fingerprint()
        assert print_ is not None
        return print_

    asked = await print_of("From one to ten, how satisfied were you?", 0)
    again = await print_of("I am sorry. From one to ten, how satisfied were you?", 77)
    other = await print_of("Shall we remind you by text message or by email?", 40)
    third = await print_of("Which day of the week would suit you better?", 120)

    assert alike(asked, again)
    assert not alike(asked, other)
    assert not alike(asked, third)
    assert not alike(other, third)
