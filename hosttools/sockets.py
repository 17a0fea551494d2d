"""What the kernel tells of TCP connections: `ss -tiOH`."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from hosttools.flow import Address, Flow
from hosttools.programs import run

_END = re.compile(r"\[?(?P<address>[0-9A-Fa-f:.]+)\]?(?:%\S+?)?:(?P<port>\d+)")
_PID = re.compile(r'\("(?P<name>[^"]*)",pid=(?P<pid>\d+),')
_NUMBER = re.compile(r"\b(?P<key>pmtu|mss|rcvmss|bytes_acked|bytes_received):(?P<value>\d+)\b")
_RETRANSMITTED = re.compile(r"\bretrans:\d+/(?P<total>\d+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A TCP connection of this host.

    Attributes:
        path_mtu: bytes, None where the kernel does not tell.
        segment_size: bytes of a full segment, of those that go the way most bytes go.
        acknowledged, received: bytes so far, ours that have arrived and the other's.
        pids: whose it is, as far as we may see.
    """

    local: Address
    local_port: int
    remote: Address
    remote_port: int
    path_mtu: int | None
    segment_size: int | None
    acknowledged: int
    received: int
    retransmitted: int
    pids: frozenset[int]

    @property
    def key(self) -> tuple[Address, int, Address, int]:
        """What makes it this connection."""
        return self.local, self.local_port, self.remote, self.remote_port


def connections(*filters: str, with_pids: bool = False) -> list[Connection]:
    """The established connections that `ss` finds.

    Raises:
        ProgramFailed: `ss` does not run.
    """
    show = "-tinOHp" if with_pids else "-tinOH"
    return read_connections(run("ss", show, "state", "established", *filters))


def connections_of(flow: Flow) -> list[Connection]:
    """Those of a flow."""
    shown = str(flow.remote) if flow.remote.version == 4 else f"[{flow.remote}]"
    found = connections("dst", shown)
    return [each for each in found if _is_of(each, flow)]


def read_connections(text: str) -> list[Connection]:
    """The connections in what `ss` prints, a line each; lines that are none are passed over."""
    return [found for line in text.splitlines() if (found := _connection(line)) is not None]


def _is_of(each: Connection, flow: Flow) -> bool:
    return (
        each.local == flow.local
        and each.remote == flow.remote
        and (not flow.local_ports or each.local_port in flow.local_ports)
        and (not flow.remote_ports or each.remote_port in flow.remote_ports)
    )


def _connection(line: str) -> Connection | None:
    ends = list(_END.finditer(line))
    if len(ends) < 2:
        return None
    near, far = ends[:2]
    numbers = {found["key"]: int(found["value"]) for found in _NUMBER.finditer(line)}
    acknowledged, received = numbers.get("bytes_acked", 0), numbers.get("bytes_received", 0)
    again = _RETRANSMITTED.search(line)
    try:
        return Connection(
            local=_address(near["address"]),
            local_port=int(near["port"]),
            remote=_address(far["address"]),
            remote_port=int(far["port"]),
            path_mtu=numbers.get("pmtu"),
            segment_size=numbers.get("mss" if acknowledged >= received else "rcvmss"),
            acknowledged=acknowledged,
            received=received,
            retransmitted=0 if again is None else int(again["total"]),
            pids=frozenset(int(found["pid"]) for found in _PID.finditer(line)),
        )
    except ValueError:
        return None


def _address(text: str) -> Address:
    """An address; IPv4 in an IPv6 socket is IPv4 on the wire."""
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address
