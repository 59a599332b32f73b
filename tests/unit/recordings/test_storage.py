import json
from pathlib import Path

import numpy as np
import pytest

from campanile.errors import Invalid
from campanile.recordings.stereo import StereoRecorder
from campanile.recordings.storage import (
    TranscriptLine,
    files_of,
    recorded,
    save_transcript,
)

LINES = [
    TranscriptLine(0.4, "callee", "Hello?"),
    TranscriptLine(61.25, "agent", "Tot ziens, mevrouw Brontë."),
]


def test_a_transcript_lies_beside_its_recording(tmp_path: Path) -> None:
    files = files_of(tmp_path / "recordings", "a1")
    save_transcript(files, LINES)
    assert files.transcript == tmp_path / "recordings" / "a1.json"
    assert json.loads(files.transcript.read_text("utf-8"))[1] == {
        "at": 61.25,
        "speaker": "agent",
        "text": "Tot ziens, mevrouw Brontë.",
    }
    assert files.reading.read_text("utf-8").splitlines() == [
        "00:00.4  callee: Hello?",
        "01:01.2  agent: Tot ziens, mevrouw Brontë.",
    ]
    assert not list(files.transcript.parent.glob("*.new"))


def test_recordings_are_listed_by_attempt(tmp_path: Path) -> None:
    for attempt in ("b2", "a1"):
        recorder = StereoRecorder(files_of(tmp_path, attempt).audio)
        for _ in range(75):
            recorder.left(np.zeros(160, dtype=np.int16))
        recorder.close().result(5)
    (tmp_path / "c3.json").write_text("[]")
    assert [(r.attempt_id, r.seconds) for r in recorded(tmp_path)] == [
        ("a1", 1.5),
        ("b2", 1.5),
    ]


def test_no_folder_holds_no_recordings(tmp_path: Path) -> None:
    assert recorded(tmp_path / "nowhere") == []
    assert files_of(tmp_path, "a1").seconds == 0


@pytest.mark.parametrize("name", ["../secret", "", "a/b", "a.b", "a\n"])
def test_an_id_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        files_of(tmp_path, name)
