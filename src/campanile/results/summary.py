"""The `Summary` sheet: the analyst's view of a campaign, as a pandas frame."""

from collections.abc import Sequence

import pandas as pd

from campanile.campaigns.models import Campaign
from campanile.results.rows import ResultRow


def summary_frame(
    campaign: Campaign, leads: Sequence[ResultRow], attempts: Sequence[ResultRow]
) -> pd.DataFrame:
    """Columns: what, value, share. Counts over leads first, then over attempts."""
    rows: list[dict[str, object]] = [
        {"what": "campaign", "value": campaign.name, "share": None},
        {"what": "leads", "value": len(leads), "share": None},
        {"what": "attempts", "value": len(attempts), "share": None},
    ]
    rows += _answers(attempts)
    for title, column, source in (
        ("lead", "status", leads),
        ("lead ended as", "disposition", leads),
        ("attempt ended as", "disposition", attempts),
    ):
        rows += _shares(title, column, source)
    frame = pd.DataFrame(rows, columns=["what", "value", "share"]).astype(object)
    return frame.where(frame.notna(), None)


def _answers(attempts: Sequence[ResultRow]) -> list[dict[str, object]]:
    frame = pd.DataFrame(attempts)
    if frame.empty:
        return []
    talks = pd.to_numeric(frame["duration_seconds"]).dropna()
    return [
        {
            "what": "answered attempts",
            "value": len(talks),
            "share": round(len(talks) / len(frame), 3),
        },
        {
            "what": "seconds talked",
            "value": round(float(talks.sum()), 1),
            "share": None,
        },
        {
            "what": "median seconds per answered call",
            "value": round(float(talks.median()), 1) if len(talks) else None,
            "share": None,
        },
    ]


def _shares(
    title: str, column: str, rows: Sequence[ResultRow]
) -> list[dict[str, object]]:
    if not rows:
        return []
    counts = pd.Series([row[column] or "–" for row in rows]).value_counts()
    return [
        {
            "what": f"{title}: {name}",
            "value": int(count),
            "share": round(count / len(rows), 3),
        }
        for name, count in counts.items()
    ]
