"""The summary that every answered call gets."""

from collections.abc import Sequence

from campanile.providers.protocols import LanguageModel

from .prompts import summary_messages
from .transcript import Utterance, callee_spoke

SILENT = "The callee did not say anything."


async def summarise(
    llm: LanguageModel, transcript: Sequence[Utterance], *, ended_reason: str
) -> str:
    """Two or three sentences; raises ProviderError. A silent call asks no model."""
    if not callee_spoke(transcript):
        return SILENT
    return (await llm.write(summary_messages(transcript, ended_reason))).strip()
