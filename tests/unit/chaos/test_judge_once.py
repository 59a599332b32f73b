"""The judge sees a number rung twice, and is silent where nothing was wrong."""

from chaos.judge import once

from support.judged_evidence import (
    NEW_YORKER,
    ONE,
    OTHER,
    STRANGE,
    TEXAN,
    Log,
    evidence,
    report,
)


def test_two_legs_at_once_in_one_tree_are_seen() -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, 5, caller=ONE)
    log.leg(NEW_YORKER, 4.9, 6, caller=OTHER)

    assert len(once.two_at_once(evidence(log)).red) == 1


def test_legs_one_after_the_other_or_of_two_trees_are_no_matter() -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, 5, caller=ONE)
    log.leg(NEW_YORKER, 4, 6, caller=STRANGE)
    log.leg(NEW_YORKER, 5.1, 6, caller=OTHER)
    log.leg(TEXAN, 1, 6, caller=ONE)

    assert once.two_at_once(evidence(log)).red == []


def test_a_leg_whose_exchange_was_killed_may_ring_on() -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, None)
    log.leg(NEW_YORKER, 12, 13, caller=OTHER)
    log.leg(TEXAN, 0, None)
    log.leg(TEXAN, 20, 21, caller=OTHER)
    killed = [{"t": 3, "event": "kill", "target": "exchange"}]

    found = once.two_at_once(evidence(log, history=killed))

    assert len(found.red) == 1
    assert NEW_YORKER in found.red[0]


def test_an_invite_inside_the_retry_gap_is_seen() -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, 5)
    log.leg(NEW_YORKER, 14.5, 15)
    log.leg(TEXAN, 0, 5)
    log.leg(TEXAN, 15.1, 16)

    found = once.inside_gap(evidence(log))

    assert len(found.red) == 1
    assert "9.50 s instead of 10 s" in found.red[0]


def test_another_campaign_need_not_keep_the_gap() -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, 5, caller=ONE)
    log.leg(NEW_YORKER, 6, 7, caller=OTHER)

    assert once.inside_gap(evidence(log)).red == []


def test_a_second_call_after_an_answered_unknown_is_seen() -> None:
    log = Log()
    first = log.leg(NEW_YORKER, 0, 5, answer=2)
    log.leg(NEW_YORKER, 60, 61)

    found = once.again_after_unknown(evidence(log, reports=[report(first, "unknown")]))

    assert len(found.red) == 1


def test_an_unanswered_unknown_may_be_tried_again() -> None:
    log = Log()
    first = log.leg(NEW_YORKER, 0, 5)
    log.leg(NEW_YORKER, 60, 61)

    assert (
        once.again_after_unknown(evidence(log, reports=[report(first, "unknown")])).red
        == []
    )


def test_an_answer_in_the_instant_of_the_loss_is_told_apart() -> None:
    log = Log()
    first = log.leg(NEW_YORKER, 0, 2.1, answer=2)
    log.leg(NEW_YORKER, 60, 61)

    found = once.again_after_unknown(evidence(log, reports=[report(first, "unknown")]))

    assert found.red == []
    assert "1 answered in the instant" in found.note


def test_a_call_id_seen_twice_is_seen() -> None:
    log = Log()
    log.leg(NEW_YORKER, 0, 1, call_id="a")
    log.leg(NEW_YORKER, 30, 31, call_id="a")
    log.leg(NEW_YORKER, 60, 61, call_id="b")

    assert len(once.one_invite_each(evidence(log)).red) == 1
