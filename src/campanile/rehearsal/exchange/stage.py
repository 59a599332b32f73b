"""An answered call: plays the callee's acts on the leg and writes down what was heard."""

import time
from collections.abc import Callable
from typing import Protocol

from campanile.audio.frames import Frame, Pcm
from campanile.media.rtp import RtpPacket
from campanile.rehearsal.callees.people import Act, Callee
from campanile.rehearsal.callees.performance import Performance
from campanile.rehearsal.exchange.tones import tone
from campanile.rehearsal.exchange.wire import Heard, Pace, Utterance, WireMeter
from campanile.rehearsal.legs import LegLog


class Leg(Protocol):
    """What the stage asks of the media leg (`arrivals.StampedPeer`)."""

    def subscribe(self, sink: Callable[[Frame], None]) -> Callable[[], None]: ...
    def on_sent(self, sink: Callable[[Pcm], None]) -> Callable[[], None]: ...
    def on_packet(self, sink: Callable[[RtpPacket, float], None]) -> None: ...
    def on_dtmf(self, sink: Callable[[str], None]) -> Callable[[], None]: ...
    def play(self, pcm: Pcm) -> None: ...


class Stage:
    """One callee on one answered leg; driven by the leg's own 20 ms."""

    def __init__(
        self,
        callee: Callee,
        leg: Leg,
        log: LegLog,
        *,
        sounds: dict[str, Pcm],
        hang_up: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ):
        """`sounds` holds each of the callee's sentences, ready at 8 kHz."""
        self._performance = Performance(callee)
        self._leg = leg
        self._log = log
        self._sounds = sounds
        self._hang_up = hang_up
        self._now = now
        self._wire = WireMeter()
        self._utterance: Utterance | None = None
        self._said: Act | None = None
        self.recorded: list[Pcm] | None = None
        """What a mailbox recorded, in frames; None where none answered."""
        self.last_heard: float | None = None

    @property
    def pace(self) -> Pace:
        return self._wire.pace

    def begin(self, answered_at: float) -> None:
        """The call was answered; everything else happens on the leg's ticks."""
        self._performance.begin(answered_at)
        self._wire.answered(answered_at)
        self._leg.on_packet(self._on_packet)
        self._leg.on_sent(self._on_sent)
        self._leg.on_dtmf(lambda digit: self._log.note("dtmf", digit=digit))
        self._leg.subscribe(self._on_frame)

    def _on_frame(self, frame: Frame) -> None:
        now = self._now()
        if self.recorded is not None:
            self.recorded.append(frame.pcm)
        if self._performance.hear(frame.pcm, now):
            self.last_heard = now
        act = self._performance.next(now)
        if act is not None:
            self._do(act)

    def _do(self, act: Act) -> None:
        match act.does:
            case "say":
                self._play(self._sounds[act.text], act)
                self._log.said(act.text)
            case "tone":
                self._play(tone((act.hertz,), act.seconds), act)
            case "record":
                self.recorded = []
            case "hang_up":
                self._hang_up()

    def _play(self, pcm: Pcm, act: Act) -> None:
        self._leg.play(pcm)
        self._utterance = Utterance(pcm)
        self._said = act
        self._wire.speaks()

    def _on_sent(self, _pcm: Pcm) -> None:
        utterance = self._utterance
        if utterance is not None and utterance.frame_sent(self._now()):
            self._utterance = None
            self._wire.fell_silent(utterance.ended or self._now())
            self._performance.done(self._now())

    def _on_packet(self, packet: RtpPacket, at: float) -> None:
        for finding in self._wire.packet(packet, at):
            if isinstance(finding, Heard):
                said = self._said.text if self._said is not None else ""
                self._log.note(
                    "heard", after=finding.after, ms=finding.milliseconds, text=said
                )
            else:
                self._log.note("audio_gap", ms=finding.milliseconds)
