"""The messages of OpenFlow 1.0 to 1.5 that a proxy reads, and the three it says by itself.

After the OpenFlow Switch Specifications 1.0.0 to 1.5.1, appendix A of each (7 in 1.4 and 1.5).
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

from ofgw.proxy.errors import NotOpenFlow
from ofgw.proxy.framing import HEADER_SIZE, VERSIONS

_HEADER = struct.Struct("!BBHI")
_V1_0, _V1_4 = 1, 5
_ROLE_REQUEST = 24
_ROLES = range(3, 6)
"""Versions that have roles, but for 1.5, where asking for one also names the controller."""
_VERSION_BITMAP = 1
_MULTIPART_FLOW_MONITOR, _MULTIPART_EXPERIMENTER, _REQUEST_MORE = 16, 0xFFFF, 1
_MISS_SEND_LENGTH = 128
"""Bytes of a packet that go to the controller on a fresh connection: OFP_DEFAULT_MISS_SEND_LEN."""
_ROLE_EQUAL = 1
"""OFPCR_ROLE_EQUAL: the role of a fresh connection. It needs no generation."""


class Kind(IntEnum):
    """Types of messages whose numbers are the same in every version."""

    HELLO = 0
    ERROR = 1
    ECHO_REQUEST = 2
    ECHO_REPLY = 3
    EXPERIMENTER = 4
    FEATURES_REQUEST = 5
    FEATURES_REPLY = 6
    GET_CONFIG_REQUEST = 7
    SET_CONFIG = 9
    PACKET_OUT = 13
    FLOW_MOD = 14


BARRIER_REPLIES = frozenset({19, 21})
"""Types of a barrier's reply, in 1.0 and since 1.1."""

_STATELESS = frozenset(
    {
        Kind.ERROR,
        Kind.ECHO_REQUEST,
        Kind.ECHO_REPLY,
        Kind.FEATURES_REQUEST,
        Kind.GET_CONFIG_REQUEST,
        Kind.PACKET_OUT,
        Kind.FLOW_MOD,
        15,  # PORT_MOD in 1.0, GROUP_MOD since 1.1
    }
)
"""Whatever the version, these leave nothing behind in the switch that belongs to the connection."""
TELLING = frozenset(range(256)) - _STATELESS
"""Types that a controller's stream is to be watched for: see `binds`."""


def kind_of(message: bytes) -> int:
    """Its type."""
    return message[1]


def xid_of(message: bytes) -> int:
    """Its transaction."""
    return int.from_bytes(message[4:HEADER_SIZE], "big")


def length_of_first(messages: bytes) -> int:
    """How long the first of some whole messages is."""
    return int.from_bytes(messages[2:4], "big")


def datapath_id(features_reply: bytes) -> int:
    """Which switch it is.

    Raises:
        NotOpenFlow: the message is too short to say so.
    """
    if len(features_reply) < HEADER_SIZE + 8:
        raise NotOpenFlow(f"a features reply of {len(features_reply)} bytes names no datapath")
    return int.from_bytes(features_reply[HEADER_SIZE : HEADER_SIZE + 8], "big")


def negotiated(one: bytes, other: bytes) -> int:
    """The version that two hellos come to (1.3.1, 6.3.1); 0 where there is none."""
    ours, theirs = _versions(one), _versions(other)
    if ours and theirs:
        return max(ours & theirs, default=0)
    return min(one[0], other[0])


def binds(message: bytes) -> bool:
    """Whether what a controller sent may change what the switch does on this connection from then on.

    Told by what is known to be harmless: a type, a part or a version that is not known binds.
    """
    version, kind = message[0], message[1]
    if kind in _STATELESS:
        return False
    if version == _V1_0:
        # Statistics, barrier, queue configuration.
        return _asks_in_parts(message) if kind == 16 else kind not in {18, 20}
    if kind == 18:
        return _asks_in_parts(message)
    # Port and table modification, barrier, queue configuration, asynchronous configuration asked for, meters.
    return kind not in {16, 17, 20, 22, 26, 29}


def undoing(message: bytes, xid: int) -> bytes:
    """What puts back what a message that binds did to the connection; nothing where that cannot be."""
    version, kind = message[0], message[1]
    if kind == Kind.SET_CONFIG:
        return _HEADER.pack(version, kind, 12, xid) + struct.pack("!HH", 0, _MISS_SEND_LENGTH)
    if kind == _ROLE_REQUEST and version in _ROLES:
        return _HEADER.pack(version, kind, 24, xid) + struct.pack("!I4xQ", _ROLE_EQUAL, 0)
    return b""


def barrier(version: int, xid: int) -> bytes:
    """A message that a switch answers when it has done all that it was sent before."""
    return _HEADER.pack(version, 18 if version == _V1_0 else 20, HEADER_SIZE, xid)


def _versions(hello: bytes) -> frozenset[int]:
    """What its bitmap says; empty where it has none."""
    for kind, body in _elements(hello):
        if kind == _VERSION_BITMAP and len(body) >= 4:
            (bits,) = struct.unpack_from("!I", body)
            return frozenset(version for version in VERSIONS if bits >> version & 1)
    return frozenset()


def _elements(hello: bytes) -> Iterator[tuple[int, bytes]]:
    at = HEADER_SIZE
    while len(hello) - at >= 4:
        kind, length = struct.unpack_from("!HH", hello, at)
        if length < 4:
            return
        yield kind, hello[at + 4 : at + length]
        at += (length + 7) // 8 * 8


def _asks_in_parts(request: bytes) -> bool:
    """Whether a statistics or multipart request is to be continued, subscribes, or is somebody's own."""
    if len(request) < HEADER_SIZE + 4:
        return True
    kind, flags = struct.unpack_from("!HH", request, HEADER_SIZE)
    subscribes = kind == _MULTIPART_FLOW_MONITOR and request[0] >= _V1_4
    return subscribes or kind == _MULTIPART_EXPERIMENTER or bool(flags & _REQUEST_MORE)
