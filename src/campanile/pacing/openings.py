"""Who may be rung at this moment, for a thousand campaigns at once (pure).

The campaign's half and the law's half are asked apart: 1000 campaigns and 60 profiles
are 1060 questions instead of 60 000. Both halves open is open together. The worker's
decision asks again in any case.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from campanile.compliance.hours import (
    Instants,
    Place,
    campaign_spans,
    lawful_spans,
)
from campanile.compliance.zones import known_zones
from campanile.pacing.running import Running

_UNKNOWN: tuple[Running | None, Instants] = (None, ())


class Openings:
    """Answers for the instant that it was last turned to."""

    def __init__(self) -> None:
        self._at = datetime.fromtimestamp(0, UTC)
        self._day = self._at.date()
        self._places: Mapping[int, Place] = {}
        self._spans: dict[UUID, tuple[Running, Instants]] = {}
        self._lawful: dict[tuple[int, timedelta], bool] = {}

    def turn_to(self, at: datetime, places: Mapping[int, Place]) -> None:
        """Judge from now on at `at`; `places` are those of the profiles."""
        if at.date() != self._day:
            self._spans = {}
        self._at, self._day, self._places = at, at.date(), places
        self._lawful = {}

    def campaigns(self, running: Mapping[UUID, Running]) -> list[UUID]:
        """Those whose own window is open and stays so for their room."""
        known, found = self._spans, []
        for campaign in running.values():
            of, spans = known.get(campaign.id, _UNKNOWN)
            if of is not campaign:
                spans = campaign_spans(campaign.hours, self._day)
                known[campaign.id] = (campaign, spans)
            if self._within(spans, campaign.room):
                found.append(campaign.id)
        return found

    def lawful(self, profile: int, room: timedelta) -> bool:
        """Whether the law lets us ring there, now and for `room`.

        It does so where no zone is known, or one that is none: the worker's decision
        explains it.
        """
        key = (profile, room)
        if key not in self._lawful:
            place = self._places[profile]
            known = place.zones and known_zones().issuperset(place.zones)
            self._lawful[key] = not known or self._within(
                lawful_spans(place, self._day), room
            )
        return self._lawful[key]

    def _within(self, spans: Instants, room: timedelta) -> bool:
        at = self._at
        for start, end in spans:
            if start <= at:
                if at + room <= end:
                    return True
            else:
                break  # they are sorted
        return False
