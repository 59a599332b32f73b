"""Recognise without the model that somebody does not want to be rung again. Pure."""

from dataclasses import dataclass

from campanile.conversation.directly_before import Before
from campanile.conversation.phrases import LANGUAGES, opt_outs

LIMITED_WITHIN = 0.8
"""Seconds of silence in which "don't call me" may yet go on: "before six"."""
LIMITED_AT_LAST = 1.5
"""Seconds after which whoever still speaks, or a noisy line, is not waited for."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Never to be called again, as far as is known; times on the loop's clock."""

    text: str
    heard_at: float

    def certain_at(
        self, *, callee_speaking: bool, last_voiced_at: float | None
    ) -> float:
        """When it holds, if no words have taken it back by then."""
        at_last = self.heard_at + LIMITED_AT_LAST
        if callee_speaking:
            return at_last
        return min(at_last, (last_voiced_at or self.heard_at) + LIMITED_WITHIN)


def is_opt_out(text: str, language: str) -> bool:
    """Whether `text`, what the callee said in one turn, asks never to be called again.

    Both errors are grave: one call more against somebody's word, or a number suppressed
    for good that nobody asked for. What limits the wish to a time ("do not call before
    three"), asks or tells about others is let through to the model. The rules are data (`phrases/opt_out_*.yaml`).
    """
    return opt_outs(language).heard_in(text)


def is_opt_out_after(before: Before, text: str, language: str) -> bool:
    """As `is_opt_out`, of a turn and of what it continues.

    The turn counts alone, too, unless what came in the same breath, without a stop,
    makes another thing of it: "don't" - "stop calling".
    """
    rules = opt_outs(language)
    if not before.texts:
        return rules.heard_in(text)
    together = rules.heard_across((*before.texts, text), same_breath=before.same_breath)
    stopped = before.texts[-1].rstrip().endswith((".", "!", "?"))
    if before.same_breath and not stopped:
        return together
    return together or rules.heard_in(text)


def confirmation(language: str) -> str:
    """The sentence that tells the callee so."""
    return opt_outs(language).confirmation


def warm_up() -> None:
    """Read the rules of every language: up to a second each, that no call may wait
    for."""
    for language in LANGUAGES:
        opt_outs(language)
