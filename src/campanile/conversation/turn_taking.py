"""When the callee's turn is over, from voice, words and the agent's own speech. Pure."""

from dataclasses import dataclass

from campanile.agents.config import TurnTaking

FINAL_TEXT_GRACE = 0.4
"""Seconds beyond the endpointing delay that a final text is waited for when there is
an interim one; after them the interim text is used."""
OVERLAP_WAIT = 1.2
"""What was said while the agent spoke is answered only if the callee, the agent having
finished, adds nothing for this long: usually it was "mhm" or the answer follows."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """What is known of both sides at one moment; times on the loop's clock."""

    callee_speaking: bool
    last_voiced_at: float | None
    """When the callee's voice was last heard since the previous turn; None: not at all
    (the recogniser may hear what the voice detector does not)."""
    words_at: float
    """When the recogniser last gave new words."""
    words_complete: bool
    """The recogniser has said that there are no more words to come."""
    unfinished: bool
    """The words end in a way that asks for more ("and", "my number is")."""
    agent_stopped_at: float
    """When the agent was last audible; 0 before its first word."""


def turn_ends_at(quiet: Quiet, plan: TurnTaking) -> float | None:
    """When the turn whose words are at hand is over; None while that is open.

    To be asked only when there are words: a turn without words is noise.
    """
    shortest, longest = plan.endpointing_min_delay, plan.endpointing_max_delay
    if quiet.callee_speaking:
        # A noisy line: the voice detector hears somebody, the recogniser nobody.
        return quiet.words_at + longest if quiet.words_complete else None
    if quiet.last_voiced_at is None:
        return quiet.words_at + shortest
    if quiet.unfinished:
        wait = longest
    elif quiet.words_complete:
        wait = shortest
    else:
        wait = min(shortest + FINAL_TEXT_GRACE, max(shortest, longest))
    end = quiet.last_voiced_at + wait
    if quiet.last_voiced_at < quiet.agent_stopped_at:
        end = max(end, quiet.agent_stopped_at + OVERLAP_WAIT)
    return end


def noise_ends_at(quiet: Quiet, plan: TurnTaking) -> float | None:
    """When voice without any words is to be taken for noise; None while it lasts."""
    if quiet.callee_speaking or quiet.last_voiced_at is None:
        return None
    wait = (
        plan.endpointing_min_delay
        if quiet.words_complete
        else plan.endpointing_max_delay
    )
    return quiet.last_voiced_at + wait
