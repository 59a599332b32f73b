"""Everything that is found out about a call after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from campanile.agents.config import AnalysisPlan
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import LanguageModel

from .extraction import Extraction, extract
from .summary import summarise
from .transcript import Utterance


@dataclass(frozen=True, slots=True)
class Analysis:
    summary: str = ""
    structured: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    """What could not be found out and will not be by asking again; else empty."""


async def analyse(
    llm: LanguageModel,
    plan: AnalysisPlan | None,
    transcript: Sequence[Utterance],
    *,
    ended_reason: str,
) -> Analysis:
    """Raises ProviderError only where trying again later can help."""
    errors: list[str] = []
    summary, extraction = "", Extraction()
    try:
        summary = await summarise(llm, transcript, ended_reason=ended_reason)
        if plan is not None:
            extraction = await extract(llm, plan, transcript, ended_reason=ended_reason)
    except ProviderError as error:
        if error.retryable:
            raise
        errors.append(error.message)
    errors.append(extraction.error)
    return Analysis(summary, extraction.data, " ".join(filter(None, errors)))
