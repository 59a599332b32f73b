"""G.711 against av's codecs, which are FFmpeg's, and against its own rounding."""

from fractions import Fraction

import av
import numpy as np
import pytest

from campanile.audio import g711

EVERY_CODE = bytes(range(256))
EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)


def ffmpeg_decode(codec: str, data: bytes) -> np.ndarray:
    context = av.CodecContext.create(codec, "r")
    context.format = "s16"
    context.layout = "mono"
    context.sample_rate = 8000
    frames = context.decode(av.Packet(data))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def ffmpeg_encode(codec: str, pcm: np.ndarray) -> bytes:
    context = av.CodecContext.create(codec, "w")
    context.format = "s16"
    context.layout = "mono"
    context.sample_rate = 8000
    context.time_base = Fraction(1, 8000)
    frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    frame.sample_rate = 8000
    return b"".join(bytes(packet) for packet in context.encode(frame))


@pytest.mark.parametrize(
    ("decode", "codec"),
    [(g711.decode_ulaw, "pcm_mulaw"), (g711.decode_alaw, "pcm_alaw")],
)
def test_every_code_decodes_as_ffmpeg_does(decode, codec):
    assert np.array_equal(decode(EVERY_CODE), ffmpeg_decode(codec, EVERY_CODE))


@pytest.mark.parametrize(
    ("encode", "decode", "codec"),
    [
        (g711.encode_ulaw, g711.decode_ulaw, "pcm_mulaw"),
        (g711.encode_alaw, g711.decode_alaw, "pcm_alaw"),
    ],
)
def test_every_sample_is_coded_about_as_well_as_ffmpeg_does(encode, decode, codec):
    ours = decode(encode(EVERY_SAMPLE)).astype(int) - EVERY_SAMPLE
    theirs = decode(ffmpeg_encode(codec, EVERY_SAMPLE)).astype(int) - EVERY_SAMPLE
    assert np.abs(ours).max() <= np.abs(theirs).max() + 1
    assert np.abs(ours).mean() <= np.abs(theirs).mean() * 1.01


@pytest.mark.parametrize(
    ("encode", "decode"),
    [(g711.encode_ulaw, g711.decode_ulaw), (g711.encode_alaw, g711.decode_alaw)],
)
def test_coding_twice_changes_nothing_more(encode, decode):
    once = decode(encode(EVERY_SAMPLE))
    assert np.array_equal(decode(encode(once)), once)


def test_silence_is_what_the_wire_calls_silence():
    zeros = np.zeros(160, dtype=np.int16)
    assert g711.encode_ulaw(zeros) == bytes([g711.ULAW_SILENCE]) * 160
    assert g711.encode_alaw(zeros) == bytes([g711.ALAW_SILENCE]) * 160
