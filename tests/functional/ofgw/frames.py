"""Ethernet frames sent and seen at the ends of cables, each in a network namespace of its own. Needs root."""

import contextlib
import ctypes
import os
import select
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.functional.ofgw.openvswitch import PATIENCE, unique

ETHERTYPE = 0x88B5
"""IEEE's own, for local experiments: nobody else's frames are taken for ours."""
_TPID = 0x8100
_NETNS = 0x40000000
_SOL_PACKET, _AUXDATA, _OUTGOING = 263, 8, 4
_VLAN_VALID = 0x10
_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


@dataclass(frozen=True)
class Seen:
    """A frame that came: its tags, outer first, and what is in it."""

    tags: tuple[int, ...]
    payload: bytes


class End:
    """The far end of a cable."""

    def __init__(self, namespace: str, device: str) -> None:
        self._socket = _socket_in(namespace, device)

    def send(self, tags: Sequence[int], payload: bytes) -> None:
        """A frame with these tags, outer first."""
        stack = b"".join(struct.pack("!HH", _TPID, tag) for tag in tags)
        self._socket.send(b"".join(_MAC) + stack + struct.pack("!H", ETHERTYPE) + payload.ljust(60, b"."))

    def receive(self) -> Seen:
        """The next frame of ours that comes."""
        while True:
            assert select.select([self._socket], [], [], PATIENCE)[0], "no frame came"
            data, auxiliary, _, address = self._socket.recvmsg(2048, 256)
            if address[2] == _OUTGOING:
                continue
            tags: list[int] = []
            # The kernel takes the outer tag off and tells it beside the frame.
            for level, kind, told in auxiliary:
                if (level, kind) == (_SOL_PACKET, _AUXDATA):
                    status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", told[:20])
                    tags += [tci & 0xFFF] if status & _VLAN_VALID else []
            rest = data[12:]
            while rest[:2] == struct.pack("!H", _TPID):
                tags.append(struct.unpack_from("!H", rest, 2)[0] & 0xFFF)
                rest = rest[4:]
            if rest[:2] == struct.pack("!H", ETHERTYPE):
                return Seen(tuple(tags), rest[2:].rstrip(b"."))

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def namespace(prefix: str) -> Iterator[str]:
    """A network namespace that is gone afterwards."""
    name = unique(prefix)
    run("ip", "netns", "add", name)
    try:
        yield name
    finally:
        run("ip", "netns", "delete", name)


@contextlib.contextmanager
def cable(switch: str, end: str) -> Iterator[tuple[str, End]]:
    """A cable between two namespaces: the device in the switch's, and the far end in the other."""
    near, far = unique("n"), unique("f")
    run("ip", "-n", switch, "link", "add", near, "type", "veth", "peer", "name", far, "netns", end)
    for where, device in ((switch, near), (end, far)):
        # Open vSwitch's own datapath sends checksums that were left to a card, and no card is there.
        run("ip", "netns", "exec", where, "ethtool", "-K", device, "tx", "off")
        run("ip", "-n", where, "link", "set", device, "up")
    opened = End(end, far)
    try:
        yield near, opened
    finally:
        opened.close()


def run(*command: str) -> None:
    """A command that must end well."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def _socket_in(namespace: str, device: str) -> socket.socket:
    """A raw socket that lives in a namespace: it stays where the thread was that made it."""
    made: list[socket.socket] = []

    def make() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        handle = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
        try:
            if libc.setns(handle, _NETNS):
                raise OSError(ctypes.get_errno(), f"setns {namespace}")
        finally:
            os.close(handle)
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        raw.setsockopt(_SOL_PACKET, _AUXDATA, 1)
        raw.bind((device, 0))
        made.append(raw)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    (raw,) = made
    return raw
