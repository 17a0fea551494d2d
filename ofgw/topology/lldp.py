"""The frames that find links: LLDP (IEEE 802.1AB) as other OpenFlow controllers send it, and signed.

What a host on the island sends is no proof of a link. The signature is made with a key of the process that
discovers; it says which port the frame was sent out of.
"""

import hmac
import re
import struct
from collections.abc import Iterator

ETHERTYPE = 0x88CC
NEAREST_BRIDGE = "01:80:c2:00:00:0e"
_END, _CHASSIS, _PORT, _TTL, _OURS = 0, 1, 2, 3, 127
_LOCALLY_ASSIGNED, _PORT_COMPONENT = 7, 2
_SIGNATURE = b"\x00\x00\x00\x01"
"""No organisation's own value: nobody else reads it."""
_SIGNATURE_SIZE = 16
_SECONDS_TO_LIVE = 120
_CHASSIS_ID = re.compile(rb"dpid:([0-9a-f]{16})")


def write_frame(dpid: int, port: int, *, source: bytes, key: bytes) -> bytes:
    """A frame that is sent out of that port.

    Args:
        source: the port's hardware address, 6 bytes.
        key: signs it.
    """
    chassis = bytes([_LOCALLY_ASSIGNED]) + f"dpid:{dpid:016x}".encode("ascii")
    where = bytes([_PORT_COMPONENT]) + struct.pack("!I", port)
    return b"".join(
        (
            bytes.fromhex(NEAREST_BRIDGE.replace(":", "")),
            source,
            struct.pack("!H", ETHERTYPE),
            _tlv(_CHASSIS, chassis),
            _tlv(_PORT, where),
            _tlv(_TTL, struct.pack("!H", _SECONDS_TO_LIVE)),
            _tlv(_OURS, _SIGNATURE + _sign(dpid, port, key)),
            _tlv(_END, b""),
        )
    )


def read_frame(frame: bytes, *, key: bytes) -> tuple[int, int] | None:
    """Which datapath and port it was sent out of; None if it is not from us."""
    if frame[12:14] != struct.pack("!H", ETHERTYPE):
        return None
    values = dict(_values(frame[14:]))
    chassis, port = values.get(_CHASSIS, b""), values.get(_PORT, b"")
    found = _CHASSIS_ID.fullmatch(chassis[1:])
    if found is None or len(port) != 5:
        return None
    dpid, number = int(found[1], 16), int.from_bytes(port[1:], "big")
    if not hmac.compare_digest(values.get(_OURS, b""), _SIGNATURE + _sign(dpid, number, key)):
        return None
    return dpid, number


def _tlv(kind: int, value: bytes) -> bytes:
    return struct.pack("!H", kind << 9 | len(value)) + value


def _values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and value, one after the other; what is cut off is left out."""
    at = 0
    while len(data) - at >= 2:
        (head,) = struct.unpack_from("!H", data, at)
        kind, size = head >> 9, head & 0x1FF
        if kind == _END or len(data) - at - 2 < size:
            return
        yield kind, data[at + 2 : at + 2 + size]
        at += 2 + size


def _sign(dpid: int, port: int, key: bytes) -> bytes:
    return hmac.digest(key, struct.pack("!QI", dpid, port), "sha256")[:_SIGNATURE_SIZE]
