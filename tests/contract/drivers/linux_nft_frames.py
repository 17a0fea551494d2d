"""Frames as a neighbour of a router's would put them on the link, and what comes out of one."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from netconfig.simulator import Packet


@contextmanager
def on_one_processor() -> Iterator[None]:
    """What is sent in here is worked off in its order: the kernel has a queue a processor."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def received(sock: socket.socket) -> list[bytes]:
    frames = []
    with suppress(BlockingIOError):
        while True:
            frame, where = sock.recvfrom(2048)
            if where[2] != socket.PACKET_OUTGOING:
                frames.append(frame)
    return frames


def frame_for(interface: str, packet: Packet, mark: bytes) -> bytes:
    ports = struct.pack("!HH", packet.source_port or 0, packet.destination_port or 0)
    match packet.protocol:
        case "tcp":
            number, content = 6, ports + struct.pack("!IIBBHHH", 1, 0, 5 << 4, 0x02, 1024, 0, 0) + mark
        case "udp":
            number, content = 17, ports + struct.pack("!HH", 8 + len(mark), 0) + mark
        case _:
            number, content = 1, struct.pack("!BBHHH", 8, 0, 0, 1, 1) + mark
    traffic_class = (packet.dscp or 0) << 2
    source, destination = str(packet.source), str(packet.destination)
    if packet.family == 6:
        kind = 0x86DD
        start = struct.pack("!IHBB", 6 << 28 | traffic_class << 20, len(content), number, 64)
        header = start + b"".join(socket.inet_pton(socket.AF_INET6, end) for end in (source, destination))
    else:
        kind = 0x0800
        ends = b"".join(map(socket.inet_aton, (source, destination)))
        fields = (0x45, traffic_class, 20 + len(content), 0, 0, 64, number)
        bare = struct.pack("!BBHHHBBH", *fields, 0) + ends
        total = sum(struct.unpack("!10H", bare))
        total = (total & 0xFFFF) + (total >> 16)
        checksum = 0xFFFF ^ ((total & 0xFFFF) + (total >> 16))
        header = struct.pack("!BBHHHBBH", *fields, checksum) + ends
    address = bytes.fromhex("020000000100" if interface == "eth0" else "020000000101")
    return address + bytes.fromhex("020000000300") + struct.pack("!H", kind) + header + content
