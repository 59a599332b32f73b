"""When somebody who said "call me back …" wants to be called (pure but for its words).

Understands "in ten minutes", "tomorrow at three", "Thursday afternoon", "at 15:30"; the
words are data per language (words/*.yaml). What it cannot read is None, and the caller
waits its usual delay. Whether that instant is lawful is `may_dial`'s to say.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise

import yaml

DEFAULT_HOUR = 10
AFTERNOON_FROM = 8
"""A bare "at three" is the afternoon's; a bare "at nine" the morning's."""
_TOKEN = re.compile(r"\d{1,2}[:.]\d{2}|\d+|[\w']+|[ap]\.m\.")


@dataclass(frozen=True, slots=True)
class Words:
    numbers: dict[str, float]
    units: dict[str, int]
    days: dict[str, int]
    weekdays: list[str]
    parts: dict[str, int]
    at: list[str]


def requested_instant(
    text: str, now: datetime, *, language: str = "en"
) -> datetime | None:
    """The instant that `text` names, seen from `now` (aware, in the callee's zone)."""
    words = _words(language)
    tokens = _TOKEN.findall(text.lower())
    delay = _delay(tokens, words)
    if delay is not None:
        return now + delay
    days = _days_ahead(tokens, now, words)
    clock = _clock(tokens, words)
    if days is None and clock is None:
        return None
    when = datetime.combine(
        (now + timedelta(days=days or 0)).date(),
        clock or time(DEFAULT_HOUR),
        now.tzinfo,
    )
    return when if when > now else when + timedelta(days=1)


def _delay(tokens: list[str], words: Words) -> timedelta | None:
    """Read "in ten minutes", and "ten minutes", which people say for the same."""
    if "half" in tokens and any(words.units.get(t) == 3600 for t in tokens):
        return timedelta(minutes=30)
    for amount, unit in pairwise(tokens):
        number = _number(amount, words)
        if number is not None and unit in words.units:
            return timedelta(seconds=number * words.units[unit])
    return None


def _days_ahead(tokens: list[str], now: datetime, words: Words) -> int | None:
    for token in tokens:
        if token in words.days:
            return words.days[token]
        if token in words.weekdays:
            return (words.weekdays.index(token) - now.weekday() - 1) % 7 + 1
    return None


def _clock(tokens: list[str], words: Words) -> time | None:
    for before, token in zip(["", *tokens], tokens, strict=False):
        if re.fullmatch(r"\d{1,2}[:.]\d{2}", token):
            hour, minute = map(int, re.split("[:.]", token))
            return _time(hour, minute, tokens)
        number = _number(token, words)
        if before in words.at and number is not None:
            return _time(int(number), 0, tokens)
        if token in words.parts:
            return time(words.parts[token])
    return None


def _time(hour: int, minute: int, tokens: list[str]) -> time | None:
    says_morning = {"am", "a.m.", "morning", "ochtend"} & set(tokens)
    says_evening = {"pm", "p.m.", "afternoon", "evening", "middag", "avond"} & set(
        tokens
    )
    if hour < 12 and (says_evening or (hour < AFTERNOON_FROM and not says_morning)):
        hour += 12
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _number(token: str, words: Words) -> float | None:
    return float(token) if token.isdigit() else words.numbers.get(token)


@cache
def _words(language: str) -> Words:
    folder = files("campanile.calls") / "words"
    chosen = folder / f"{language[:2]}.yaml"
    text = (chosen if chosen.is_file() else folder / "en.yaml").read_text("utf-8")
    read = yaml.safe_load(text)
    return Words(**read)
