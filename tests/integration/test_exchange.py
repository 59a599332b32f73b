"""The simulated phone network over real sockets: WebSocket, ICE, DTLS-SRTP, G.711.

Far ends are the product's own media leg, a stock aiortc peer connection, and the
product's gateway client, so that a fault which two of our halves share shows up.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack
from av import AudioFrame

from campanile.audio import wav
from campanile.audio.frames import Frame, Pcm
from campanile.dialing.announcements import Announcements
from campanile.media.clock import FrameClock
from campanile.media.peer import MediaPeer
from campanile.rehearsal.exchange import ExchangeOptions, serve
from campanile.telephony.causes import Cause
from campanile.telephony.janus import JanusGateway
from campanile.telephony.janus_line import JanusLine
from campanile.telephony.line import Answered, Ended, LineEvent, Ringing
from campanile.telephony.trunk_account import TrunkAccount
from support.plain_janus_client import PlainJanusClient, result

CALLER = "sip:+12125550100@carrier.invalid"
TONE_LINE = "+12125550199"

QUICK = {
    "busy": "rejects: 486",
    "nobody": "answers_phone: false",
    "unallocated": "rejects: 404\nearly_media: vacant",
    "ringback": "early_media: ringback",
    "no_circuit": "answers_phone: false\nearly_media: no_circuit",
}


@pytest.fixture(scope="session")
def voice_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("voices")


@pytest.fixture
def quick_callees(tmp_path: Path) -> Path:
    """Callees that lose no time ringing: +12125550901 is the first of QUICK, and so on."""
    folder = tmp_path / "callees"
    folder.mkdir()
    for n, (kind, what) in enumerate(QUICK.items(), 1):
        (folder / f"{kind}.yaml").write_text(
            f'kind: {kind}\nnumbers: ["+1212555090{n}"]\nrings: [0.5, 0.5]\n{what}\n'
            "script: []\nexpect: {disposition: completed}\n"
        )
    return folder


class Exchange:
    def __init__(self, url: str, data_dir: Path):
        self.url = url
        self.data_dir = data_dir

    def legs(self) -> list[dict[str, Any]]:
        text = (self.data_dir / "rehearsal" / "legs.ndjson").read_text()
        return [json.loads(line) for line in text.splitlines()]

    async def leg_event(self, name: str, *, timeout: float = 10.0) -> dict[str, Any]:
        async with asyncio.timeout(timeout):
            while True:
                for line in self.legs():
                    if line["event"] == name:
                        return line
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running(options: ExchangeOptions) -> AsyncIterator[Exchange]:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(options, ready=ready.set_result))
    either: list[asyncio.Future[Any]] = [ready, server]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if server.done():
        server.result()
    try:
        yield Exchange(ready.result(), options.data_dir)
    finally:
        server.cancel()
        with suppress(asyncio.CancelledError):
            await server


@pytest.fixture
async def exchange(
    tmp_path: Path, voice_cache: Path, quick_callees: Path
) -> AsyncIterator[Exchange]:
    options = ExchangeOptions(
        data_dir=tmp_path / "data",
        voice_cache=voice_cache,
        callees=quick_callees,
        session_seconds=1.0,
    )
    async with running(options) as found:
        yield found


@pytest.fixture
async def client(exchange: Exchange) -> AsyncIterator[PlainJanusClient]:
    found = await PlainJanusClient.connect(exchange.url)
    yield found
    await found.close()


@pytest.fixture
async def peer() -> AsyncIterator[MediaPeer]:
    found = MediaPeer(FrameClock(), address="127.0.0.1")
    yield found
    await found.close()


def tone(hertz: float, seconds: float) -> Pcm:
    at = np.arange(int(seconds * 8000)) / 8000
    return (8000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def loudest_hertz(pcm: np.ndarray[Any, Any], rate: int = 8000) -> float:
    spectrum = np.abs(np.fft.rfft(pcm.astype(float)))
    return float(np.argmax(spectrum) * rate / len(pcm))


async def call(client: PlainJanusClient, number: str, offer: str) -> tuple[int, int]:
    session = await client.new_session()
    handle = await client.registered_handle(session, CALLER)
    body = {"request": "call", "uri": f"sip:{number}@carrier.invalid", "call_id": "c-1"}
    await client.tell(session, handle, body, offer=offer)
    return session, handle


async def keep_alive(client: PlainJanusClient, session: int, seconds: float) -> None:
    for _ in range(round(seconds / 0.5)):
        await asyncio.sleep(0.5)
        await client.ask("keepalive", session_id=session)


async def test_a_tone_is_heard_both_ways(
    exchange: Exchange, client: PlainJanusClient, peer: MediaPeer
) -> None:
    heard: list[Frame] = []
    peer.subscribe(heard.append)
    session, handle = await call(client, TONE_LINE, await peer.create_offer())
    accepted = await client.event("accepted")
    await peer.accept_answer(accepted["jsep"]["sdp"])
    await peer.connected()
    await client.event("webrtcup")

    await keep_alive(client, session, 3.5)
    peer.play(tone(1000, 2.0))
    await keep_alive(client, session, 2.5)
    await client.tell(session, handle, {"request": "hangup"})
    hangup = await client.event("hangup")
    bye = await exchange.leg_event("bye")

    assert result(hangup) == {"event": "hangup", "code": 200, "reason": "to BYE"}
    pcm = np.concatenate([frame.pcm for frame in heard if frame.heard])
    assert loudest_hertz(pcm[8000:16000]) == pytest.approx(440, abs=2)
    file = exchange.data_dir / "rehearsal" / "messages" / f"{bye['leg']}.wav"
    for _ in range(250):  # it is written after the leg is over
        if file.exists():
            break
        await asyncio.sleep(0.02)
    recorded, _ = wav.read(file)
    assert loudest_hertz(recorded) == pytest.approx(1000, abs=2)
    assert bye["frames"]["expected"] > 250
    assert bye["frames"]["missing"] < 10  # a busy machine skips a frame now and then


async def test_the_wire_latency_is_logged_as_the_agent_caused_it(
    exchange: Exchange, client: PlainJanusClient, peer: MediaPeer
) -> None:
    session, _ = await call(client, TONE_LINE, await peer.create_offer())
    accepted = await client.event("accepted")
    await peer.accept_answer(accepted["jsep"]["sdp"])
    await peer.connected()
    loop = asyncio.get_running_loop()
    sent: list[float] = []
    ended: list[float] = []

    def note_sent(pcm: Pcm) -> None:
        if not sent and pcm.any():
            sent.append(loop.time())

    def answer_after(frame: Frame) -> None:
        if frame.pcm.max() > 1000:
            ended[:] = [loop.time()]
        elif ended and loop.time() - ended[0] > 0.5 and peer.queued == 0 and not sent:
            peer.play(tone(1000, 0.5))

    peer.on_sent(note_sent)
    peer.subscribe(answer_after)
    await keep_alive(client, session, 4.5)
    heard = await exchange.leg_event("heard")

    assert heard["after"] == "utterance"
    # The tone is in the jitter buffer some 40 to 80 ms before it is heard here.
    assert heard["ms"] / 1000 == pytest.approx(sent[0] - ended[0] + 0.06, abs=0.045)


async def test_a_stock_aiortc_peer_hears_and_is_heard(
    exchange: Exchange, client: PlainJanusClient
) -> None:
    far_end = RTCPeerConnection()
    far_end.addTrack(AudioStreamTrack())
    tracks: asyncio.Queue[MediaStreamTrack] = asyncio.Queue()
    far_end.on("track", tracks.put_nowait)
    try:
        await far_end.setLocalDescription(await far_end.createOffer())
        offer = far_end.localDescription.sdp
        session, _ = await call(client, TONE_LINE, offer)
        accepted = await client.event("accepted")
        answer = RTCSessionDescription(accepted["jsep"]["sdp"], "answer")
        await far_end.setRemoteDescription(answer)
        await client.event("webrtcup")
        track = await asyncio.wait_for(tracks.get(), 5)
        await client.ask("keepalive", session_id=session)
        frames = [await received(track) for _ in range(75)]
    finally:
        await far_end.close()
    bye = await exchange.leg_event("bye")

    sound = np.concatenate([frame.to_ndarray().ravel() for frame in frames[25:]])
    rate = frames[0].sample_rate * frames[0].layout.nb_channels
    assert loudest_hertz(sound, rate) == pytest.approx(440, abs=3)
    assert bye["frames"]["expected"] > 25  # its silence arrived, decrypted


async def received(track: MediaStreamTrack) -> AudioFrame:
    frame = await asyncio.wait_for(track.recv(), 5)
    assert isinstance(frame, AudioFrame)
    return frame


@pytest.mark.parametrize(
    ("number", "events", "code"),
    [
        ("+12125550901", ["invite", "reject"], 486),
        ("+12125550903", ["invite", "early_media", "reject"], 404),
    ],
)
async def test_refusals_are_told_and_logged(
    exchange: Exchange,
    client: PlainJanusClient,
    peer: MediaPeer,
    number: str,
    events: list[str],
    code: int,
) -> None:
    await call(client, number, await peer.create_offer())

    hangup = await client.event("hangup")

    assert result(hangup)["code"] == code
    legs = exchange.legs()
    assert [line["event"] for line in legs] == events
    assert legs[-1]["code"] == code
    assert (legs[0]["from"], legs[0]["to"]) == ("+12125550100", number)
    assert legs[0]["call_id"] == "c-1"


async def test_ringing_ends_with_cancel(
    exchange: Exchange, client: PlainJanusClient, peer: MediaPeer
) -> None:
    session, handle = await call(client, "+12125550902", await peer.create_offer())
    await client.event("ringing")
    await client.tell(session, handle, {"request": "hangup"})

    hangup = await client.event("hangup")

    assert result(hangup)["code"] == 487
    assert exchange.legs()[-1]["event"] == "cancel"


async def test_ringback_is_heard_before_the_answer(
    exchange: Exchange, client: PlainJanusClient, peer: MediaPeer
) -> None:
    heard: list[Frame] = []
    peer.subscribe(heard.append)
    await call(client, "+12125550904", await peer.create_offer())
    progress = await client.event("progress")
    await peer.accept_answer(progress["jsep"]["sdp"])

    accepted = await client.event("accepted")

    assert "jsep" not in accepted
    pcm = np.concatenate([frame.pcm for frame in heard if frame.heard])
    assert loudest_hertz(pcm[-1600:]) == pytest.approx(460, abs=30)


@asynccontextmanager
async def dialed(exchange: Exchange, number: str) -> AsyncIterator[JanusLine]:
    """By the product's own client."""
    gateway = JanusGateway(
        exchange.url,
        clock=FrameClock(),
        media_address="127.0.0.1",
        trunk=TrunkAccount("carrier.invalid"),
        renew_seconds=0.4,
    )
    caller = "+12125550111"
    line = await gateway.open_line(name="test", caller_id=caller)
    await line.dial(destination=number, caller_id=caller, call_id="attempt-7")
    yield line
    await line.close()
    await gateway.close()


