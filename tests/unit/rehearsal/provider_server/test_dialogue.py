"""The demo's dialogue, turn by turn, as a stateless server sees it."""

import pytest

from campanile.rehearsal.provider_server import dialogue, extraction, scripts
from campanile.rehearsal.provider_server.transcripts import Turn, written_down

TOOLS = ("find_slot", "request_callback", "end_call")
GREETING = "Hello Anna, this is the assistant of Riverside Dental. Can you make it?"
SCHEMA = {
    "type": "object",
    "properties": {
        "confirmed": {"type": ["boolean", "null"]},
        "new_day": {"enum": ["monday", "thursday", None]},
        "satisfaction": {"type": ["integer", "null"], "minimum": 1, "maximum": 10},
        "reminder": {"enum": ["text", "email", None]},
    },
}


@pytest.fixture(scope="module")
def script():
    return scripts.choose(scripts.load(), ["You are with Riverside Dental."])


class Call:
    """A conversation, held by what the script says."""

    def __init__(self, script, *, tools=TOOLS):
        self.script = script
        self.tools = tools
        self.turns = [Turn("agent", GREETING)]

    def hears(self, text):
        self.turns.append(Turn("callee", text))
        return self._answered()

    def returns(self, tool, result):
        self.turns.append(Turn("tool", result, tool))
        return self._answered()

    def _answered(self):
        reply = dialogue.reply(self.script, self.turns, self.tools)
        self.turns.append(Turn("agent", reply.text))
        return reply


def test_whoever_can_make_it_is_asked_two_more_things(script):
    call = Call(script)
    assert "scale from one to ten" in call.hears("Yes, I can make it.").text
    assert (
        "by text message or by email" in call.hears("Eight, they were friendly.").text
    )
    goodbye = call.hears("By email, please.")
    assert "Goodbye" in goodbye.text
    assert goodbye.calls == (("end_call", {}),)
    assert extraction.fill(script, call.turns, SCHEMA) == {
        "confirmed": True,
        "new_day": None,
        "satisfaction": 8,
        "reminder": "email",
    }


def test_an_answer_to_what_should_have_been_asked_is_taken(script):
    # The text of the first answer came after the agent had asked again.
    call = Call(script)
    call.turns += [
        Turn("callee", "Sorry I cannot come on that day."),
        Turn("agent", "I am sorry, I did not understand that. Can you make it?"),
    ]
    looking = call.hears("I would rather come on Monday.")
    assert looking.calls == (("find_slot", {"day": "monday"}),)
    filled = extraction.fill(script, call.turns, SCHEMA)
    assert (filled["confirmed"], filled["new_day"]) == (False, "monday")


def test_whoever_answers_over_the_greeting_is_understood(script):
    call = Call(script)
    call.turns = [Turn("agent", "Hello Anna, this is the assistant of Riverside")]
    said = "Yes I know about the appointment and yes I can make it."
    assert "scale from one to ten" in call.hears(said).text


def test_an_answer_to_the_next_question_is_not_read_as_a_no(script):
    call = Call(script)
    reply = call.hears("Ten it could not have been better.")
    assert "by text message or by email" in reply.text
    found = extraction.fill(script, call.turns, SCHEMA)
    assert (found["confirmed"], found["satisfaction"]) == (None, 10)


def test_whoever_cannot_is_found_another_time(script):
    call = Call(script)
    assert "Which day" in call.hears("No, I cannot make it that day.").text
    looking = call.hears("Thursday would be better for me.")
    assert looking.calls == (("find_slot", {"day": "thursday"}),)
    offer = call.returns("find_slot", '{"slots": ["14:00"]}')
    assert offer.text == "We have two o'clock on Thursday. Shall I book that?"
    assert "scale" in call.hears("Yes, please book that.").text


def test_without_the_tool_nothing_is_promised(script):
    call = Call(script, tools=("end_call",))
    call.hears("No, that day does not work for me.")
    assert "scale" in call.hears("Thursday, please.").text


def test_what_is_not_understood_is_asked_once_more(script):
    call = Call(script)
    assert "Can you make it?" in call.hears("").text
    assert "scale" in call.hears("Banana.").text
    assert extraction.fill(script, call.turns, SCHEMA)["confirmed"] is None


def test_whoever_asks_who_is_calling_is_told_and_asked_again(script):
    told = Call(script).hears("Sorry, who is calling?")
    assert told.text == "This is the assistant of Riverside Dental. Can you make it?"


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("I am driving. Can you call me back in an hour?", "in an hour"),
        ("I am busy right now. Can you call me back in a minute?", "in a minute"),
        ("Please call me back tomorrow.", "tomorrow"),
        ("I have no time now.", "later"),
    ],
)
def test_whoever_has_no_time_is_called_again(script, said, when):
    call = Call(script)
    assert call.hears(said).calls == (("request_callback", {"when": when}),)
    assert call.returns("request_callback", "Noted.").calls == (("end_call", {}),)


@pytest.mark.parametrize(
    "said",
    [
        "No thank you, I am not interested.",
        "Sorry, I do not want this, thank you.",
        "Stop calling me.",
    ],
)
def test_whoever_wants_none_of_it_is_left_alone(script, said):
    reply = Call(script).hears(said)
    assert "Goodbye" in reply.text
    assert reply.calls == (("end_call", {}),)


def test_an_interrupted_reply_does_not_lose_the_answer(script):
    turns = [
        Turn("agent", GREETING),
        Turn("callee", "Yes, that works for me."),
        Turn("agent", "Wonder"),
        Turn("callee", "Hello?"),
    ]
    assert "scale" in dialogue.reply(script, turns, TOOLS).text


def test_a_mute_callee_leaves_everything_empty(script):
    turns = written_down([f"Transcript:\nAgent: {GREETING}"])
    assert set(extraction.fill(script, turns, SCHEMA).values()) == {None}
    assert extraction.summarise(script, turns) == script.nothing


def test_a_written_transcript_is_read_like_a_chat(script):
    turns = written_down(
        [
            'Follow this schema: {"user": 1}',
            f"Transcript:\n[00:01] Agent: {GREETING}\n[00:05] Callee: No,\nI cannot.",
        ]
    )
    assert [turn.role for turn in turns] == ["agent", "callee"]
    assert extraction.fill(script, turns, SCHEMA)["confirmed"] is False


def test_an_unknown_prompt_gets_a_short_polite_talk():
    anyone = scripts.choose(scripts.load(), ["You sell bicycles."])
    assert anyone.name == "anyone"
    opening = dialogue.reply(anyone, [], TOOLS)
    assert opening.text == anyone.opening
