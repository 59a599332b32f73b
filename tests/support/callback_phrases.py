"""What callees say of when to call back, in both languages, read in New York in 2026."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from campanile.calls.callbacks import requested_instant

ZONE = "America/New_York"


def local(text: str) -> datetime:
    year = "" if text.startswith("20") else "2026-"
    return datetime.fromisoformat(year + text).replace(tzinfo=ZoneInfo(ZONE))


def asked(text: str, language: str, now: str) -> datetime | None:
    return requested_instant(text, local(now), zones=(ZONE,), language=language)


def both(table: list[tuple[str, str, str]]) -> pytest.MarkDecorator:
    """(English, Dutch, instant); an empty one is not said in that language."""
    rows = [("en", en, at) for en, _, at in table if en]
    rows += [("nl", nl, at) for _, nl, at in table if nl]
    return pytest.mark.parametrize(("language", "text", "expected"), rows)