async def test_a_tone_before_the_answer_is_heard(exchange: Exchange) -> None:
    told = asyncio.Event()
    async with dialed(exchange, "+12125550905") as line, asyncio.timeout(10):
        heard = Announcements(line.audio, told=told.set)
        await told.wait()
    assert heard.announced is Cause.CONGESTION
    assert exchange.legs()[-1]["event"] == "cancel"


async def test_a_dropped_connection_is_a_bye_at_once(
    exchange: Exchange, client: PlainJanusClient, peer: MediaPeer
) -> None:
    await call(client, TONE_LINE, await peer.create_offer())
    accepted = await client.event("accepted")
    await peer.accept_answer(accepted["jsep"]["sdp"])
    await peer.connected()
    loop = asyncio.get_running_loop()
    dropped = loop.time()

    client.abort()
    bye = await exchange.leg_event("bye")

    assert loop.time() - dropped < 0.5
    assert bye["reason"] == "connection lost"


async def test_a_frozen_client_loses_its_session_and_its_call(
    exchange: Exchange, client: PlainJanusClient, peer: MediaPeer
) -> None:
    session, handle = await call(client, TONE_LINE, await peer.create_offer())
    accepted = await client.event("accepted")
    await peer.accept_answer(accepted["jsep"]["sdp"])

    await client.event("timeout")
    asked = await client.tell(session, handle, {"request": "hangup"})
    bye = await exchange.leg_event("bye")

    assert asked["error"]["code"] == 458
    assert bye["reason"] == "session timed out"


