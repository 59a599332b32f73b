"""Who picks up: callee files, and the one callee that a number and a seed make of them.

`Directory.callee(number)` is plain data. The exchange plays it; the demo and the
benchmarks compare the product's conclusions with it; the product never sees it.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from campanile.errors import Invalid
from campanile.rehearsal.callees.person import (
    AnswerStep,
    Cue,
    HangUpStep,
    Person,
    RecordStep,
    SayStep,
    Step,
    ToneStep,
)
from campanile.rehearsal.voices import VOICES

_HERE = Path(__file__).parent
_DEFAULT_KIND = "cooperates"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a callee does, and the cue it waits for."""

    does: Literal["say", "tone", "record", "hang_up"]
    at: Cue
    after: float
    """Seconds, as person.py says."""
    text: str = ""
    answers: bool = False
    """It is said again when the caller asks again."""
    hertz: float = 0.0
    seconds: float = 0.0
    """Of a tone; of a recording, at most."""
    silence: float = 0.0
    """Seconds that end a recording."""


@dataclass(frozen=True, slots=True)
class Callee:
    number: str
    name: str
    """The file's."""
    kind: str
    voice: str
    ring_seconds: float
    early_media: Literal["ringback", "vacant", "no_circuit"] | None
    rejects: int | None
    answers_phone: bool
    patience: float
    """Seconds of the caller's silence after which it is the callee's turn."""
    script: tuple[Act, ...]
    truths: dict[str, Any]
    """What is told in the course of the script; None for what never comes up."""
    dispositions: tuple[str, ...]
    answered_by: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        return [act.text for act in self.script if act.does == "say"]


class Directory:
    """All callees of a rehearsal."""

    def __init__(self, people: dict[str, Person], *, seed: int, mute: bool = False):
        """`people` by file name; a later one wins where two match equally well.

        `mute`: they do what they do without a word, and so nothing true is ever told.
        """
        self._mute = mute
        self._people = people
        self._seed = seed
        self._slots = sorted({slot for p in people.values() for slot in p.truths})
        self._common_answers = _common_answers()

    def callee(self, number: str, *, call: int = 1) -> Callee:
        """Who picks up at `number` (E.164) the `call`-th time; fixed by the seed."""
        name, person = self._find(number)
        if call > 1 and person.later:
            name, person = person.later, self._people[person.later]
        rng = random.Random(f"{self._seed}:{number}")
        voice = rng.choice(person.voices or sorted(VOICES))
        ring_seconds = rng.uniform(*person.rings)
        drawn = {slot: rng.choice(values) for slot, values in person.truths.items()}
        steps = [step for step in person.script if _holds(step.when, drawn)]
        told = {step.answer for step in steps if isinstance(step, AnswerStep)}
        if self._mute:
            steps = [step for step in steps if _is_wordless(step)]
            told = set()
        return Callee(
            number=number,
            name=name,
            kind=person.kind,
            voice=voice,
            ring_seconds=ring_seconds,
            early_media=person.early_media,
            rejects=person.rejects,
            answers_phone=person.answers_phone,
            patience=person.patience,
            script=tuple(self._act(step, person, drawn, rng) for step in steps),
            truths={
                slot: drawn.get(slot) if slot in told else None for slot in self._slots
            },
            dispositions=tuple(person.expect.disposition),
            answered_by=tuple(person.expect.answered_by),
        )

    def lines(self) -> set[tuple[str, str]]:
        """Every sentence that may be said at any number, with its voice."""
        if self._mute:
            return set()
        return {
            (text, voice)
            for person in self._people.values()
            for text in self._repertoire(person)
            for voice in person.voices or VOICES
        }

    def _repertoire(self, person: Person) -> Iterable[str]:
        for step in person.script:
            if isinstance(step, SayStep):
                yield from step.say
            elif isinstance(step, AnswerStep):
                for value in person.truths.get(step.answer, [None]):
                    yield from self._answers(step.answer, value, person)

    def _find(self, number: str) -> tuple[str, Person]:
        found: tuple[str, Person] | None = None
        for name, person in self._people.items():
            if number in person.numbers:
                return name, person
            if any(fnmatchcase(number, pattern) for pattern in person.numbers):
                found = name, person
        return found or (_DEFAULT_KIND, self._people[_DEFAULT_KIND])

    def _act(
        self, step: Step, person: Person, drawn: dict[str, Any], rng: random.Random
    ) -> Act:
        usual = person.patience if step.at == "turn" else 0.0
        after = usual if step.after is None else step.after
        match step:
            case SayStep():
                text = rng.choice(step.say)
                return Act("say", step.at, after, text=text, answers=not step.aside)
            case AnswerStep():
                truth = drawn.get(step.answer)
                text = rng.choice(self._answers(step.answer, truth, person))
                return Act("say", step.at, after, text=text, answers=True)
            case ToneStep():
                return Act(
                    "tone", step.at, after, hertz=step.tone, seconds=step.seconds
                )
            case RecordStep():
                # A mailbox has no patience: it records from the beep on.
                return Act(
                    "record",
                    "now",
                    0.0,
                    seconds=step.record,
                    silence=step.silence,
                )
            case HangUpStep():
                return Act("hang_up", step.at, after)

    def _answers(self, slot: str, truth: Any, person: Person) -> list[str]:
        """Every sentence that answers `slot` truthfully."""
        by_value = person.answers.get(slot) or self._common_answers.get(slot)
        if by_value is None:
            raise Invalid(f"No sentence answers {slot!r}", hint="Add it to `answers:`")
        value = _spoken(truth)
        sentences = by_value.get(value) or by_value.get("any")
        if sentences is None:
            raise Invalid(f"No sentence says {value!r} for {slot!r}")
        said = [sentence.replace("{value}", value) for sentence in sentences]
        return [sentence[0].upper() + sentence[1:] for sentence in said]


