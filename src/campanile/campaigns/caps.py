"""The caps on calls to one number, as compliance reads them."""

from campanile.campaigns.models import Campaign
from campanile.compliance.may_dial import Caps
from campanile.organizations.models import Organization


def caps_of(*sources: Organization | Campaign) -> tuple[Caps, ...]:
    """Those that anybody set, each once. All count the dials of the whole tree, so a
    child's can only be stricter."""
    found = (
        Caps(
            source.max_calls_per_24h,
            source.max_calls_per_day,
            source.max_calls_per_week,
            source.max_calls_lifetime,
        )
        for source in sources
    )
    return tuple(dict.fromkeys(caps for caps in found if caps != Caps()))
