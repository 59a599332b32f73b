"""Where a call's files lie: `<recordings>/<attempt id>.wav`, its transcript beside it."""

import json
import re
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from campanile.errors import Invalid


@dataclass(frozen=True, slots=True)
class RecordingFiles:
    """The files of one attempt; any of them may not exist (yet)."""

    attempt_id: str
    audio: Path
    transcript: Path
    """JSON: a list of objects with the fields of `TranscriptLine`."""
    reading: Path
    """The same as text, a line per utterance."""

    @property
    def seconds(self) -> float:
        """How long the recording lasts; 0 where there is none."""
        try:
            with wave.open(str(self.audio)) as file:
                return float(file.getnframes() / file.getframerate())
        except (FileNotFoundError, EOFError):  # EOF: created, its header still to come
            return 0.0


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    at: float
    """Seconds into the recording."""
    speaker: Literal["callee", "agent"]
    text: str


def files_of(folder: Path, attempt_id: str) -> RecordingFiles:
    """Name the files of an attempt. Raises Invalid for what is not an id."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", attempt_id):
        raise Invalid(
            f"{attempt_id!r} is not the id of an attempt.",
            hint="Ids hold letters, digits, hyphens and underscores.",
        )
    stem = folder / attempt_id
    return RecordingFiles(
        attempt_id,
        audio=stem.with_suffix(".wav"),
        transcript=stem.with_suffix(".json"),
        reading=stem.with_suffix(".txt"),
    )


def recorded(folder: Path) -> list[RecordingFiles]:
    """The attempts that have a recording in `folder`, by id; none if there is none."""
    return [files_of(folder, wav.stem) for wav in sorted(folder.glob("*.wav"))]


def save_transcript(files: RecordingFiles, lines: Sequence[TranscriptLine]) -> None:
    """Write both forms of the transcript, each whole or not at all. Blocks."""
    files.transcript.parent.mkdir(parents=True, exist_ok=True)
    objects = json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=1)
    _replace(files.transcript, objects)
    _replace(files.reading, "\n".join(_readable(line) for line in lines))


def _readable(line: TranscriptLine) -> str:
    minutes, seconds = divmod(line.at, 60)
    return f"{int(minutes):02}:{seconds:04.1f}  {line.speaker}: {line.text}"


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(f"{text}\n", encoding="utf-8")
    draft.replace(path)
