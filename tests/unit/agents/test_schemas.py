from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from referencing.exceptions import Unresolvable

from campanile.agents import schemas

DAY = {"type": "object", "properties": {"day": {"enum": ["monday", "friday"]}}}


@pytest.fixture
def canary():
    """A server on loopback that remembers what it was asked for."""
    asked = []

    class Canary(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Canary) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("deep", [False, True])
def test_a_schema_from_elsewhere_is_a_flaw_and_is_not_fetched(canary, deep):
    url, asked = canary
    schema = {"$ref": f"{url}/schema.json"}
    flaw = schemas.flaw({"properties": {"a": schema}} if deep else schema)
    assert flaw.startswith("$ref cannot be resolved")
    with suppress(Unresolvable):
        schemas.complaints(schema, {"a": 1})
    assert asked == []


def test_a_reference_to_nothing_within_the_schema_is_a_flaw():
    assert "#/$defs/gone" in schemas.flaw({"items": {"$ref": "#/$defs/gone"}})


def test_a_reference_within_the_schema_is_fine():
    schema = {"$defs": {"day": DAY}, "$ref": "#/$defs/day"}
    assert schemas.flaw(schema) == ""
    assert len(schemas.complaints(schema, {"day": "sunday"})) == 1


def test_complaints_name_the_place_and_are_few():
    assert schemas.complaints(DAY, {"day": "friday"}) == []
    assert schemas.complaints(DAY, {"day": "sunday"}) == [
        "$.day: 'sunday' is not one of ['monday', 'friday']"
    ]
    strict = {"required": [str(number) for number in range(20)]}
    assert len(schemas.complaints(strict, {})) == 5


def test_a_flaw_is_one_sentence():
    assert schemas.flaw(DAY) == ""
    assert "is not valid under any" in schemas.flaw({"type": "objekt"})
