"""Structured data out of a call, by the agent's plan."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from campanile.agents import schemas
from campanile.agents.config import AnalysisPlan
from campanile.providers.errors import ProviderError
from campanile.providers.protocols import ChatMessage, LanguageModel

from .prompts import extraction_messages, repair_messages
from .transcript import Utterance, callee_spoke, message_count


@dataclass(frozen=True, slots=True)
class Extraction:
    data: dict[str, Any] = field(default_factory=dict)
    """Follows the plan's schema, or is empty."""
    error: str = ""
    """Why there is no data although there should be."""


def wanted(plan: AnalysisPlan, transcript: Sequence[Utterance]) -> bool:
    """Is there anything to ask for, and anybody who said anything?"""
    return (
        plan.structured_data_plan.enabled
        and callee_spoke(transcript)
        and message_count(transcript) >= plan.min_messages_threshold
    )


async def extract(
    llm: LanguageModel,
    plan: AnalysisPlan,
    transcript: Sequence[Utterance],
    *,
    ended_reason: str,
) -> Extraction:
    """Nothing where nothing is `wanted`; one repair; raises ProviderError."""
    if not wanted(plan, transcript):
        return Extraction()
    schema = plan.structured_data_plan.schema_
    if flaw := schemas.flaw(schema):
        return Extraction(error=f"The plan's schema is not valid. {flaw}")
    messages = extraction_messages(plan.structured_data_plan, transcript, ended_reason)
    answer, wrong = await _ask(llm, messages, schema)
    if wrong:
        answer, wrong = await _ask(
            llm, repair_messages(messages, answer, wrong), schema
        )
    if wrong:
        return Extraction(error=f"The answer breaks the schema. {'; '.join(wrong)}")
    return Extraction(answer)


async def _ask(
    llm: LanguageModel, messages: Sequence[ChatMessage], schema: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The answer, and what is wrong with it."""
    try:
        answer = await llm.fill(messages, schema)
    except ProviderError as error:
        if error.cause != "malformed":
            raise
        return {}, ["the answer is not a JSON object"]
    return answer, schemas.complaints(schema, answer)
