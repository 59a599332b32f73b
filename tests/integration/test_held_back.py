"""What a setting forbids waits for another setting; what never opens says so."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from campanile import clock
from campanile.campaigns.lifecycle import change as change_campaign
from campanile.campaigns.models import Campaign, CampaignUpdate
from campanile.campaigns.states import CampaignStatus
from campanile.db import transaction
from campanile.dialing.decision import Go, Stay
from campanile.dialing.ledger import Ledger
from campanile.leads.editing import LeadCreate
from campanile.leads.editing import add as add_lead
from campanile.leads.models import Lead
from campanile.leads.states import LeadStatus
from campanile.organizations.models import Organization
from campanile.pacing import endings, held
from campanile.pacing.held import Held
from campanile.pacing.tick import Pacer
from campanile.results.progress import progress
from support.attempts import claim_lead, dial, noon_in_new_york, shift_legal_clock
from support.factories import leads_of, make_campaign, make_leads, make_worker

pytestmark = pytest.mark.usefixtures("database")

HOUR = timedelta(hours=1)
NIGHT = {"schedule_start_time": "22:00", "schedule_end_time": "06:00"}
NEVER = "window.never — its calling hours and the campaign's never meet"


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    shift_legal_clock(monkeypatch, noon_in_new_york())


def a_campaign(leads: int = 1, **values: Any) -> UUID:
    with transaction() as session:
        campaign = make_campaign(session, retry_delay_seconds=60, **values)
        make_leads(session, campaign, leads)
        return campaign.id


def the_leads() -> list[Lead]:
    with transaction() as session:
        return leads_of(session, session.exec(select(Campaign)).one())


def hindrances() -> list[str]:
    with transaction() as session:
        return progress(session, session.exec(select(Campaign)).one()).hindrances


def try_to_dial(ledger: Ledger) -> Go | Stay:
    with transaction() as session:
        attempt = claim_lead(session, session.exec(select(Lead)).one())
    return dial(attempt, ledger)


def set_campaign(**values: Any) -> None:
    with transaction() as session:
        campaign = session.exec(select(Campaign)).one()
        change_campaign(session, campaign, CampaignUpdate.model_validate(values))


def look(rounds: Held) -> int:
    return rounds.look(transaction)


FORBIDDEN = [
    ({"max_calls_per_24h": 0}, {"max_calls_per_24h": None}, "cap.24h"),
    ({"max_calls_per_day": 0}, {"max_calls_per_day": 1}, "cap.day"),
    ({"max_calls_per_week": 0}, {"max_calls_per_week": 1}, "cap.week"),
    ({"max_calls_lifetime": 0}, {"max_calls_lifetime": 1}, "cap.lifetime"),
    ({"regions": ["GB"]}, {"regions": ["GB", "US"]}, "region.not_allowed"),
    ({"consent_required": True}, {"consent_required": False}, "consent.missing"),
]


@pytest.mark.parametrize(("forbids", "allows", "rule"), FORBIDDEN)
def test_a_setting_holds_its_leads_back_until_it_is_set_otherwise(
    forbids: dict[str, Any], allows: dict[str, Any], rule: str, ledger: Ledger
) -> None:
    a_campaign(**forbids)
    rounds = Held()
    assert isinstance(try_to_dial(ledger), Stay)
    (lead,) = the_leads()
    assert lead.status == LeadStatus.PENDING
    assert lead.reason.startswith(f"{rule} — ")
    tomorrow = clock.now() + 24 * HOUR
    assert tomorrow - HOUR < lead.next_attempt_at <= tomorrow
    with transaction() as session:
        assert endings.complete_drained(session) == 0
    assert hindrances() == [f"1 lead waits: {lead.reason}"]
    assert look(rounds) == 0  # nothing was changed since
    set_campaign(**allows)
    assert look(rounds) == 1
    (lead,) = the_leads()
    assert (lead.status, lead.reason) == (LeadStatus.PENDING, "")
    assert lead.next_attempt_at <= clock.now()
    assert hindrances() == []
    assert isinstance(try_to_dial(ledger), Go)


def test_an_organisations_cap_of_none_is_asked_about_again_after_a_day(
    ledger: Ledger,
) -> None:
    a_campaign()
    with transaction() as session:
        session.execute(sa.update(Organization).values(max_calls_per_day=0))
    assert isinstance(try_to_dial(ledger), Stay)
    (lead,) = the_leads()
    assert lead.status == LeadStatus.PENDING
    assert lead.next_attempt_at > clock.now() + 23 * HOUR


def test_a_lifetime_that_is_used_up_gives_the_lead_up(ledger: Ledger) -> None:
    a_campaign(max_calls_lifetime=1)
    assert isinstance(try_to_dial(ledger), Go)
    with transaction() as session:
        long_ago = clock.now() - 48 * HOUR
        session.execute(
            sa.text("UPDATE attempt SET state = 'reported', dialed_at = :t"),
            {"t": long_ago},
        )
    assert isinstance(try_to_dial(ledger), Stay)
    assert the_leads()[0].status == LeadStatus.SKIPPED


def test_what_waits_for_another_reason_is_left_waiting() -> None:
    a_campaign()
    later = clock.now() + HOUR
    with transaction() as session:
        session.execute(sa.update(Lead).values(next_attempt_at=later, reason="busy"))
    rounds = Held()
    set_campaign(max_concurrent=3)
    assert look(rounds) == 0
    assert the_leads()[0].next_attempt_at == later


def test_leads_whose_hours_never_meet_the_campaigns_say_so() -> None:
    a_campaign(3, **NIGHT)
    rounds = Held()
    assert look(rounds) == 3
    assert [lead.reason for lead in the_leads()] == [NEVER] * 3
    assert {lead.status for lead in the_leads()} == {LeadStatus.PENDING}
    assert hindrances() == [f"3 leads wait: {NEVER}"]
    assert look(rounds) == 0
    set_campaign(schedule_start_time="09:00", schedule_end_time="17:00")
    assert look(rounds) == 3
    assert [lead.reason for lead in the_leads()] == [""] * 3
    assert hindrances() == []


def test_leads_that_are_added_later_are_told_within_a_minute() -> None:
    a_campaign(2, **NIGHT)
    passed = [0.0]
    rounds = Held(monotonic=lambda: passed[0])
    assert look(rounds) == 2
    with transaction() as session:
        campaign = session.exec(select(Campaign)).one()
        add_lead(session, campaign, LeadCreate(phone_number="+12125550199"))
    passed[0] = held.ANEW_SECONDS - 1
    assert look(rounds) == 0
    passed[0] = held.ANEW_SECONDS
    assert look(rounds) == 1
    assert [lead.reason for lead in the_leads()] == [NEVER] * 3


def test_leads_that_were_told_are_held_back_for_a_day_and_not_read_meanwhile() -> None:
    a_campaign(300, **NIGHT)
    passed = [0.0]
    rounds = Held(monotonic=lambda: passed[0])
    assert look(rounds) == 300
    tomorrow = clock.now() + 24 * HOUR
    waits = [lead.next_attempt_at for lead in the_leads()]
    assert tomorrow - HOUR < min(waits) <= max(waits) <= tomorrow
    passed[0] += held.ANEW_SECONDS
    with transaction() as session:
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))  # so few they are
        before = rows_read(session)
        assert rounds.look(lambda: nullcontext(session)) == 0
        assert rows_read(session) - before <= 1  # the first of the bucket
    a_day_passes()
    passed[0] += held.ANEW_SECONDS
    assert look(rounds) == 300


def rows_read(session: Session) -> int:
    """Of leads, by this connection so far."""
    found: int = session.execute(
        sa.text(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE relname = 'lead'"
        )
    ).scalar_one()
    return found


def a_day_passes() -> None:
    with transaction() as session:
        day = sa.text("next_attempt_at - interval '1 day'")
        session.execute(sa.update(Lead).values(next_attempt_at=day))


def test_a_lead_in_back_off_is_told_when_it_is_due() -> None:
    a_campaign(**NIGHT)
    later = clock.now() + HOUR
    with transaction() as session:
        session.execute(sa.update(Lead).values(next_attempt_at=later, reason="busy"))
    passed = [0.0]
    rounds = Held(monotonic=lambda: passed[0])
    assert look(rounds) == 0
    a_day_passes()
    passed[0] += held.ANEW_SECONDS
    assert look(rounds) == 1
    assert the_leads()[0].reason == NEVER


def test_who_became_due_while_the_campaign_was_paused_no_longer_says_never() -> None:
    a_campaign(3, **NIGHT)
    rounds = Held()
    assert look(rounds) == 3
    set_status(CampaignStatus.PAUSED)
    assert look(rounds) == 0
    a_day_passes()
    set_campaign(schedule_start_time="09:00", schedule_end_time="17:00")
    set_status(CampaignStatus.SCHEDULED)
    assert look(rounds) == 3
    assert hindrances() == []
    assert all(lead.next_attempt_at <= clock.now() for lead in the_leads())


def set_status(status: CampaignStatus) -> None:
    with transaction() as session:
        session.execute(sa.update(Campaign).values(status=status))


def test_many_leads_are_told_and_asked_again_batch_by_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(held, "BATCH", 2)
    a_campaign(5, **NIGHT)
    rounds = Held()
    assert [look(rounds) for _ in range(4)] == [2, 2, 1, 0]
    set_campaign(schedule_start_time="09:00", schedule_end_time="17:00")
    assert [look(rounds) for _ in range(4)] == [2, 2, 1, 0]
    assert hindrances() == []


class Troubled:
    """Transactions, of which the nth fails: a statement took too long."""

    def __init__(self, *, fails: int) -> None:
        self._fails = fails

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        self._fails -= 1
        with transaction() as session:
            yield session
            if self._fails == 0:
                raise OperationalError("", {}, Exception("statement timeout"))


def test_a_campaign_that_fails_undoes_no_other_and_is_left_alone_for_a_minute() -> None:
    with transaction() as session:
        for name in ("one", "two", "three"):
            make_leads(session, make_campaign(session, name=name, **NIGHT), 1)
    passed = [0.0]
    rounds = Held(monotonic=lambda: passed[0])
    with pytest.raises(OperationalError):
        rounds.look(Troubled(fails=3))  # the first asks whose turn it is
    assert told() == 1
    assert look(rounds) == 1  # the last one's turn; the second's look is not repeated
    passed[0] = held.ANEW_SECONDS - 1
    assert look(rounds) == 0
    passed[0] = held.ANEW_SECONDS
    assert look(rounds) == 1
    assert told() == 3


def told() -> int:
    with transaction() as session:
        return len(session.exec(select(Lead).where(Lead.reason == NEVER)).all())


# A zone that is none any more


def a_zone_that_is_gone() -> None:
    with transaction() as session:
        session.execute(
            sa.update(Campaign)
            .where(sa.column("name") == "gone")
            .values(timezone="Factory")
        )


def test_one_campaigns_zone_never_stops_the_others() -> None:
    with transaction() as session:
        gone, good = (make_campaign(session, name=name) for name in ("gone", "good"))
        make_leads(session, gone, 1)
        make_leads(session, good, 1)
        make_worker(session)
    a_zone_that_is_gone()
    pacer = Pacer()
    for _ in range(2):
        with transaction() as session:
            pacer.tick(session)
    with transaction() as session:
        calling = session.exec(
            select(Lead.campaign_id).where(Lead.status == LeadStatus.CALLING)
        ).all()
        assert calling == [good.id]
        told = progress(session, session.get_one(Campaign, gone.id)).hindrances
        assert told[0] == "there is no time zone 'Factory': set another one"
    look(Held())


def test_a_zone_that_is_mended_rings_again() -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session, name="gone"), 1)
        make_worker(session)
    a_zone_that_is_gone()
    pacer = Pacer()
    with transaction() as session:
        assert pacer.tick(session) == []
    with transaction() as session:
        # Another change of the same row must not find what is no more.
        session.execute(sa.update(Campaign).values(max_concurrent=7))
    with transaction() as session:
        assert pacer.tick(session) == []
    with transaction() as session:
        session.execute(sa.update(Campaign).values(timezone="America/New_York"))
    with transaction() as session:
        assert len(pacer.tick(session)) == 1


def test_a_campaign_that_runs_and_loses_its_zone_is_not_claimed_from() -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session, name="gone"), 2)
        make_worker(session, slots=1)
    pacer = Pacer()
    with transaction() as session:
        assert len(pacer.tick(session)) == 1
    a_zone_that_is_gone()
    with transaction() as session:
        session.execute(sa.text("UPDATE attempt SET state = 'void'"))
    with transaction() as session:
        assert pacer.tick(session) == []


def test_a_leads_zone_that_is_gone_stops_nobody_either() -> None:
    with transaction() as session:
        make_leads(session, make_campaign(session), 1)
        make_worker(session)
    with transaction() as session:
        session.execute(sa.text("UPDATE dial_profile SET zones = '{Factory}'"))
    with transaction() as session:
        assert len(Pacer().tick(session)) == 1  # the claim will say why it stays


def test_the_last_day_of_a_zone_that_is_gone_is_nobodys_business() -> None:
    yesterday = clock.legal_now().date() - timedelta(days=2)
    with transaction() as session:
        make_leads(session, make_campaign(session, name="gone", end_date=yesterday), 1)
        make_leads(session, make_campaign(session, end_date=yesterday), 1)
    a_zone_that_is_gone()
    with transaction() as session:
        assert endings.skip_overdue(session) == 1


@pytest.mark.parametrize("name", ["Factory", "localtime", "Mars/Base", ""])
def test_a_zone_that_the_law_cannot_read_is_no_campaigns(name: str) -> None:
    a_campaign()
    with pytest.raises(ValueError, match="not an IANA time zone"):
        set_campaign(timezone=name)
    with transaction() as session:
        campaign = session.exec(select(Campaign)).one()
        assert campaign.timezone == "America/New_York"
        assert campaign.status == CampaignStatus.SCHEDULED
