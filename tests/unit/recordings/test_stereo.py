import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from campanile.audio.frames import FRAME_SAMPLES, Pcm
from campanile.recordings.stereo import StereoRecorder

CALLEE, AGENT = 1000, -2000


def frame(value: int) -> Pcm:
    return np.full(FRAME_SAMPLES, value, dtype=np.int16)


def play_back(path: Path) -> np.ndarray:
    """Shape (frames of 20 ms, 160, 2)."""
    with wave.open(str(path)) as file:
        assert file.getparams()[:3] == (2, 2, 8000)
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return sound.reshape(-1, FRAME_SAMPLES, 2)


def record(path: Path, ticks: str) -> np.ndarray:
    """A letter per tick: `b`oth sides, `l`eft or `r`ight only, `s` right first."""
    recorder = StereoRecorder(path)
    for tick in ticks:
        if tick == "s":
            recorder.right(frame(AGENT))
        if tick in "bls":
            recorder.left(frame(CALLEE))
        if tick in "br":
            recorder.right(frame(AGENT))
    recorder.close().result(5)
    return play_back(path)


def test_the_callee_is_left_and_the_agent_right(tmp_path: Path) -> None:
    sound = record(tmp_path / "call.wav", "b" * 175)
    assert sound.shape == (175, FRAME_SAMPLES, 2)
    assert (sound[:, :, 0] == CALLEE).all()
    assert (sound[:, :, 1] == AGENT).all()


@pytest.mark.parametrize(
    "ticks",
    [
        "bbbllllllllbbb",
        "bbbrrrrrrrrbbb",
        "r" * 60 + "b" * 60,  # the agent's silence flows before the callee is heard
        "b" * 49 + "l" * 3 + "b" * 60,  # across the hand-over at one second
        "bl" * 60,
        "s" * 49 + "r" * 3 + "s" * 60,
    ],
)
def test_a_side_that_misses_ticks_is_padded(tmp_path: Path, ticks: str) -> None:
    sound = record(tmp_path / "call.wav", ticks)
    assert len(ticks) <= len(sound) <= len(ticks) + 1
    for side, value, present in ((0, CALLEE, "bls"), (1, AGENT, "brs")):
        frames = [int(frame[0]) for frame in sound[:, :, side]]
        assert frames.count(value) == sum(tick in present for tick in ticks)
        for number, tick in enumerate(ticks):  # within a frame of its place
            if tick in present:
                assert value in frames[max(0, number - 1) : number + 2]


@pytest.mark.parametrize("gap", [2, 49, 50, 51, 400])
def test_a_clock_that_stalls_leaves_a_gap_of_silence(tmp_path: Path, gap: int) -> None:
    recorder = StereoRecorder(tmp_path / "call.wav")
    for tick in (*range(70), *range(70 + gap, 140 + gap)):
        recorder.left(frame(CALLEE), at=1000 + 0.02 * tick)
        recorder.right(frame(AGENT))
    assert recorder.seconds == pytest.approx(0.02 * (140 + gap))
    recorder.close().result(5)
    sound = play_back(tmp_path / "call.wav")
    heard = [number for number in range(len(sound)) if sound[number].any()]
    assert heard == [*range(70), *range(70 + gap, 140 + gap)]


def test_a_late_tick_is_no_gap(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "call.wav")
    for tick in range(100):
        recorder.left(frame(CALLEE), at=0.02 * tick + (0.025 if tick == 50 else 0))
        recorder.right(frame(AGENT))
    recorder.close().result(5)
    assert len(play_back(tmp_path / "call.wav")) == 100


def test_what_comes_after_the_end_is_dropped(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "call.wav")
    recorder.left(frame(CALLEE))
    closed = recorder.close()
    recorder.left(frame(CALLEE))
    assert recorder.close() is closed
    closed.result(5)
    assert len(play_back(tmp_path / "call.wav")) == 1


def test_a_call_without_sound_leaves_an_empty_file(tmp_path: Path) -> None:
    assert len(record(tmp_path / "deep" / "call.wav", "")) == 0


def test_a_disk_that_refuses_costs_the_recording_and_nothing_else(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("not a folder")
    refused = StereoRecorder(tmp_path / "file" / "call.wav")
    for _ in range(120):
        refused.left(frame(CALLEE))
    with pytest.raises(OSError, match="file"):
        refused.close().result(5)
    assert len(record(tmp_path / "next.wav", "b" * 60)) == 60


RECORD_UNTIL_KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from campanile.recordings.stereo import StereoRecorder
recorder = StereoRecorder(Path(sys.argv[1]))
for tick in range(125):  # two and a half seconds
    recorder.left(np.full(160, 1000, np.int16))
    recorder.right(np.full(160, -2000, np.int16))
time.sleep(60)
"""


def test_kill_minus_nine_leaves_a_playable_file(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    child = subprocess.Popen([sys.executable, "-c", RECORD_UNTIL_KILLED, str(path)])
    try:
        deadline = time.monotonic() + 30
        while not (path.exists() and path.stat().st_size >= 44 + 2 * 32000):
            assert time.monotonic() < deadline, "nothing was written"
            assert child.poll() is None
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    sound = play_back(path)
    assert len(sound) >= 125 - 50  # a second less, though a header may lag a write
    assert (sound[:, :, 0] == CALLEE).all()


def test_a_process_that_ends_writes_what_it_heard(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    script = RECORD_UNTIL_KILLED.replace("time.sleep(60)", "recorder.close()")
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=30)
    assert len(play_back(path)) == 125
