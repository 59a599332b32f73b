"""What to say into a long silence, and when to give up. Pure."""

from dataclasses import dataclass

from campanile.agents.config import SilencePlan


@dataclass(frozen=True, slots=True)
class Prompt:
    """Say `text`; hang up afterwards when it is `final`."""

    text: str
    final: bool


class SilenceWatch:
    """Counts the prompts of one silence; any word of the callee ends it."""

    def __init__(self, plan: SilencePlan) -> None:
        self._plan = plan
        self._prompts = 0

    def callee_spoke(self) -> None:
        self._prompts = 0

    def due_at(self, quiet_since: float) -> float:
        """When the next prompt is due, if nobody speaks; `quiet_since` is when the last
        of both fell silent."""
        first = self._prompts == 0
        plan = self._plan
        return quiet_since + (
            plan.first_check_seconds if first else plan.interval_seconds
        )

    def prompt(self) -> Prompt:
        """The prompt that is due now. An empty text is a prompt not to be spoken."""
        number, self._prompts = self._prompts, self._prompts + 1
        if number >= self._plan.max_attempts:
            return Prompt(self._plan.final_message, final=True)
        messages = self._plan.messages
        return Prompt(messages[number % len(messages)] if messages else "", final=False)
