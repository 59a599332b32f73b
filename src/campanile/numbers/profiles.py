"""Dial profiles: every place that leads may be in, a small table that only grows."""

from uuid import UUID

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
    return _place(profile.zones, profile.jurisdiction)


def places(session: Session) -> dict[int, Place]:
    """Every profile's place, by its id."""
    rows = session.execute(
        sa.select(
            col(DialProfile.id), col(DialProfile.zones), col(DialProfile.jurisdiction)
        )
    )
    return {profile: _place(zones, named) for profile, zones, named in rows}


def _place(zones: list[str], jurisdiction: str) -> Place:
    named = () if jurisdiction == UNKNOWN else tuple(jurisdiction.split(","))
    return Place(tuple(zones), named)


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


def profiles_in_use(
    session: Session, campaigns: list[UUID]
) -> list[tuple[UUID, int, tuple[str, ...]]]:
    """(campaign, profile, zones) for every profile that a campaign's waiting leads have.

    One index probe per pair, by LATERAL … LIMIT 1 (backend.md 3): the plain EXISTS join
    took a hash join over all leads.
    """
    rows = session.execute(
        sa.text(
            """
            SELECT c.id, p.id, p.zones
              FROM unnest(CAST(:campaigns AS uuid[])) AS c(id)
             CROSS JOIN dial_profile p
             CROSS JOIN LATERAL (
                   SELECT 1 FROM lead l
                    WHERE l.campaign_id = c.id AND l.profile_id = p.id
                      AND l.status = 'pending' AND l.next_attempt_at <= now()
                    LIMIT 1) waiting
            """
        ),
        {"campaigns": campaigns},
    )
    return [(campaign, profile, tuple(zones)) for campaign, profile, zones in rows]