def directory(
    *, seed: int, folder: Path | None = None, mute: bool = False
) -> Directory:
    """The built-in callees and, before them, those of a stranger's `folder`.

    Raises Invalid, naming the file, where one cannot be read as a callee.
    """
    return Directory({**_built_in(), **_stranger(folder)}, seed=seed, mute=mute)


@cache
def _built_in() -> dict[str, Person]:
    return _load((_HERE / "people").glob("*.yaml"))


@cache
def _common_answers() -> dict[str, dict[str, list[str]]]:
    answers: dict[str, dict[str, list[str]]] = _read(_HERE / "answers.yaml")
    return answers


def _stranger(folder: Path | None) -> dict[str, Person]:
    if folder is None:
        return {}
    if not folder.is_dir():
        raise Invalid(f"{folder} is no folder of callee files")
    # A file of a built-in's name replaces it; others come later and so win by number.
    return _load([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def _load(files: Iterable[Path]) -> dict[str, Person]:
    people = {}
    for file in sorted(files):
        try:
            people[file.stem] = Person.model_validate(_read(file))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Invalid(
                f"{file.name} is no callee: {where}: {first['msg']}"
            ) from error
    return people


def _read(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise Invalid(f"{file.name} is no YAML: {error}") from error


def _holds(when: dict[str, Any], drawn: dict[str, Any]) -> bool:
    return all(drawn.get(slot) == value for slot, value in when.items())


def _is_wordless(step: Step) -> bool:
    """What is left of a script without words: beeps, and hanging up on the caller."""
    if isinstance(step, HangUpStep):
        return step.at != "turn"
    return isinstance(step, ToneStep | RecordStep)


_NUMBERS = ["zero", "one", "two", "three", "four", "five"]
_NUMBERS += ["six", "seven", "eight", "nine", "ten"]


def _spoken(value: Any) -> str:
    """A truth as a word: true, thursday → Thursday, 8 → eight."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and 0 <= value < len(_NUMBERS):
        return _NUMBERS[value]
    text = str(value)
    return text.capitalize() if text.endswith("day") else text
