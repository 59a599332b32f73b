"""Deepgram's messages, field by field as its SDK parses them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from .recognizer import Word

_CONFIDENCE = 0.97
"""The decoder gives none that means anything; a fixed one says so."""
_ASKING = ("who", "what", "when", "where", "why", "how", "can", "could", "hello who")


class Session:
    """One stream's messages."""

    def __init__(self, request_id: str, model: str):
        self._request_id = request_id
        self._model_uuid = "00000000-0000-0000-0000-00000000c0de"
        self._info = {"name": model, "version": "rehearsal", "arch": "pocketsphinx"}

    def results(
        self,
        text: str,
        words: Sequence[Word],
        *,
        start: float,
        duration: float,
        is_final: bool,
        speech_final: bool,
        from_finalize: bool,
    ) -> dict[str, Any]:
        alternative = {
            "transcript": text,
            "confidence": _CONFIDENCE if text else 0.0,
            "words": [
                {
                    "word": word.text,
                    "start": round(start + word.start, 2),
                    "end": round(start + word.end, 2),
                    "confidence": _CONFIDENCE,
                    "punctuated_word": shown,
                }
                for word, shown in zip(words, _split(text, words), strict=True)
            ],
        }
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(duration, 3),
            "start": round(start, 3),
            "is_final": is_final,
            "speech_final": speech_final,
            "channel": {"alternatives": [alternative]},
            "metadata": {
                "request_id": self._request_id,
                "model_info": self._info,
                "model_uuid": self._model_uuid,
            },
            "from_finalize": from_finalize,
        }

    def nothing(self, at: float, *, from_finalize: bool) -> dict[str, Any]:
        return self.results(
            "",
            (),
            start=at,
            duration=0.0,
            is_final=True,
            speech_final=from_finalize,
            from_finalize=from_finalize,
        )

    def speech_started(self, at: float) -> dict[str, Any]:
        return {"type": "SpeechStarted", "channel": [0, 1], "timestamp": round(at, 3)}

    def utterance_end(self, at: float) -> dict[str, Any]:
        return {
            "type": "UtteranceEnd",
            "channel": [0, 1],
            "last_word_end": round(at, 3),
        }

    def metadata(self, duration: float) -> dict[str, Any]:
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": hashlib.sha256(self._request_id.encode()).hexdigest(),
            "created": datetime.now(UTC).isoformat(),
            "duration": round(duration, 3),
            "channels": 1,
            "models": [self._model_uuid],
            "model_info": {self._model_uuid: self._info},
        }


def punctuated(text: str) -> str:
    """`text` as a sentence; names of days and the pronoun with a capital."""
    if not text:
        return ""
    days = {"monday", "tuesday", "wednesday", "thursday", "friday"}
    words = [
        word.capitalize() if word in days or word == "i" else word
        for word in text.split()
    ]
    mark = "?" if text.startswith(_ASKING) else "."
    whole = " ".join(words)
    return f"{whole[0].upper()}{whole[1:]}{mark}"


def _split(text: str, words: Sequence[Word]) -> list[str]:
    shown = text.split()
    return shown if len(shown) == len(words) else [word.text for word in words]
