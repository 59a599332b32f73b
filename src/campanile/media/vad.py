"""Voice activity of every live call in the process, by one batched Silero session.

Silero VAD v6 (MIT, `models/`) is run by onnxruntime at 8 kHz. One inference over all
calls whose window is full costs a third of one inference per call, and alone among the
detectors measured it ignores ring-back, beeps, DTMF and hold music (DESIGN D10).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from campanile.audio.frames import SAMPLE_RATE, Frame, Pcm

WINDOW_SAMPLES = 256
WINDOW_SECONDS = WINDOW_SAMPLES / SAMPLE_RATE
"""Silero judges 32 ms at a time at 8 kHz."""

_CONTEXT_SAMPLES = 32  # the end of the previous window, which the model wants in front
_INPUT_SAMPLES = _CONTEXT_SAMPLES + WINDOW_SAMPLES
_ROOM = _CONTEXT_SAMPLES + 3 * WINDOW_SAMPLES
"""Samples of a track: more than that a loop that stalls leaves unjudged."""
_STATE_SIZE = 128
_FIRST_CAPACITY = 16
_MODEL = Path(__file__).parent / "models" / "silero_vad.onnx"

Subscribe = Callable[[Callable[[Frame], None]], Callable[[], None]]
"""The shape of `AudioPort.subscribe`."""
WindowSink = Callable[[float, float], None]


class VoiceTrack:
    """The voice of one leg. Made by `SileroBatch.listen`."""

    def __init__(self, batch: "SileroBatch", slot: int, subscribe: Subscribe):
        self._batch = batch
        self._slot = slot
        self._sinks: list[WindowSink] = []
        self._closed = False
        self._unsubscribe = subscribe(self._hear)

    def on_window(self, callback: WindowSink) -> None:
        """Call `callback(probability, at)` for each 32 ms window.

        `probability` that it is speech is in 0..1; `at` is the time of the window's
        last sample, on the clock of `Frame.at`.
        """
        self._sinks.append(callback)

    def close(self) -> None:
        """Stop listening. May be called twice, also from within a callback."""
        if not self._closed:
            self._closed = True
            self._unsubscribe()
            self._batch._release(self._slot)

    def _hear(self, frame: Frame) -> None:
        self._batch._append(self._slot, frame.pcm, frame.at)

    def _tell(self, probability: float, at: float) -> None:
        for sink in tuple(self._sinks):
            if not self._closed:
                sink(probability, at)


class SileroBatch:
    """Judges all tracks of a process together. Belongs to the event loop's thread.

    `run` is to be called every 20 ms (`FrameClock.on_cycle`). Sound lives in one table
    with a row per track, so that gathering a batch is one indexing operation; the
    tables grow by doubling and are otherwise never allocated again.
    """

    def __init__(self) -> None:
        self._session = _load()
        self._tracks: list[VoiceTrack | None] = []
        self._free: list[int] = []
        self._sound = np.zeros((0, 0), dtype=np.int16)
        self._filled: list[int] = []  # samples in each row, context included
        self._ended_at: list[float] = []
        self._state = np.zeros((2, 0, _STATE_SIZE), dtype=np.float32)
        self._input = np.zeros((0, _INPUT_SAMPLES), dtype=np.float32)
        self._rate = np.array(SAMPLE_RATE, dtype=np.int64)
        self._grow(_FIRST_CAPACITY)

    def listen(self, subscribe: Subscribe) -> VoiceTrack:
        """Begin to judge what `subscribe` delivers."""
        if not self._free:
            self._grow(2 * len(self._tracks))
        slot = self._free.pop()
        self._sound[slot] = 0
        self._filled[slot] = _CONTEXT_SAMPLES
        self._state[:, slot] = 0
        track = VoiceTrack(self, slot, subscribe)
        self._tracks[slot] = track
        return track

    def run(self) -> None:
        """Judge every full window and tell the tracks' callbacks, oldest first."""
        while full := [
            slot for slot, filled in enumerate(self._filled) if filled >= _INPUT_SAMPLES
        ]:
            tracks = [self._tracks[slot] for slot in full]
            ends = [self._drop_window(slot) for slot in full]
            probabilities = self._judge(np.array(full))
            for track, probability, at in zip(tracks, probabilities, ends, strict=True):
                if track is not None:
                    track._tell(probability, at)

    def _drop_window(self, slot: int) -> float:
        """Count one window of a slot as judged; when its last sample was heard."""
        late = (self._filled[slot] - _INPUT_SAMPLES) / SAMPLE_RATE
        self._filled[slot] -= WINDOW_SAMPLES
        return self._ended_at[slot] - late

    def _judge(self, slots: np.ndarray) -> list[float]:
        """Infer one window of each slot and move the sound behind it to the front."""
        batch = self._input[: len(slots)]
        np.multiply(self._sound[slots, :_INPUT_SAMPLES], 1 / 32768, out=batch)
        probabilities, state = self._session.run(
            None, {"input": batch, "state": self._state[:, slots], "sr": self._rate}
        )
        self._state[:, slots] = state
        self._sound[slots, :-WINDOW_SAMPLES] = self._sound[slots, WINDOW_SAMPLES:]
        found: list[float] = probabilities[:, 0].tolist()
        return found

    def _append(self, slot: int, pcm: Pcm, at: float) -> None:
        start = self._filled[slot]
        end = start + len(pcm)
        if end > _ROOM:  # nobody called run: the oldest is worth least
            self._sound[slot, :-WINDOW_SAMPLES] = self._sound[slot, WINDOW_SAMPLES:]
            start, end = start - WINDOW_SAMPLES, end - WINDOW_SAMPLES
        self._sound[slot, start:end] = pcm
        self._filled[slot] = end
        self._ended_at[slot] = at

    def _release(self, slot: int) -> None:
        self._tracks[slot] = None
        self._filled[slot] = 0
        self._free.append(slot)

    def _grow(self, capacity: int) -> None:
        more = capacity - len(self._tracks)
        self._free += range(capacity - 1, len(self._tracks) - 1, -1)
        self._tracks += [None] * more
        sound = np.zeros((capacity, _ROOM), dtype=np.int16)
        sound[: capacity - more, : self._sound.shape[1]] = self._sound
        self._sound = sound
        self._filled += [0] * more
        self._ended_at += [0.0] * more
        self._state = np.pad(self._state, ((0, 0), (0, more), (0, 0)))
        self._input = np.zeros((capacity, _INPUT_SAMPLES), dtype=np.float32)


def _load() -> Any:
    options = onnxruntime.SessionOptions()
    # Threads would spin and fight the media clock for its core; the model is small.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        _MODEL, options, providers=["CPUExecutionProvider"]
    )
