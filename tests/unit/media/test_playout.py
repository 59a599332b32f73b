import asyncio

import numpy as np
import pytest

from campanile.media.playout import Playout


def level(samples: int, value: int = 10000) -> np.ndarray:
    return np.full(samples, value, dtype=np.int16)


def test_what_is_queued_comes_out_in_frames_and_in_order():
    playout, pcm = Playout(), np.arange(1000, dtype=np.int16)
    for piece in np.split(pcm, [7, 160, 161, 900]):
        playout.play(piece)
    assert playout.queued == pytest.approx(1000 / 8000)
    frames = [playout.next_frame() for _ in range(7)]
    assert np.array_equal(np.concatenate(frames)[:1000], pcm)
    assert not np.any(np.concatenate(frames)[1000:])
    assert playout.next_frame() is None
    assert playout.queued == 0
    assert playout.played == pytest.approx(1000 / 8000)


def test_clearing_drops_the_queue_but_for_a_fade():
    playout = Playout()
    playout.play(level(8000))
    playout.next_frame()
    dropped = playout.clear()
    assert dropped == pytest.approx(1 - 0.04)
    fade = playout.next_frame()
    assert fade[0] == 10000
    assert abs(fade[-1]) < 100
    assert np.abs(np.diff(fade.astype(int))).max() < 100  # no click
    assert playout.next_frame() is None
    assert playout.played == pytest.approx(0.04)


def test_clearing_an_empty_queue_drops_nothing():
    assert Playout().clear() == 0


def test_ducking_slides_within_one_frame_and_back():
    playout = Playout()
    playout.play(level(1600))
    playout.next_frame()
    playout.duck(0.3)
    sliding, low = playout.next_frame(), playout.next_frame()
    assert np.abs(np.diff(sliding.astype(int))).max() < 100
    assert sliding[0] == 10000
    assert set(low) == {3000}
    playout.duck(1.0)
    rising, full = playout.next_frame(), playout.next_frame()
    assert np.all(np.diff(rising.astype(int)) >= 0)
    assert set(full) == {10000}


def test_ducking_while_silent_holds_for_what_comes_next():
    playout = Playout()
    playout.duck(0.5)
    assert playout.next_frame() is None
    playout.play(level(160))
    assert set(playout.next_frame()) == {5000}


async def test_drained_waits_for_the_last_frame():
    playout = Playout()
    await playout.drained()  # nothing is queued
    playout.play(level(320))
    waiting = asyncio.create_task(playout.drained())
    await asyncio.sleep(0)
    for _ in range(2):
        playout.next_frame()
        await asyncio.sleep(0)
        assert not waiting.done()
    playout.next_frame()
    await waiting


async def test_closing_lets_nobody_wait():
    playout = Playout()
    playout.play(level(320))
    waiting = asyncio.create_task(playout.drained())
    await asyncio.sleep(0)
    playout.close()
    await waiting
    playout.play(level(320))
    assert playout.queued == 0
