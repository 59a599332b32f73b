"""Claim leads from open buckets and reserve an attempt for each: one statement for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from campanile.clock import now
from campanile.pacing.running import Caller, Running

BUSY_NUMBER_GAP = timedelta(seconds=30)
"""Another campaign is ringing the same number: look again after this."""
BUSY_NUMBER = "the number is being rung by another campaign"


@dataclass(frozen=True, slots=True)
class Claim:
    """What one campaign may claim in this tick."""

    campaign: Running
    caller: Caller
    profiles: Sequence[int]
    """to be claimed from, at most `count` of all of them together"""
    count: int


def claim(
    session: Session, wanted: Sequence[Claim], *, lease: timedelta
) -> list[tuple[UUID, UUID]]:
    """Take due leads, the longest due first; answer (campaign, new attempt) of each.

    SKIP LOCKED: a second scheduler takes other leads. The unique index on live numbers
    refuses a number that another campaign is ringing; such a lead steps back.
    """
    if not wanted:
        return []
    moment = now()
    made = session.execute(
        _CLAIM,
        {
            "campaigns": [w.campaign.id for w in wanted],
            "organizations": [w.campaign.organization_id for w in wanted],
            "roots": [w.campaign.root_id for w in wanted],
            "trunks": [w.caller.trunk_id for w in wanted],
            "callers": [w.caller.phone_number for w in wanted],
            "counts": [w.count for w in wanted],
            "bucket_campaigns": [w.campaign.id for w in wanted for _ in w.profiles],
            "bucket_profiles": [profile for w in wanted for profile in w.profiles],
            "bucket_counts": [w.count for w in wanted for _ in w.profiles],
            "moment": moment,
            "lease_until": moment + lease,
            "busy_until": moment + BUSY_NUMBER_GAP,
            "busy": BUSY_NUMBER,
        },
    )
    return [(campaign, attempt) for campaign, attempt in made]


_CLAIM = sa.text(
    """
    WITH share AS (
      SELECT * FROM unnest(
               CAST(:campaigns AS uuid[]), CAST(:organizations AS uuid[]),
               CAST(:roots AS uuid[]), CAST(:trunks AS uuid[]),
               CAST(:callers AS text[]), CAST(:counts AS int[]))
          AS s(campaign_id, organization_id, root_id, trunk_id, caller_id, count)),
    due AS (
      SELECT b.campaign_id, l.id,
             row_number() OVER (PARTITION BY b.campaign_id
                                    ORDER BY l.next_attempt_at) AS nth
        FROM unnest(CAST(:bucket_campaigns AS uuid[]),
                    CAST(:bucket_profiles AS int[]), CAST(:bucket_counts AS int[]))
          AS b(campaign_id, profile_id, count)
       CROSS JOIN LATERAL (
             SELECT id, next_attempt_at FROM lead
              WHERE campaign_id = b.campaign_id AND profile_id = b.profile_id
                AND status = 'pending' AND next_attempt_at <= now()
              ORDER BY next_attempt_at
              LIMIT b.count) l),
    taken AS MATERIALIZED (
      SELECT l.id, l.phone_number, s.*
        FROM due JOIN share s ON s.campaign_id = due.campaign_id AND nth <= s.count
        JOIN lead l ON l.id = due.id
       WHERE l.status = 'pending' AND l.next_attempt_at <= now()
         FOR UPDATE OF l SKIP LOCKED),
    made AS (
      INSERT INTO attempt (
             id, organization_id, root_id, campaign_id, lead_id, trunk_id, number,
             phone_number, caller_id, state, charged, claimed_at, renewed_at,
             lease_until, messages, timings, analysis_tries)
      SELECT gen_random_uuid(), organization_id, root_id, campaign_id, id, trunk_id,
             (SELECT count(*) + 1 FROM attempt earlier WHERE earlier.lead_id = taken.id),
             phone_number, caller_id, 'claimed', false, :moment, :moment,
             :lease_until, '[]', '{}', 0
        FROM taken
          ON CONFLICT DO NOTHING
      RETURNING id, lead_id, campaign_id),
    called AS (
      UPDATE lead SET status = 'calling', reason = ''
        FROM made WHERE lead.id = made.lead_id),
    stepped_back AS (
      UPDATE lead SET next_attempt_at = :busy_until, reason = :busy
        FROM taken
       WHERE lead.id = taken.id
         AND NOT EXISTS (SELECT 1 FROM made WHERE made.lead_id = taken.id))
    SELECT campaign_id, id FROM made
    """
)
"""First it looks without locking, so that only what is taken is locked; the lock looks
at the row again."""
