"""Recognise without the model that somebody does not want to be rung again. Pure."""

from campanile.conversation.phrases import phrases, plain


def is_opt_out(text: str, language: str) -> bool:
    """Whether `text`, what the callee said in one turn, asks never to be called again.

    Better one suppressed number too many than one call against somebody's word; only
    "do not call again before three" and its like are let through to the model.
    """
    said = plain(text)
    lists = phrases(language)
    without_exceptions = lists.not_opt_out.sub(" ", said)
    return lists.opt_out.search(without_exceptions) is not None


def confirmation(language: str) -> str:
    """The sentence that tells the callee so."""
    return phrases(language).opt_out_confirmation
