"""Sessions, handles and connections of the exchange: how long they live, what ends
with them; as Janus 1.1.2 was seen to do it."""

from campanile.rehearsal.exchange.protocol import Message
from support.exchange_client import Janus, error_of, janus

__all__ = ["janus"]


def test_an_idle_session_is_reaped_two_to_four_seconds_late(janus: Janus) -> None:
    session, handle = janus.ready_handle()
    janus.call(session, handle)
    asked_last = janus.time
    janus.said.clear()

    while not janus.said:
        janus.time += 0.1
        janus.core.reap()

    assert 12.0 <= janus.time - asked_last <= 14.2
    assert janus.said == [{"janus": "timeout", "session_id": session}]
    assert janus.phones[0].hung_up == "session timed out"
    assert error_of(janus.ask("keepalive", session_id=session))[0] == 458


def test_keepalives_keep_a_session(janus: Janus) -> None:
    session = janus.session()

    for _ in range(10):
        janus.time += 9
        janus.core.reap()
        assert janus.ask("keepalive", session_id=session)[0]["janus"] == "ack"


def test_a_lost_connection_ends_its_calls_and_no_others(janus: Janus) -> None:
    session, handle = janus.ready_handle()
    janus.call(session, handle)
    elsewhere: list[Message] = []
    other = elsewhere.append
    janus.core.ask({"janus": "create", "transaction": "o"}, other)

    janus.core.connection_lost(janus.send)

    assert janus.phones[0].hung_up == "connection lost"
    assert error_of(janus.ask("keepalive", session_id=session))[0] == 458
    kept = elsewhere[0]["data"]["id"]
    assert janus.ask("keepalive", session_id=kept)[0]["janus"] == "ack"


def test_helpers_and_their_calls_end_with_their_master(janus: Janus) -> None:
    master_session = janus.session()
    master = janus.handle(master_session)
    registered = janus.register(master_session, master)
    session = janus.session()
    helper = janus.handle(session)
    janus.register(
        session, helper, type="helper", master_id=registered["result"]["master_id"]
    )
    janus.call(session, helper)

    said = janus.ask("destroy", session_id=master_session)

    assert janus.phones[0].hung_up == "detached"
    assert {"janus": "detached", "session_id": session, "sender": helper} in said
    gone = janus.ask("detach", session_id=session, handle_id=helper)
    assert error_of(gone)[0] == 459


def test_a_detached_helper_may_be_outlived_by_its_master(janus: Janus) -> None:
    master_session = janus.session()
    registered = janus.register(master_session, janus.handle(master_session))
    session = janus.session()
    helper = janus.handle(session)
    janus.register(
        session, helper, type="helper", master_id=registered["result"]["master_id"]
    )

    janus.ask("detach", session_id=session, handle_id=helper)
    said = janus.ask("destroy", session_id=master_session)

    assert said[-1]["janus"] == "success"
