"""What the proxy reads in messages. os-ken, which shares no code with it, writes them."""

import struct

import pytest
from os_ken.ofproto import ofproto_parser
from os_ken.ofproto.ofproto_protocol import ProtocolDesc

from ofgw.proxy.errors import NotOpenFlow
from ofgw.proxy.messages import (
    BARRIER_REPLIES,
    TELLING,
    barrier,
    binds,
    datapath_id,
    kind_of,
    length_of_first,
    negotiated,
    undoing,
    xid_of,
)

VERSIONS = range(1, 7)
WRITTEN = (1, 3, 4, 5, 6)
"""os-ken leaves out 1.1."""
PLAIN = {
    "OFPEchoRequest": {},
    "OFPFeaturesRequest": {},
    "OFPGetConfigRequest": {},
    "OFPBarrierRequest": {},
    "OFPDescStatsRequest": {"flags": 0},
}


def written(version: int, name: str, **fields: object) -> bytes:
    """A message as os-ken writes it."""
    protocol = ProtocolDesc(version)
    message = getattr(protocol.ofproto_parser, name)(protocol, **fields)
    message.set_xid(7)
    message.serialize()
    return bytes(message.buf)


def hello(version: int, *bitmap: int) -> bytes:
    """One with that version in its header, and a bitmap where versions are given."""
    body = b"" if not bitmap else struct.pack("!HHI", 1, 8, sum(1 << bit for bit in bitmap))
    return struct.pack("!BBHI", version, 0, 8 + len(body), 1) + body


@pytest.mark.parametrize(
    ("one", "other", "version"),
    [
        (hello(4), hello(4), 4),
        (hello(6), hello(4), 4),
        (hello(1), hello(6), 1),
        (hello(6, 1, 4, 6), hello(5, 1, 4, 5), 4),
        (hello(6, 1, 4, 6), hello(5), 5),
        (hello(4, 4), hello(1, 1), 0),
        (hello(4)[:8] + b"\x00\x01\x00\x00", hello(3), 3),
        (hello(4, 1, 4)[:10], hello(3), 3),
    ],
)
def test_two_hellos_come_to_the_version_that_both_know(one: bytes, other: bytes, version: int) -> None:
    assert negotiated(one, other) == negotiated(other, one) == version


def test_an_element_of_hello_that_is_not_known_is_passed_over() -> None:
    element = struct.pack("!HH5s7x", 9, 9, b"other")
    body = element + struct.pack("!HHI", 1, 8, 1 << 4 | 1 << 1)
    odd = struct.pack("!BBHI", 6, 0, 8 + len(body), 1) + body
    assert negotiated(odd, hello(5, 1, 4, 5)) == 4


@pytest.mark.parametrize("version", VERSIONS)
def test_a_datapath_is_read_from_its_features(version: int) -> None:
    reply = struct.pack("!BBHIQ", version, 6, 32, 1, 0x00AB_0000_0000_0001) + bytes(16)
    assert datapath_id(reply) == 0x00AB_0000_0000_0001


def test_features_without_a_datapath_are_no_openflow() -> None:
    with pytest.raises(NotOpenFlow, match="names no datapath"):
        datapath_id(struct.pack("!BBHI", 4, 6, 8, 1))


@pytest.mark.parametrize("version", WRITTEN)
@pytest.mark.parametrize("name", PLAIN)
def test_asking_binds_nothing(version: int, name: str) -> None:
    assert not binds(written(version, name, **PLAIN[name]))


@pytest.mark.parametrize("version", range(3, 6))
def test_forwarding_is_the_switchs_and_not_the_connections(version: int) -> None:
    protocol = ProtocolDesc(version)
    port = protocol.ofproto.OFPP_ANY
    for message in (
        written(version, "OFPFlowMod"),
        written(version, "OFPGroupMod", command=0, type_=0, group_id=1, buckets=[]),
        written(version, "OFPPacketOut", in_port=port, actions=[], data=b"", buffer_id=0xFFFFFFFF),
    ):
        assert not binds(message)


@pytest.mark.parametrize("version", range(3, 7))
def test_a_role_binds_and_can_be_given_back(version: int) -> None:
    asked = written(version, "OFPRoleRequest", role=2, generation_id=5)
    assert binds(asked)
    undone = undoing(asked, 9)
    if version == 6:
        assert not undone
    else:
        equal = ProtocolDesc(version).ofproto.OFPCR_ROLE_EQUAL
        expected = bytearray(written(version, "OFPRoleRequest", role=equal, generation_id=0))
        expected[4:8] = (9).to_bytes(4, "big")
        assert undone == bytes(expected)


@pytest.mark.parametrize("version", WRITTEN)
def test_what_is_configured_is_put_back_to_the_defaults(version: int) -> None:
    fields = {"flags": 1, "miss_send_len": 0xFFFF}
    asked = written(version, "OFPSetConfig", **fields)
    assert binds(asked)
    undone = undoing(asked, 9)
    expected = bytearray(written(version, "OFPSetConfig", flags=0, miss_send_len=128))
    expected[4:8] = (9).to_bytes(4, "big")
    assert undone == bytes(expected)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_somebodys_own_binds_for_good(version: int) -> None:
    own = struct.pack("!BBHIII", version, 4, 16, 1, 0x2320, 16)
    assert binds(own)
    assert not undoing(own, 1)


@pytest.mark.parametrize(
    ("version", "kind", "body"),
    [
        (1, 16, struct.pack("!HH", 0xFFFF, 0)),
        (4, 18, struct.pack("!HHI", 0xFFFF, 0, 0)),
        (4, 18, struct.pack("!HHI", 13, 1, 0)),
        (4, 18, b""),
        (5, 18, struct.pack("!HHI", 16, 0, 0)),
        (4, 28, bytes(24)),
        (5, 33, bytes(8)),
        (5, 34, bytes(16)),
        (4, 0, b""),
        (4, 35, b""),
        (6, 200, b""),
        (1, 17, b""),
    ],
)
def test_what_subscribes_goes_on_or_is_not_known_binds(version: int, kind: int, body: bytes) -> None:
    assert binds(struct.pack("!BBHI", version, kind, 8 + len(body), 1) + body)


def test_every_type_that_may_bind_is_watched_for() -> None:
    unwatched = set(range(256)) - TELLING
    for kind in unwatched:
        assert not any(binds(struct.pack("!BBHI", version, kind, 8, 1)) for version in VERSIONS)


@pytest.mark.parametrize("version", WRITTEN)
def test_a_barrier_is_one_to_others(version: int) -> None:
    ours = barrier(version, 7)
    assert ours == written(version, "OFPBarrierRequest")
    assert xid_of(ours) == 7
    assert length_of_first(ours + b"more") == len(ours)
    assert kind_of(written(version, "OFPBarrierReply")) in BARRIER_REPLIES
    read_version, read_kind, read_length, read_xid = ofproto_parser.header(ours)
    assert (read_version, read_kind, read_length, read_xid) == (version, kind_of(ours), 8, 7)
