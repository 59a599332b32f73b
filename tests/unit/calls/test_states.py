"""The transition tables hold together."""

from campanile.calls import states as calls
from campanile.calls.states import AttemptState as A
from campanile.campaigns import states as campaigns
from campanile.leads import states as leads


def test_what_may_have_rung_cannot_be_void() -> None:
    assert calls.sources(A.VOID) == [A.CLAIMED, A.DIALING]


def test_nothing_becomes_dialing_but_a_claim() -> None:
    assert calls.sources(A.DIALING) == [A.CLAIMED]


def test_no_state_returns_to_an_earlier_one() -> None:
    order = list(A)
    for state, after in calls.TRANSITIONS.items():
        assert all(order.index(next_) > order.index(state) for next_ in after)


def test_every_state_stands_in_its_table() -> None:
    assert set(calls.TRANSITIONS) == set(A)
    assert set(campaigns.TRANSITIONS) == set(campaigns.CampaignStatus)
    assert set(leads.TRANSITIONS) == set(leads.LeadStatus)


def test_terminal_states_hold_no_slot() -> None:
    assert not calls.TERMINAL & calls.LIVE
