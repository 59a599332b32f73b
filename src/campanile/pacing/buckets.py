"""The first waiting lead of each bucket, a campaign's leads of one dial profile."""


def first_of_each(column: str) -> str:
    """SQL: a recursive CTE `first` of (campaign_id, profile_id, `column` of the lead), for
    the campaigns `:campaigns`.

    A loose index scan of ix_lead_bucket: one probe per bucket that exists, none for any
    that does not, so that nobody need keep a table of them.
    """
    return f"""
    WITH RECURSIVE first AS (
      SELECT c.id AS campaign_id, lead.profile_id, lead.{column}
        FROM unnest(CAST(:campaigns AS uuid[])) AS c(id)
       CROSS JOIN LATERAL (
             SELECT profile_id, {column} FROM lead
              WHERE campaign_id = c.id AND status = 'pending'
              ORDER BY profile_id, next_attempt_at LIMIT 1) lead
      UNION ALL
      SELECT first.campaign_id, lead.profile_id, lead.{column}
        FROM first
       CROSS JOIN LATERAL (
             SELECT profile_id, {column} FROM lead
              WHERE campaign_id = first.campaign_id AND status = 'pending'
                AND profile_id > first.profile_id
              ORDER BY profile_id, next_attempt_at LIMIT 1) lead)
    """
