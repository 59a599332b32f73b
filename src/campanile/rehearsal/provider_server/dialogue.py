"""What a script says next: decided anew from the whole history, nothing is kept.

The pending question is the last one that the agent's own words asked, whoever worded
them; what the callee has said since is its answer. So it does not matter that a reply
was interrupted, repeated, or never generated here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from .scripts import (
    Answer,
    Aside,
    Calls,
    Question,
    Script,
    Slots,
    filled,
    holds,
    worded,
)
from .transcripts import Turn

_MOST_TIMES_ASKED = 2


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says, and the tools it calls afterwards, with their arguments."""

    text: str
    calls: tuple[tuple[str, dict[str, str]], ...] = ()


@dataclass(slots=True)
class Progress:
    """How far a dialogue has come."""

    slots: Slots = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Names of the questions, in the order they were asked, repetitions included."""
    pending: Question | None = None
    answer: Answer | None = None
    """Which answer to the pending question was heard."""
    aside: Aside | None = None
    """What the callee said besides, in their last words."""
    returned: str = ""
    """The tool whose result came last, if nothing was said since."""
    closed: bool = False


def follow(script: Script, turns: Sequence[Turn]) -> Progress:
    """Read a whole history."""
    progress = Progress()
    since_question = since_agent = ""
    for turn in turns:
        progress.returned = turn.tool
        if turn.role == "callee":
            since_question = f"{since_question} {turn.text}".strip()
            since_agent = f"{since_agent} {turn.text}".strip()
            _listen(script, progress, since_agent, since_question)
        elif turn.role == "tool":
            _remember(script, progress, turn)
        else:
            since_agent = ""
            progress.closed = bool(script.closed.search(turn.text))
            if question := _asked_in(script, turn.text):
                progress.pending = question
                progress.asked.append(question.name)
                progress.answer = progress.aside = None
                since_question = ""
    return progress


def reply(script: Script, turns: Sequence[Turn], tools: Collection[str]) -> Reply:
    """The next thing to say, calling none but the `tools` that are offered."""
    if not turns:
        return Reply(script.opening)
    progress = follow(script, turns)
    if progress.returned:
        return _after_tool(script, progress, progress.returned, tools)
    if progress.closed:
        return _say(script, progress, tools, "Goodbye.", script.closing.call)
    return _to_callee(script, progress, tools)


def _to_callee(script: Script, progress: Progress, tools: Collection[str]) -> Reply:
    if progress.aside:
        return _to_aside(script, progress, progress.aside, tools)
    if progress.answer is None:
        return _not_understood(script, progress, tools)
    if progress.answer.call:
        return _say(script, progress, tools, progress.answer.say, progress.answer.call)
    return _go_on(script, progress, tools, progress.answer.say)


def _listen(script: Script, progress: Progress, latest: str, since: str) -> None:
    progress.aside = next((a for a in script.asides if a.when.search(latest)), None)
    if progress.aside:
        _fill(script, progress, progress.aside, latest)
        return
    for question in _answerable(script, progress):
        for words in (latest, since) if question is progress.pending else (latest,):
            for answer in question.answers:
                if answer.when.search(words):
                    _answered(progress, question, answer)
                    _fill(script, progress, answer, words)
                    return


def _answerable(script: Script, progress: Progress) -> list[Question]:
    """The pending question, then all that may come next: a callee who cut the question
    short answers it all the same, and one whose answer came late is a question further.
    """
    ahead = [
        question
        for question in script.questions
        if question.name not in progress.asked and holds(question.needs, progress.slots)
    ]
    return [*([progress.pending] if progress.pending else []), *ahead]


def _answered(progress: Progress, question: Question, answer: Answer) -> None:
    progress.answer = answer
    if question is not progress.pending:
        progress.pending = question
        progress.asked.append(question.name)


def _fill(script: Script, progress: Progress, answer: Answer, words: str) -> None:
    match = answer.when.search(words)
    assert match is not None
    progress.slots |= answer.set | script.understand(match)


def _remember(script: Script, progress: Progress, turn: Turn) -> None:
    result = script.tools.get(turn.tool)
    for slot, pattern in (result.remember if result else {}).items():
        if found := pattern.search(turn.text):
            text = found[0].lower()
            progress.slots[slot] = script.values.get(slot, {}).get(text, text)


def _asked_in(script: Script, text: str) -> Question | None:
    """The last of the questions in a text."""
    asked = [(q.asked_by.search(text), q) for q in script.questions]
    found = [(match.start(), question.name) for match, question in asked if match]
    last = max(found)[1] if found else ""
    return next((q for q in script.questions if q.name == last), None)


def _after_tool(
    script: Script, progress: Progress, tool: str, tools: Collection[str]
) -> Reply:
    if tool in script.closing.call:
        return Reply("")  # the call is over; there is nobody left to talk to
    result = script.tools.get(tool)
    if result and (result.say or result.call):
        return _say(script, progress, tools, result.say, result.call)
    return _go_on(script, progress, tools, "")


def _to_aside(
    script: Script, progress: Progress, aside: Aside, tools: Collection[str]
) -> Reply:
    if aside.ends or aside.call:
        return _say(script, progress, tools, aside.say, aside.call)
    pending = progress.pending
    if pending is None:
        return _go_on(script, progress, tools, aside.say)
    return Reply(f"{aside.say} {worded(pending.ask, progress.slots)}".strip())


def _not_understood(
    script: Script, progress: Progress, tools: Collection[str]
) -> Reply:
    pending = progress.pending
    if pending is None or progress.asked.count(pending.name) >= _MOST_TIMES_ASKED:
        return _go_on(script, progress, tools, "")
    return Reply(f"{pending.again} {worded(pending.ask, progress.slots)}")


def _go_on(
    script: Script, progress: Progress, tools: Collection[str], say: str
) -> Reply:
    """To the first question that has not been asked and has a point by now."""
    for question in script.questions:
        if question.name not in progress.asked and holds(
            question.needs, progress.slots
        ):
            ask = worded(question.ask, progress.slots)
            return Reply(f"{worded(say, progress.slots)} {ask}".strip())
    return _say(script, progress, tools, script.closing.say, script.closing.call)


def _say(
    script: Script, progress: Progress, tools: Collection[str], say: str, call: Calls
) -> Reply:
    """Say it and call the tools; one that is not offered counts as having returned."""
    text = worded(say, progress.slots)
    offered = tuple(
        (name, {key: filled(value, progress.slots) for key, value in arguments.items()})
        for name, arguments in call.items()
        if name in tools
    )
    if offered or not call:
        return Reply(text, offered)
    then = _after_tool(script, progress, next(iter(call)), tools)
    return Reply(f"{text} {then.text}".strip(), then.calls)
