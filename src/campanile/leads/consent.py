"""What a `consent_basis` says: consent, none, or what nobody can tell (pure).

Only what is listed counts (consent.yaml). Free text that nobody knows is refused at the
import, where a person reads it; taken for consent, it would have people rung by the word
"expired".
"""

import re
import unicodedata
from functools import cache
from importlib import resources
from typing import Any

import yaml

from campanile.errors import Invalid

_NOTHING = re.compile(r"[\s\W_]*")
_DETAIL = re.compile(r"[(\[:;,]")
"""`written (form 7)`: what comes after it tells of the basis before it"""
_ADDRESS = re.compile(r"\b(https?://|www\.)\S+", re.IGNORECASE)
_NUMBERED = re.compile(r"\bno\. ?\d+\b", re.IGNORECASE)
_DATED = re.compile(
    r"(\b(since|on|from|of|seit|vom|am|sinds|op|le|du) )?\b\d[\d./:-]*\b"
)


class OptedOut(Invalid):
    """Somebody who asked not to be called."""


def basis_of(text: str) -> str | None:
    """The basis as it was written; None: it says that there is no consent.

    Raises OptedOut for somebody who asked not to be called, Invalid for what nobody
    knows.
    """
    if _holds_any(text, _known("against")):
        raise OptedOut(
            f"consent_basis {text!r} says that this person is not to be called",
            hint="`campanile suppress add` keeps the number from every campaign",
        )
    if _NOTHING.fullmatch(text) or _holds_any(text, _known("no")):
        return None
    before = _DETAIL.split(_NUMBERED.sub("", text))[0]
    said = {_plain(text), _plain(before), _plain(_DATED.sub("", before))}
    if said & _known("bases") and "?" not in text:
        return text
    raise Invalid(
        f"consent_basis {text!r} is no basis that is known; write written, verbal, "
        "web form, opt-in, existing customer or contract (details belong under "
        "consent_text), or no",
        hint="the list is src/campanile/leads/consent.yaml",
    )


def listed(kind: str) -> tuple[str, ...]:
    """As they are written there: `bases`, `no`, or `against`."""
    return tuple(_data()[kind])


def _holds_any(text: str, listed: frozenset[str]) -> bool:
    """Whether one of them stands anywhere in it, but in an address; the `no`
    of a number is none of them."""
    written = _NUMBERED.sub("", _ADDRESS.sub("", text))
    # `n.a.` is one word, `form.withdrawn` is two.
    words = f" {_plain(written)}  {_plain(written.replace('.', ' '))} "
    return any(f" {phrase} " in words for phrase in listed)


def _plain(text: str) -> str:
    """Without case, accents, apostrophes and dots; whatever else is no letter parts
    words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(
        c for c in letters if not unicodedata.combining(c) and c not in "'’."
    )
    return " ".join(re.findall(r"[^\W_]+", kept))


@cache
def _known(kind: str) -> frozenset[str]:
    return frozenset(map(_plain, listed(kind)))


@cache
def _data() -> dict[str, Any]:
    file = resources.files("campanile.leads") / "consent.yaml"
    data: dict[str, Any] = yaml.load(
        file.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return data
