from collections.abc import Callable, Iterable
from hashlib import md5
from pathlib import Path

import pytest

from campanile.audio.frames import FRAME_SECONDS, Frame, Pcm
from campanile.media import vad
from campanile.media.vad import SileroBatch, VoiceTrack
from unit.media.sounds import clip, frames, hiss, join, silence, tone


class Leg:
    """A far end that says what the test gives it."""

    def __init__(self, pcm: Pcm, *, begins_at: float = 0.0) -> None:
        self._frames = list(frames(pcm))
        self._sinks: list[Callable[[Frame], None]] = []
        self._begins_at = begins_at
        self.heard: list[tuple[float, float]] = []

    def subscribe(self, sink: Callable[[Frame], None]) -> Callable[[], None]:
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink)

    def listen(self, batch: SileroBatch) -> VoiceTrack:
        track = batch.listen(self.subscribe)
        track.on_window(lambda probability, at: self.heard.append((probability, at)))
        return track

    def tick(self, number: int) -> None:
        if number < len(self._frames):
            at = self._begins_at + (number + 1) * FRAME_SECONDS
            for sink in tuple(self._sinks):
                sink(Frame(self._frames[number], at))

    @property
    def subscribers(self) -> int:
        return len(self._sinks)

    def voiced(self) -> float:
        """The share of windows taken for speech."""
        return sum(p >= 0.5 for p, _ in self.heard) / len(self.heard)


def play(batch: SileroBatch, legs: Iterable[Leg], *, ticks: int = 250) -> None:
    for number in range(ticks):
        for leg in legs:
            leg.tick(number)
        batch.run()


def test_the_vendored_model_is_the_published_one() -> None:
    model = Path(vad.__file__).parent / "models" / "silero_vad.onnx"
    assert md5(model.read_bytes()).hexdigest() == "302cb198a7bb0400c62b73db2942737f"


def test_speech_is_voice() -> None:
    batch, leg = SileroBatch(), Leg(clip("greeting"))
    leg.listen(batch)
    play(batch, [leg])
    assert leg.voiced() > 0.8


@pytest.mark.parametrize(
    "sound",
    [
        silence(3),
        hiss(3, level=-45),
        tone(440, 480, seconds=3),
        tone(1000, seconds=3),
        tone(2100, seconds=3),
        tone(697, 1209, seconds=3),
    ],
    ids=["silence", "hiss", "ring-back", "beep", "fax", "dtmf"],
)
def test_what_a_telephone_plays_is_no_voice(sound: Pcm) -> None:
    batch, leg = SileroBatch(), Leg(sound)
    leg.listen(batch)
    play(batch, [leg])
    assert leg.voiced() < 0.05


def test_windows_are_dated_by_their_last_sample() -> None:
    batch, leg = SileroBatch(), Leg(silence(1), begins_at=100.0)
    leg.listen(batch)
    play(batch, [leg])
    assert [at for _, at in leg.heard] == pytest.approx(
        [100 + 0.032 * (n + 1) for n in range(31)]
    )


def test_company_does_not_change_a_verdict() -> None:
    """Forty tracks that start at different times hear what each would hear alone."""
    sounds = [join(silence(0.02 * n), clip("greeting")) for n in range(40)]
    together, crowd = SileroBatch(), [Leg(sound) for sound in sounds]
    for leg in crowd:
        leg.listen(together)
    play(together, crowd)

    for number in (0, 17, 39):
        alone, leg = SileroBatch(), Leg(sounds[number])
        leg.listen(alone)
        play(alone, [leg])
        assert [p for p, _ in leg.heard] == pytest.approx(
            [p for p, _ in crowd[number].heard], abs=1e-4
        )


def test_a_freed_place_forgets_who_sat_there() -> None:
    batch = SileroBatch()
    first = Leg(clip("greeting"))
    track = first.listen(batch)
    play(batch, [first], ticks=51)  # stops in mid-window, in mid-word
    track.close()

    second, fresh = Leg(clip("hello")), Leg(clip("hello"))
    second.listen(batch)
    play(batch, [second])
    alone = SileroBatch()
    fresh.listen(alone)
    play(alone, [fresh])
    assert second.heard == fresh.heard


def test_a_closed_track_hears_nothing_more() -> None:
    batch, leg = SileroBatch(), Leg(clip("greeting"))
    track = leg.listen(batch)
    play(batch, [leg], ticks=50)
    before = len(leg.heard)
    track.close()
    track.close()
    play(batch, [leg])
    assert (len(leg.heard), leg.subscribers) == (before, 0)


def test_a_callback_may_close_tracks() -> None:
    batch, leg, other = SileroBatch(), Leg(silence(1)), Leg(silence(1))
    track, bystander = leg.listen(batch), other.listen(batch)

    def close_both(_probability: float, _at: float) -> None:
        track.close()
        bystander.close()

    track.on_window(close_both)
    play(batch, [leg, other])
    assert (len(leg.heard), len(other.heard)) == (1, 0)


def test_after_a_stall_the_newest_sound_is_judged() -> None:
    batch, leg = SileroBatch(), Leg(join(silence(2), clip("greeting")))
    leg.listen(batch)
    for number in range(150):  # three seconds in which nobody called run
        leg.tick(number)
    batch.run()
    latest = [at for _, at in leg.heard][-1]
    assert latest == pytest.approx(3.0, abs=0.032)
    assert len(leg.heard) <= 3
