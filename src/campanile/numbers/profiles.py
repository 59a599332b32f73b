"""Dial profiles: a small table, read whole by every tick."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from campanile.numbers.models import DialProfile
from campanile.numbers.phones import Phone

ProfileKey = tuple[tuple[str, ...], str]


def profile_id(session: Session, phone: Phone, known: dict[ProfileKey, int]) -> int:
    """The profile of a number, made if new; `known` saves the look-up of the next one."""
    key = (phone.zones, phone.region)
    if key not in known:
        known[key] = _find_or_create(session, key)
    return known[key]


def _find_or_create(session: Session, key: ProfileKey) -> int:
    zones, jurisdiction = list(key[0]), key[1]
    session.execute(
        insert(DialProfile)
        .values(zones=zones, jurisdiction=jurisdiction)
        .on_conflict_do_nothing()
    )
    found = session.exec(
        select(DialProfile.id).where(
            DialProfile.zones == zones, DialProfile.jurisdiction == jurisdiction
        )
    ).one()
    assert found is not None
    return found


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
