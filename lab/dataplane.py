"""What a simulated router does to packets, done to real ones: steers become marks of nftables.

A mark leads to the table of a next hop (`wires`). The whole table of marks is replaced in one transaction, so
every packet meets the configuration as it was before a change or as it is after it.
"""

import json
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from lab.network import Host
from lab.processes import LabError
from netconfig.intent import FlowMatch, IpAddress, IpNetwork, PortRange, Protocol
from netconfig.simulator.ios_ace import NotModelled
from netconfig.simulator.steer import Steer, Steering

TABLE = "steer"


def compile_steers(
    steers: Iterable[Steer], devices: Mapping[str, str], marks: Mapping[IpAddress, int]
) -> str:
    """What `nft -f -` takes to have a router's packets treated so, whatever was there before.

    Args:
        steers: in their order.
        devices: the device that each interface of the router is; what enters by another is not there.
        marks: of packets on their way to a next hop; those to one that is not there are routed normally.
    """
    rules = [rule for steer in steers for rule in _rule(steer, devices, marks)]
    chain = "".join(f"\t\t{line}\n" for line in ("type filter hook prerouting priority mangle;", *rules))
    return (
        f"add table inet {TABLE}\ndelete table inet {TABLE}\n"
        f"table inet {TABLE} {{\n\tchain prerouting {{\n{chain}\t}}\n}}\n"
    )


def _rule(steer: Steer, devices: Mapping[str, str], marks: Mapping[IpAddress, int]) -> Iterator[str]:
    if steer.interface not in devices:
        return
    mark = marks.get(steer.next_hop) if steer.next_hop is not None else None
    verdict = "drop" if steer.drops else "accept" if mark is None else f"meta mark set {mark} accept"
    words = (f'iifname "{devices[steer.interface]}"', *_conditions(steer.flow), "counter", verdict)
    yield " ".join(words)


def _conditions(flow: FlowMatch) -> Iterator[str]:
    header = "ip" if flow.family == 4 else "ip6"
    yield f"meta nfproto ipv{flow.family}"
    yield from _addresses(f"{header} saddr", flow.source)
    yield from _addresses(f"{header} daddr", flow.destination)
    if flow.protocol is Protocol.ICMP:
        yield f"meta l4proto {'icmp' if flow.family == 4 else 'ipv6-icmp'}"
    elif flow.protocol is not None:
        yield f"meta l4proto {flow.protocol}"
        yield from _ports(f"{flow.protocol} sport", flow.source_ports)
        yield from _ports(f"{flow.protocol} dport", flow.destination_ports)
    if flow.dscp is not None:
        yield f"{header} dscp {flow.dscp}"


def _addresses(field: str, network: IpNetwork) -> Iterator[str]:
    if network.prefixlen:
        yield f"{field} {network}"


def _ports(field: str, ports: PortRange | None) -> Iterator[str]:
    if ports is not None:
        yield f"{field} {ports.first}" if ports.first == ports.last else f"{field} {ports.first}-{ports.last}"


class DataPlane:
    """The packets of a router's network go as its configuration says, while the `with` block lasts.

    What cannot be said in marks, or the kernel does not take, is told on standard error as a line of JSON;
    until the configuration changes again nothing is steered then.
    """

    def __init__(
        self,
        name: str,
        router: Steering,
        network: Host,
        devices: Mapping[str, str],
        marks: Mapping[IpAddress, int],
    ) -> None:
        self._name = name
        self._router = router
        self._network = network
        self._devices = devices
        self._marks = marks
        self._lock = threading.Lock()
        self._carried: tuple[tuple[Steer, ...], str | None] | None = None

    def __enter__(self) -> Self:
        self._router.after_change = self.refresh
        self.refresh()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._router.after_change = None

    def refresh(self) -> None:
        """Have what the configuration says now; nothing is done where it says what it did."""
        with self._lock:
            try:
                steers = self._router.steers()
            except NotModelled as error:
                self._carry((), f"not modelled: {error}")
            else:
                self._carry(steers)

    def _carry(self, steers: tuple[Steer, ...], trouble: str | None = None) -> None:
        if (steers, trouble) == self._carried:
            return
        self._carried = (steers, trouble)
        try:
            self._load(steers)
        except LabError as error:
            trouble = str(error)
            self._load(())
        if trouble is not None:
            line = {"event": "not-carried", "router": self._name, "why": trouble}
            sys.stderr.write(json.dumps(line) + "\n")

    def _load(self, steers: tuple[Steer, ...]) -> None:
        self._network.run("nft", "-f", "-", typed=compile_steers(steers, self._devices, self._marks))
