"""A sick trunk, provider or agent stops new calls of its own, and only those."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from campanile.calls.lifecycle import release
from campanile.calls.models import Attempt
from campanile.calls.outcomes import Disposition, provider_failure, trunk_failure
from campanile.calls.states import AttemptState
from campanile.campaigns.models import Campaign
from campanile.capacity.breaker_rows import reset
from campanile.capacity.breakers import TALKED_FOR, Blocked, admit, blocked
from campanile.capacity.health import WAITS
from campanile.capacity.learning import learn, learn_unready
from campanile.capacity.models import Breaker, BreakerKind, BreakerState
from campanile.clock import now
from campanile.compliance.may_dial import Refused
from campanile.db import transaction
from campanile.numbers.models import PhoneNumber
from campanile.organizations.events import Event
from campanile.providers.errors import ProviderError, from_status
from campanile.telephony.line import GatewayError
from support.attempt_rows import end_attempt, make_attempt
from support.factories import make_campaign, make_leads, make_trunk

pytestmark = pytest.mark.usefixtures("database")

D = Disposition
OPENAI_DOWN = (D.AGENT_FAILED, provider_failure("openai", "timeout"))
WRONG_MODEL = (D.AGENT_FAILED, provider_failure("openai", "http_404"))
NO_CIRCUIT = (D.CONGESTION, trunk_failure(503))
BUSY = (D.BUSY, trunk_failure(486))


@pytest.fixture
def campaign() -> Campaign:
    return new_campaign()


def new_campaign(**values: object) -> Campaign:
    with transaction() as session:
        made = make_campaign(session, **values)
        make_leads(session, made, 60)
        return made


def call(campaign: Campaign, end: tuple[D, str], **values: object) -> UUID:
    """One call from dial to end, with what the breakers learn of it."""
    facts = {"timings": values.pop("timings", {})}
    with transaction() as session:
        attempt = make_attempt(session, campaign, **values)  # type: ignore[arg-type]
        end_attempt(session, attempt, *end, **facts)
        learn(session, attempt.id)
        return attempt.id


def calls(count: int, campaign: Campaign, end: tuple[D, str], **values: object) -> None:
    for _ in range(count):
        call(campaign, end, **values)


def trunk_of(session: Session) -> UUID:
    return session.exec(select(PhoneNumber.trunk_id)).one()


def breaker(kind: BreakerKind, key: object = None) -> Breaker:
    with transaction() as session:
        if key is None:
            key = trunk_of(session)
        return session.get_one(Breaker, (kind, str(key)))


def state(kind: BreakerKind, key: object = None) -> BreakerState:
    with transaction() as session:
        found = session.get(Breaker, (kind, str(key or trunk_of(session))))
        return BreakerState.CLOSED if found is None else found.state


def let_the_wait_pass() -> None:
    with transaction() as session:
        session.execute(
            sa.update(Breaker).values(retry_at=now() - timedelta(seconds=1))
        )


def claimed(campaign: Campaign, count: int = 1) -> list[UUID]:
    with transaction() as session:
        return [
            make_attempt(session, campaign, state=AttemptState.CLAIMED).id
            for _ in range(count)
        ]


def dial(
    campaign: Campaign,
    attempt_id: UUID,
    *,
    providers: Sequence[str] = ("deepgram", "openai", "elevenlabs"),
    trunk_id: UUID | None = None,
) -> Refused | None:
    """What the claim of a dial does about breakers."""
    with transaction() as session:
        refused = admit(
            session,
            trunk_id=trunk_id or trunk_of(session),
            agent_id=campaign.agent_id,
            providers=providers,
            attempt_id=attempt_id,
            now=now(),
        )
        if refused is None:
            session.execute(
                sa.update(Attempt)
                .where(Attempt.id == attempt_id)  # type: ignore[arg-type]
                .values(state=AttemptState.DIALING, dialed_at=now())
            )
        else:
            release(session, attempt_id, reason=refused.reason, again_at=refused.until)
        return refused


def end(attempt_id: UUID, how: tuple[D, str]) -> None:
    with transaction() as session:
        end_attempt(session, session.get_one(Attempt, attempt_id), *how)
        learn(session, attempt_id)


def test_five_failures_in_a_row_open_the_trunk_and_tell_why(campaign: Campaign) -> None:
    calls(4, campaign, NO_CIRCUIT, sip_code=503)
    assert state(BreakerKind.TRUNK) == BreakerState.CLOSED
    before = now()
    call(campaign, (D.TRUNK_FAILED, trunk_failure(500)))
    row = breaker(BreakerKind.TRUNK)
    assert row.state == BreakerState.OPEN
    assert row.reason.startswith("5 failures in a row, the last: ")
    assert row.retry_at is not None
    assert timedelta(seconds=14) < row.retry_at - before < timedelta(seconds=17)
    with transaction() as session:
        told = session.exec(select(Event).where(Event.kind == "breaker.opened")).one()
        assert told.organization_id == campaign.organization_id
        assert told.facts["key"] == row.key
        assert told.facts["reason"] == row.reason


def test_people_who_are_busy_keep_the_trunk_well(campaign: Campaign) -> None:
    for _ in range(4):
        calls(4, campaign, NO_CIRCUIT)
        call(campaign, BUSY)
    assert state(BreakerKind.TRUNK) == BreakerState.CLOSED


def test_a_long_call_from_before_does_not_hide_that_the_trunk_died(
    campaign: Campaign,
) -> None:
    rang_before = now() - timedelta(minutes=5)
    calls(4, campaign, NO_CIRCUIT)
    call(campaign, (D.COMPLETED, "customer_hangup"), ringing_at=rang_before)
    call(campaign, NO_CIRCUIT)
    assert state(BreakerKind.TRUNK) == BreakerState.OPEN


def test_a_sick_trunk_refuses_its_own_calls_and_no_others(campaign: Campaign) -> None:
    calls(5, campaign, NO_CIRCUIT)
    mine, other = claimed(campaign, 2)
    with transaction() as session:
        well = make_trunk(session, name="well").id
    refused = dial(campaign, mine)
    assert refused is not None
    assert refused.rule == "breaker.trunk"
    assert "5 failures in a row" in refused.reason
    assert refused.until is not None
    assert refused.until >= now() + WAITS[0] - timedelta(seconds=2)
    assert dial(campaign, other, trunk_id=well) is None
    with transaction() as session:
        sick = blocked(session)
        assert sick.trunks == {trunk_of(session)}
        assert sick.agents == sick.probe_trunks == sick.probe_agents == frozenset()
        lead = session.get_one(Attempt, mine)
        assert (lead.state, lead.charged) == (AttemptState.VOID, False)


def test_of_many_that_may_try_it_again_one_does(campaign: Campaign) -> None:
    calls(5, campaign, NO_CIRCUIT)
    let_the_wait_pass()
    for _ in range(5):
        attempts = claimed(campaign, 8)
        together = Barrier(8)

        def try_it(attempt_id: UUID, together: Barrier = together) -> bool:
            together.wait(timeout=5)
            return dial(campaign, attempt_id) is None

        with ThreadPoolExecutor(8) as pool:
            admitted = list(pool.map(try_it, attempts))
        assert admitted.count(True) == 1
        assert state(BreakerKind.TRUNK) == BreakerState.HALF_OPEN
        # Its worker is lost: nobody tells how it went, and another may try.
        with transaction() as session:
            session.execute(
                sa.update(Attempt)
                .where(Attempt.id == attempts[admitted.index(True)])  # type: ignore[arg-type]
                .values(state=AttemptState.ENDED, disposition=D.UNKNOWN)
            )


def test_the_probe_that_gets_through_lets_everybody_call_again(
    campaign: Campaign,
) -> None:
    calls(5, campaign, NO_CIRCUIT)
    let_the_wait_pass()
    probe, other = claimed(campaign, 2)
    assert dial(campaign, probe) is None
    end(probe, BUSY)
    assert state(BreakerKind.TRUNK) == BreakerState.CLOSED
    assert dial(campaign, other) is None
    with transaction() as session:
        kinds = session.exec(select(Event.kind).order_by(Event.created_at)).all()  # type: ignore[arg-type]
        assert kinds == ["breaker.opened", "breaker.closed"]


def test_the_probe_that_fails_lengthens_the_wait(campaign: Campaign) -> None:
    calls(5, campaign, NO_CIRCUIT)
    for wait in WAITS[1:]:
        let_the_wait_pass()
        (probe,) = claimed(campaign)
        assert dial(campaign, probe) is None
        end(probe, NO_CIRCUIT)
        row = breaker(BreakerKind.TRUNK)
        assert row.state == BreakerState.OPEN
        assert row.retry_at is not None
        assert abs(row.retry_at - now() - wait) < timedelta(seconds=2)


def test_a_trunk_is_well_as_soon_as_its_probe_rings(campaign: Campaign) -> None:
    calls(5, campaign, NO_CIRCUIT)
    let_the_wait_pass()
    (probe,) = claimed(campaign)
    dial(campaign, probe)
    with transaction() as session:
        assert blocked(session).trunks == {trunk_of(session)}
        session.get_one(Attempt, probe).ringing_at = now()
    with transaction() as session:
        assert blocked(session).trunks == frozenset()
    assert state(BreakerKind.TRUNK) == BreakerState.CLOSED


def test_a_provider_is_well_when_its_probe_has_talked_for_a_while(
    campaign: Campaign,
) -> None:
    calls(5, campaign, OPENAI_DOWN, answered=True)
    let_the_wait_pass()
    (probe,) = claimed(campaign)
    dial(campaign, probe)

    def answered(ago: timedelta) -> frozenset[UUID]:
        with transaction() as session:
            session.get_one(Attempt, probe).answered_at = now() - ago
        with transaction() as session:
            return blocked(session).agents

    assert answered(TALKED_FOR - timedelta(seconds=5)) == {campaign.agent_id}
    assert answered(TALKED_FOR) == frozenset()


def test_the_tick_may_claim_one_call_to_try_it_and_then_none(
    campaign: Campaign,
) -> None:
    calls(5, campaign, NO_CIRCUIT)
    let_the_wait_pass()
    with transaction() as session:
        sick, trunk = blocked(session), trunk_of(session)
    assert (sick.trunks, sick.probe_trunks) == (frozenset(), {trunk})
    claimed(campaign)
    with transaction() as session:
        sick = blocked(session)
    assert (sick.trunks, sick.probe_trunks) == ({trunk}, frozenset())


def test_a_sick_provider_stops_its_agents_and_not_those_with_another(
    campaign: Campaign,
) -> None:
    other = new_campaign(agent={"tts_config": {"provider": "openai"}})
    down = (D.AGENT_FAILED, provider_failure("elevenlabs", "http_500"))
    calls(5, campaign, down, answered=True)
    assert state(BreakerKind.PROVIDER, "elevenlabs") == BreakerState.OPEN
    assert state(BreakerKind.AGENT, campaign.agent_id) == BreakerState.CLOSED
    assert state(BreakerKind.TRUNK) == BreakerState.CLOSED
    with transaction() as session:
        assert blocked(session).agents == {campaign.agent_id}
    (attempt_id,) = claimed(other)
    assert dial(other, attempt_id, providers=["deepgram", "openai"]) is None
    (attempt_id,) = claimed(campaign)
    refused = dial(campaign, attempt_id)
    assert refused is not None
    assert refused.rule == "breaker.provider"


def test_one_agents_wrong_model_stops_that_agent_only(campaign: Campaign) -> None:
    other = new_campaign()
    calls(5, campaign, WRONG_MODEL, answered=True)
    assert state(BreakerKind.PROVIDER, "openai") == BreakerState.CLOSED
    assert state(BreakerKind.AGENT, campaign.agent_id) == BreakerState.OPEN
    with transaction() as session:
        assert blocked(session).agents == {campaign.agent_id}
    (attempt_id,) = claimed(other)
    assert dial(other, attempt_id) is None


def test_an_agent_that_alone_fails_with_a_healthy_provider_is_found_out(
    campaign: Campaign,
) -> None:
    other = new_campaign()
    for _ in range(5):
        call(campaign, OPENAI_DOWN, answered=True)
        call(
            other,
            (D.COMPLETED, "assistant_end_call"),
            answered=True,
            timings={"replies": [{"seconds": 0.6}]},
        )
    assert state(BreakerKind.PROVIDER, "openai") == BreakerState.CLOSED
    assert state(BreakerKind.AGENT, campaign.agent_id) == BreakerState.OPEN


def test_speech_that_cannot_be_prepared_opens_the_breaker_before_anybody_is_dialed(
    campaign: Campaign,
) -> None:
    for attempt_id in claimed(campaign, 5):
        with transaction() as session:
            learn_unready(session, attempt_id, from_status("elevenlabs", 503))
            release(session, attempt_id, reason="not ready", again_at=now())
    assert state(BreakerKind.PROVIDER, "elevenlabs") == BreakerState.OPEN
    with transaction() as session:
        assert blocked(session).agents == {campaign.agent_id}
        charged = session.exec(select(Attempt).where(Attempt.charged)).all()  # type: ignore[arg-type]
        assert charged == []


def test_a_missing_key_rests_the_agent(campaign: Campaign) -> None:
    missing = ProviderError("agent", "no_key", retryable=False)
    for attempt_id in claimed(campaign, 5):
        with transaction() as session:
            learn_unready(session, attempt_id, missing)
    assert state(BreakerKind.AGENT, campaign.agent_id) == BreakerState.OPEN
    assert state(BreakerKind.PROVIDER, "agent") == BreakerState.CLOSED


def test_a_gateway_that_is_gone_rests_the_trunk(campaign: Campaign) -> None:
    for attempt_id in claimed(campaign, 5):
        with transaction() as session:
            learn_unready(session, attempt_id, GatewayError("it is gone"))
    row = breaker(BreakerKind.TRUNK)
    assert row.state == BreakerState.OPEN
    assert row.reason == "5 failures in a row, the last: it is gone"


def test_a_person_may_say_that_it_is_well_again(campaign: Campaign) -> None:
    calls(5, campaign, NO_CIRCUIT)
    with transaction() as session:
        key = str(trunk_of(session))
        assert reset(session, BreakerKind.TRUNK, key)
        assert not reset(session, BreakerKind.TRUNK, key)
    assert state(BreakerKind.TRUNK) == BreakerState.CLOSED
    (attempt_id,) = claimed(campaign)
    assert dial(campaign, attempt_id) is None


def test_failures_noted_at_the_same_time_all_count(campaign: Campaign) -> None:
    with transaction() as session:
        attempts = [make_attempt(session, campaign) for _ in range(5)]
    together = Barrier(5)

    def fail(attempt: Attempt) -> None:
        together.wait(timeout=5)
        end(attempt.id, NO_CIRCUIT)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(fail, attempts))
    assert state(BreakerKind.TRUNK) == BreakerState.OPEN


def test_nothing_is_written_while_all_is_well(campaign: Campaign) -> None:
    calls(5, campaign, BUSY)
    call(
        campaign,
        (D.COMPLETED, "assistant_end_call"),
        answered=True,
        timings={"replies": [{"at": 1.0}]},
    )
    with transaction() as session:
        assert session.exec(select(Breaker)).all() == []
        assert blocked(session) == Blocked()
