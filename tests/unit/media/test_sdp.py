import pytest

from campanile.media import sdp

OFFER = sdp.Description(
    ufrag="abcd",
    password="p" * 22,
    fingerprints=[("sha-256", "AB:CD")],
    setup="actpass",
    candidates=["1 1 udp 2130706431 192.0.2.7 40000 typ host"],
    codecs=[sdp.PCMU, sdp.PCMA],
    telephone_event=101,
    ssrc=77,
)

JANUS_ANSWER = """v=0
o=- 61531637 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=ice-options:trickle
a=fingerprint:sha-256 7A:13:1F
a=msid-semantic: WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 8 13 96
c=IN IP4 127.0.0.1
a=sendrecv
a=mid:a0
a=rtcp-mux
a=ice-ufrag:OPMl
a=ice-pwd:Q4AVmNRNowVaT09QQ66PFx
a=setup:active
a=rtpmap:8 PCMA/8000
a=rtpmap:96 telephone-event/8000
a=candidate:1 1 udp 2015363327 192.0.2.9 20066 typ host
a=end-of-candidates
""".replace("\n", "\r\n")


def test_what_we_write_we_read():
    assert sdp.parse(sdp.render(OFFER, host="192.0.2.7", port=40000)) == OFFER


def test_aiortc_reads_what_we_write():
    from aiortc.sdp import SessionDescription

    media = SessionDescription.parse(
        sdp.render(OFFER, host="192.0.2.7", port=40000)
    ).media[0]
    assert [str(codec) for codec in media.rtp.codecs] == [
        "PCMU/8000",
        "PCMA/8000",
        "telephone-event/8000",
    ]
    assert media.ice.usernameFragment == "abcd"
    assert media.ice_candidates[0].port == 40000
    assert media.rtcp_mux


def test_an_answer_of_janus_is_understood():
    answer = sdp.parse(JANUS_ANSWER)
    assert answer.codecs == [sdp.PCMA]
    assert answer.telephone_event == 96
    assert answer.fingerprints == [("sha-256", "7A:13:1F")]  # of the session
    assert (answer.mid, answer.setup, answer.ufrag) == ("a0", "active", "OPMl")


def test_static_payload_types_need_no_rtpmap_and_strange_lines_no_understanding():
    trunk = JANUS_ANSWER.replace("8 13 96", "18 8 96").replace(
        "a=rtpmap:8 PCMA/8000\r\n", ""
    )
    trunk += "a=fmtp:18 annexb=no\r\na=x-vendor\r\nz=?\r\n"
    assert sdp.parse(trunk).codecs == [sdp.PCMA]


@pytest.mark.parametrize(
    ("broken", "because"),
    [
        (JANUS_ANSWER.replace(" 8 13 96", " 111 18"), "neither PCMU nor PCMA"),
        (JANUS_ANSWER.replace("m=audio 9", "m=audio 0"), "no audio"),
        ("v=0\r\n", "no audio"),
        (JANUS_ANSWER.replace("a=ice-pwd", "a=other"), "credentials"),
        (JANUS_ANSWER.replace("a=setup:active", "a=setup:holdconn"), "DTLS role"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(broken, because):
    with pytest.raises(sdp.UnusableDescription, match=because):
        sdp.parse(broken)