async def test_the_products_gateway_client_sees_a_call_as_it_would_on_janus(
    exchange: Exchange,
) -> None:
    events: list[LineEvent] = []
    async with dialed(exchange, TONE_LINE) as line:
        async for event in line.events():
            events.append(event)
            if isinstance(event, Answered):
                await line.hang_up()

    assert [type(event) for event in events] == [Ringing, Answered, Ended]
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert (ended.code, ended.by) == (200, "us")
    legs = exchange.legs()
    logged = [leg["event"] for leg in legs if leg["event"] != "heard"]
    assert logged == ["invite", "ringing", "answer", "bye"]
    assert {(leg["from"], leg["to"], leg["call_id"]) for leg in legs} == {
        ("+12125550111", TONE_LINE, "attempt-7")
    }


async def test_many_calls_at_once_end_when_the_exchange_does(
    tmp_path: Path, voice_cache: Path
) -> None:
    options = ExchangeOptions(data_dir=tmp_path, voice_cache=voice_cache)
    peers = []
    async with running(options) as exchange:
        client = await PlainJanusClient.connect(exchange.url)
        for n in range(5):
            peer = MediaPeer(FrameClock(), address="127.0.0.1")
            peers.append(peer)
            await call(client, f"+1{300 + n}5550199", await peer.create_offer())
        for _ in peers:
            accepted = await client.event("accepted")
            assert accepted["jsep"]
        await client.close()
        await exchange.leg_event("bye")
    for peer in peers:
        await peer.close()
