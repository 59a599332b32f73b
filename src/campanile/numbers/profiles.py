"""Dial profiles: every place that leads may be in, a small table that only grows."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from campanile.compliance.hours import Place
from campanile.numbers.models import DialProfile

UNKNOWN = "ZZ"
"""Stands for no jurisdiction at all."""


def profile_id(session: Session, place: Place, known: dict[Place, int]) -> int:
    """The profile of a place, made if new; `known` saves the look-up of the next one."""
    if place not in known:
        found = _find(session, place)
        if found is None:
            _add(session, place)
            found = _find(session, place)
        assert found is not None
        known[place] = found
    return known[place]


def place_of_profile(profile: DialProfile) -> Place:
    named = profile.jurisdiction
    return Place(
        tuple(profile.zones), () if named == UNKNOWN else tuple(named.split(","))
    )


def add_places(
    session: Session, profiles: Iterable[int], known: dict[int, Place]
) -> None:
    """Put the places of these profiles into `known`. A profile never changes."""
    missing = {profile for profile in profiles if profile not in known}
    if missing:
        rows = session.exec(
            select(DialProfile).where(col(DialProfile.id).in_(missing))
        ).all()
        known |= {p.id: place_of_profile(p) for p in rows if p.id is not None}


def _jurisdiction(place: Place) -> str:
    return ",".join(sorted(place.jurisdictions)) or UNKNOWN


def _find(session: Session, place: Place) -> int | None:
    return session.exec(
        select(DialProfile.id).where(
            DialProfile.zones == sorted(place.zones),
            DialProfile.jurisdiction == _jurisdiction(place),
        )
    ).one_or_none()


def _add(session: Session, place: Place) -> None:
    """Committed on its own: an import's long transaction must not keep another import
    waiting that meets the same new place."""
    bind = session.get_bind()
    engine = bind if isinstance(bind, sa.Engine) else bind.engine
    with engine.begin() as connection:
        connection.execute(
            insert(DialProfile)
            .values(zones=sorted(place.zones), jurisdiction=_jurisdiction(place))
            .on_conflict_do_nothing()
        )
