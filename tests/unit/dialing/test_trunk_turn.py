"""Nobody claims a dial while the gateway owes an answer to an earlier INVITE."""

import asyncio

import pytest

from campanile.dialing import trunk_turn
from campanile.dialing.trunk_turn import TrunkTurn

pytestmark = pytest.mark.asyncio


async def passes(turn: TrunkTurn) -> bool:
    """Whether the next claim need not wait."""
    try:
        async with asyncio.timeout(0.05):
            await turn.gateway_answers()
    except TimeoutError:
        return False
    return True


async def test_an_invite_that_was_just_sent_holds_nobody_up() -> None:
    turn = TrunkTurn()
    with turn.unanswered():
        assert await passes(turn)


async def test_one_that_is_unanswered_for_long_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trunk_turn, "PATIENCE_SECONDS", 0.0)
    turn = TrunkTurn()
    with turn.unanswered():
        await asyncio.sleep(0.001)
        assert not await passes(turn)
    assert await passes(turn)


async def test_who_waits_goes_on_when_every_answer_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trunk_turn, "PATIENCE_SECONDS", 0.0)
    turn = TrunkTurn()
    with turn.unanswered():
        with turn.unanswered():
            await asyncio.sleep(0.001)
            waits = asyncio.create_task(turn.gateway_answers())
            await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        assert not waits.done()
    await asyncio.wait_for(waits, 1.0)


async def test_an_invite_that_failed_is_waited_for_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trunk_turn, "PATIENCE_SECONDS", 0.0)
    turn = TrunkTurn()
    with pytest.raises(ConnectionError), turn.unanswered():
        raise ConnectionError
    assert await passes(turn)
