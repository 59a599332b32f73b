"""Recognise without the model that somebody does not want to be rung again. Pure."""

from campanile.conversation.phrases import LANGUAGES, opt_outs


def is_opt_out(text: str, language: str) -> bool:
    """Whether `text`, what the callee said in one turn, asks never to be called again.

    Better one suppressed number too many than one call against somebody's word; only
    what limits the wish to a time ("do not call before three"), asks or tells about
    others is let through to the model. The rules are data (`phrases/opt_out_*.yaml`).
    """
    return opt_outs(language).heard_in(text)


def confirmation(language: str) -> str:
    """The sentence that tells the callee so."""
    return opt_outs(language).confirmation


def warm_up() -> None:
    """Read the rules of every language: a fifth of a second each, that no call may wait
    for."""
    for language in LANGUAGES:
        opt_outs(language)
