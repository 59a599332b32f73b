"""Plays one callee: decides what to do next from time and from what can be heard.

Pure: frames and instants in, acts out; whoever performs an act says when it is done.

A callee answers in the order of its script. It stays in step with a caller that did not
understand it by three things a person would notice too. It says an answer again, instead
of the next one, when the question sounds like one it has answered, when the caller comes
back only after a long silence, and when the caller talked on over an answer.
"""

from campanile.audio.frames import FRAME_SECONDS, Pcm
from campanile.rehearsal.callees.hearing import Fingerprint, Tail, alike, is_audible
from campanile.rehearsal.callees.people import Act, Callee

_STRETCH_GAP = 0.3
"""Seconds of silence that do not yet end a stretch of the caller's speech."""
_LEAST_SPEECH = 0.4
"""Seconds to be heard before it counts as the caller's turn."""
_LONG_SILENCE = 5.0
"""A caller that is silent for so long after an answer has not understood it."""
_MOST_REPEATS = 2
"""So often one answer is said again."""

HANG_UP = Act("hang_up", "now", 0.0)


class Performance:
    """One callee on one answered call. Times are of one monotonic clock, in seconds."""

    def __init__(self, callee: Callee):
        self._script = callee.script
        self._patience = callee.patience
        self._step = 0
        self._acting: Act | None = None
        self._picked_up = 0.0
        self._free_since = 0.0  # our own last act ended, or the call began
        self._stretch_began: float | None = None
        self._first_heard: float | None = None  # since we are free
        self._last_heard = 0.0
        self._voiced = 0.0  # seconds since we are free
        self._tail = Tail()
        self._turn_judged = False  # this turn has been found to be no repetition
        self._spoke_over: float | None = None  # the stretch our last answer cut into
        self._began_act = 0.0
        self._answered: list[tuple[Fingerprint | None, Act]] = []
        self._repeats = 0

    def begin(self, at: float) -> None:
        """The call was answered."""
        self._picked_up = self._free_since = self._last_heard = at

    def hear(self, pcm: Pcm, at: float) -> bool:
        """Twenty milliseconds of the caller; whether there was anything to hear."""
        audible = is_audible(pcm)
        self._tail.add(pcm, audible=audible)
        if audible:
            if self._stretch_began is None or at - self._last_heard > _STRETCH_GAP:
                self._stretch_began = at
                self._turn_judged = False
            if self._first_heard is None:
                self._first_heard = at
            self._last_heard = at
            self._voiced += FRAME_SECONDS
        return audible

    def next(self, at: float) -> Act | None:
        """What to do now, if anything; to be asked after every frame."""
        if self._acting is not None:
            return self._end_of_recording(self._acting, at)
        repeated = self._asked_again(at)
        if repeated is not None:
            self._repeats += 1
            return self._begin(repeated, at)
        if self._step == len(self._script) or not self._is_due(at):
            return None
        act = self._script[self._step]
        self._step += 1
        if act.answers:
            self._repeats = 0
            question = None if self._speaking(at) else self._tail.fingerprint()
            self._answered.append((question, act))
        self._spoke_over = self._stretch_began if self._speaking(at) else None
        return self._begin(act, at)

    def done(self, at: float) -> None:
        """The act that `next` gave has been performed."""
        self._acting = None
        self._free_since = at
        self._voiced = 0.0
        self._first_heard = None
        self._tail.clear()
        self._turn_judged = False

    def _begin(self, act: Act, at: float) -> Act:
        self._acting = act
        self._began_act = at
        return act

    def _speaking(self, at: float) -> bool:
        return self._stretch_began is not None and at - self._last_heard < _STRETCH_GAP

    def _is_due(self, at: float) -> bool:
        act = self._script[self._step]
        match act.at:
            case "pickup":
                return at - self._picked_up >= act.after
            case "now":
                return at - self._free_since >= act.after
            case "over":
                began = self._stretch_began
                return began is not None and (
                    self._speaking(at)
                    and at - max(began, self._free_since) >= act.after
                )
            case "turn":
                return self._is_my_turn(at, after=act.after)

    def _is_my_turn(self, at: float, *, after: float) -> bool:
        return self._voiced >= _LEAST_SPEECH and at - self._last_heard >= after

    def _asked_again(self, at: float) -> Act | None:
        """The answer that the caller seems to want once more, judged once a turn."""
        if self._turn_judged or not self._is_my_turn(at, after=self._patience):
            return None
        self._turn_judged = True
        spoke_over, self._spoke_over = self._spoke_over, None
        if not self._answered or self._repeats >= _MOST_REPEATS:
            return None
        question = self._tail.fingerprint()
        for before, answer in reversed(self._answered):
            if before is not None and question is not None and alike(before, question):
                return answer
        assert self._first_heard is not None
        came_back_late = self._first_heard - self._free_since >= _LONG_SILENCE
        talked_on = spoke_over is not None and spoke_over == self._stretch_began
        return self._answered[-1][1] if came_back_late or talked_on else None

    def _end_of_recording(self, act: Act, at: float) -> Act | None:
        """A mailbox hangs up by itself when it has heard enough, or nothing."""
        if act.does != "record":
            return None
        silent = at - max(self._last_heard, self._began_act)
        if silent < act.silence and at - self._began_act < act.seconds:
            return None
        return self._begin(HANG_UP, at)
