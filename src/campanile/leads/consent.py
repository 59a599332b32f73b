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


def basis_of(text: str) -> str | None:
    """The basis as it was written; None: it says that there is no consent.

    Raises Invalid for what is neither.
    """
    if _NOTHING.fullmatch(text) or _denies(text):
        return None
    before = _DETAIL.split(_NUMBERED.sub("", text))[0]
    said = {_plain(text), _plain(before), _plain(_DATED.sub("", before))}
    if said & _bases() and "?" not in text:
        return text
    raise Invalid(
        f"consent_basis {text!r} is no basis that is known; write written, verbal, "
        "web form, opt-in, existing customer or contract (details belong under "
        "consent_text), or no",
        hint="the list is src/campanile/leads/consent.yaml",
    )


@cache
def bases() -> tuple[str, ...]:
    return tuple(_data()["bases"])


@cache
def denials() -> tuple[str, ...]:
    return tuple(_data()["no"])


def _denies(text: str) -> bool:
    """Whether one of the listed words stands anywhere in it, but in an address; the `no`
    of a number is none of them."""
    written = _NUMBERED.sub("", _ADDRESS.sub("", text))
    # `n.a.` is one word, `form.withdrawn` is two.
    words = f" {_plain(written)}  {_plain(written.replace('.', ' '))} "
    return any(f" {no} " in words for no in _denials())


def _plain(text: str) -> str:
    """Without case, accents, apostrophes and dots; whatever else is no letter parts
    words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(
        c for c in letters if not unicodedata.combining(c) and c not in "'’."
    )
    return " ".join(re.findall(r"[^\W_]+", kept))


@cache
def _bases() -> frozenset[str]:
    return frozenset(map(_plain, bases()))


@cache
def _denials() -> frozenset[str]:
    return frozenset(map(_plain, denials()))


@cache
def _data() -> dict[str, Any]:
    file = resources.files("campanile.leads") / "consent.yaml"
    data: dict[str, Any] = yaml.load(
        file.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return data
