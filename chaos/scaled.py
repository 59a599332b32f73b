"""The product's times, scaled down as far as its own start-up check allows.

`campanile.config` refuses an order other than DESIGN.md 4's. The far end reaps an idle
session up to 4.1 s after its setting, as Janus does; that margin cannot be scaled, so it
decides how short the others get. What the product has no setting for stays as it is:
message age 30 s, sweep every 5 s (which wants a lease of more than twice that),
congestion's gap of five minutes.
"""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds; the names are those of the settings, without `_seconds`."""

    renew: float = 1.0
    gateway_session: float = 3.0
    lease: float = 14.0
    self_hangup: float = 16.0
    orphan_report: float = 19.0
    quarantine: float = 26.0

    def environment(self) -> dict[str, str]:
        return {
            f"CAMPANILE_{name.upper()}_SECONDS": str(value)
            for name, value in asdict(self).items()
        }
