import wave

import numpy as np
import pytest

from campanile.audio import wav
from campanile.errors import Invalid


@pytest.mark.parametrize("shape", [(500,), (500, 2)])
def test_what_was_written_is_read(tmp_path, shape):
    pcm = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    wav.write(tmp_path / "a.wav", pcm, 16000)
    heard, rate = wav.read(tmp_path / "a.wav")
    assert rate == 16000
    assert np.array_equal(heard, pcm)


def test_other_files_are_refused_with_a_sentence(tmp_path):
    (tmp_path / "b.wav").write_bytes(b"no sound at all")
    with pytest.raises(Invalid, match="not a WAV file"):
        wav.read(tmp_path / "b.wav")


def test_eight_bit_files_are_refused(tmp_path):
    with wave.open(str(tmp_path / "c.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 80)
    with pytest.raises(Invalid, match="8 bits"):
        wav.read(tmp_path / "c.wav")
