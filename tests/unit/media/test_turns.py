import pytest
from hypothesis import given
from hypothesis import strategies as st

from campanile.media.turns import SpeechEnded, SpeechSegmenter, SpeechStarted

WINDOW = 0.032


def utter(
    pattern: str, segmenter: SpeechSegmenter | None = None, *, after: int = 0
) -> list[SpeechStarted | SpeechEnded]:
    """Feed a window per letter: `#` voice, `+` between the thresholds, `.` none.

    `after`: how many windows came before.
    """
    segmenter = segmenter or SpeechSegmenter(onset_seconds=0.064, release_seconds=0.2)
    level = {"#": 0.9, "+": 0.4, ".": 0.01}
    fed = [
        segmenter.feed(level[letter], (number + 1) * WINDOW)
        for number, letter in enumerate(pattern, start=after)
    ]
    return [event for event in fed if event is not None]


def test_a_word_begins_and_ends() -> None:
    started, ended = utter("...######..........")
    assert isinstance(started, SpeechStarted)
    assert started.started_at == pytest.approx(3 * WINDOW)
    assert started.at == pytest.approx(5 * WINDOW)
    assert isinstance(ended, SpeechEnded)
    assert ended.last_voiced_at == pytest.approx(9 * WINDOW)
    assert ended.voiced_seconds == pytest.approx(6 * WINDOW)
    assert ended.at == pytest.approx(16 * WINDOW)  # the first window 0.2 s later


@pytest.mark.parametrize(
    ("pattern", "events"),
    [
        (".#.........", 0),  # a click
        (".#.#.#.#...", 0),  # clicks do not add up
        (".++++++....", 0),  # never above the onset threshold
        (".##++++++++", 1),  # but enough to hold on
        (".##.........", 2),
        (".##...##....", 1),  # a pause within a word
        (".##.......##", 3),  # a pause between words
    ],
)
def test_hysteresis(pattern: str, events: int) -> None:
    assert len(utter(pattern)) == events


def test_voice_is_known_before_its_onset_is_confirmed() -> None:
    segmenter = SpeechSegmenter(onset_seconds=0.1)
    utter(".#", segmenter)
    assert not segmenter.speaking
    assert segmenter.voiced_since == pytest.approx(WINDOW)
    assert segmenter.last_voiced_at is None


def test_barge_in_counts_voice_and_not_pauses() -> None:
    segmenter = SpeechSegmenter()
    utter(".###...##", segmenter)
    assert segmenter.voiced_seconds == pytest.approx(5 * WINDOW)
    utter("..........", segmenter, after=9)
    assert segmenter.voiced_seconds == 0


@given(st.text(alphabet="#+.", max_size=300))
def test_events_alternate_and_time_runs_forward(pattern: str) -> None:
    events = utter(pattern)
    kinds = [type(event) for event in events]
    assert kinds == ([SpeechStarted, SpeechEnded] * len(kinds))[: len(kinds)]
    for event in events:
        assert event.started_at < event.at
        if isinstance(event, SpeechEnded):
            assert event.started_at < event.last_voiced_at < event.at
            assert event.voiced_seconds >= 0.064
