import pytest

from campanile.errors import Invalid
from campanile.telephony.trunk_account import TrunkAccount


def test_a_number_is_reached_at_the_trunks_address() -> None:
    trunk = TrunkAccount("sip.example.com:5080")
    assert trunk.uri("+12125550123") == "sip:+12125550123@sip.example.com:5080"


def test_tcp_and_tls_stand_in_the_uri() -> None:
    assert TrunkAccount("sip.example.com", transport="tcp").uri("+12125550123") == (
        "sip:+12125550123@sip.example.com;transport=tcp"
    )
    tls = TrunkAccount("sip.example.com", transport="tls").registration("+12125550100")
    assert tls["sips"] is True
    assert tls["outbound_proxy"] == "sip:sip.example.com;transport=tls"


def test_a_trunk_that_knows_our_address_takes_us_as_a_guest() -> None:
    body = TrunkAccount("sip.example.com:5080").registration("+12125550100")
    assert body == {
        "request": "register",
        "type": "guest",
        "username": "sip:+12125550100@sip.example.com",
        "outbound_proxy": "sip:sip.example.com:5080",
    }


def test_a_trunk_with_a_password_gets_it_with_the_invite_and_no_register() -> None:
    trunk = TrunkAccount("sip.example.com", username="acme", secret="pass")
    body = trunk.registration("+12125550100")
    assert (body["authuser"], body["secret"]) == ("acme", "pass")
    assert body["send_register"] is False
    assert "type" not in body
    assert "pass" not in repr(trunk)


@pytest.mark.parametrize(
    "number",
    [
        "12125550123",
        "+1 212 555 0123",
        "+12125550123\r\nX-Evil: 1",
        "+12125550123@192.0.2.1",
        "+0125550123",
        "911",
        "",
    ],
)
def test_what_is_no_e164_number_reaches_no_header(number: str) -> None:
    with pytest.raises(Invalid):
        TrunkAccount("sip.example.com").uri(number)
    with pytest.raises(Invalid):
        TrunkAccount("sip.example.com").registration(number)


@pytest.mark.parametrize("address", ["", "sip:host", "host;x=y", "host\r\n", "a b"])
def test_what_is_no_host_is_no_trunk(address: str) -> None:
    with pytest.raises(Invalid):
        TrunkAccount(address)
