"""Links between real switches, found outside the slots and remembered in them."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from ofgw.proxy.endpoint import Endpoint
from ofgw.topology.model import Link, spelled
from ofgw.topology.view import LiveTopology
from ofgw.topology.watch import DiscoveryProcess
from tests.functional.ofgw.conftest import MakeProxy, entrance
from tests.functional.ofgw.controllers import OsKen, answers, free_endpoint, wait_for
from tests.functional.ofgw.openvswitch import OpenVSwitch, unique

ONE, TWO = spelled(1), spelled(2)
LINKS = [Link(ONE, 5, TWO, 7), Link(TWO, 7, ONE, 5)]


@dataclass(frozen=True)
class Cabled:
    """Two bridges with a cable between port 5 of the first and port 7 of the second."""

    switch: OpenVSwitch
    bridges: tuple[str, str]
    protocol: str

    def connect(self, controller: Endpoint) -> None:
        for bridge in self.bridges:
            create = ("--id=@it", "create", "controller", f'target="tcp:{controller}"', "max_backoff=1000")
            self.switch.vsctl(*create, "--", "set", "bridge", bridge, "controller=@it")

    def plug(self) -> None:
        one, two = self.bridges
        self.switch.add_patch(one, "one", "two", number=5)
        self.switch.add_patch(two, "two", "one", number=7)

    def unplug(self) -> None:
        self.switch.vsctl("del-port", "one")


@pytest.fixture(params=["OpenFlow10", "OpenFlow13"])
def cabled(switches: OpenVSwitch, request: pytest.FixtureRequest) -> Iterator[Cabled]:
    made = Cabled(switches, (unique("sw"), unique("sw")), request.param)
    for dpid, bridge in enumerate(made.bridges, start=1):
        switches.add_bridge(bridge, dpid=dpid, protocols=request.param)
    made.plug()
    yield made
    for bridge in made.bridges:
        switches.vsctl("del-br", bridge)


@pytest.fixture
def discovery(tmp_path: Path) -> Iterator[tuple[DiscoveryProcess, Endpoint]]:
    where = free_endpoint()
    with DiscoveryProcess(where.host, where.port, tmp_path / "topology.json") as process:
        wait_for(lambda: answers(where))
        yield process, where


def known(process: DiscoveryProcess) -> list[Link]:
    return [seen.link for seen in process.discovered().links]


def seen_since(process: DiscoveryProcess, moment: datetime) -> bool:
    return all(link.seen_at > moment for link in process.discovered().links)


def test_links_are_found_and_nothing_stays_in_a_switch(
    cabled: Cabled, discovery: tuple[DiscoveryProcess, Endpoint]
) -> None:
    process, where = discovery
    cabled.connect(where)
    wait_for(lambda: known(process) == LINKS, process.discovered)
    assert process.discovered().switches == (ONE, TWO)
    flows = cabled.switch.ofctl("dump-flows", cabled.bridges[0], protocol=cabled.protocol).splitlines()[1:]
    assert len(flows) == 1
    assert "hard_timeout=10," in flows[0]
    cabled.unplug()
    wait_for(lambda: not known(process), process.discovered)


@pytest.mark.parametrize("cabled", ["OpenFlow13"], indirect=True)
def test_links_are_remembered_in_a_slot(
    proxies: MakeProxy, cabled: Cabled, user: OsKen, discovery: tuple[DiscoveryProcess, Endpoint]
) -> None:
    process, where = discovery
    proxy = proxies(where)
    topology = LiveTopology(lambda: proxy.snapshot().dpids, process.discovered)
    cabled.connect(entrance(proxy))
    wait_for(lambda: known(process) == LINKS, process.discovered)
    # The slot begins; the discovery cannot see any more whether the cable is there.
    proxy.set_controller(user.endpoint)
    wait_for(lambda: user.marked(1) and user.marked(2) and not process.discovered().switches, user.told)
    seen = process.discovered().links
    wire = topology.wire()
    assert [switch["dipd"] for switch in wire.switches] == [ONE, TWO]
    assert [(link["dpidSrc"], link["portSrc"]) for link in wire.links] == [(ONE, "5"), (TWO, "7")]
    # The discovery dies in the middle of the slot, and the next one knows what it knew.
    number = process.process_id
    assert number is not None
    os.kill(number, signal.SIGKILL)
    wait_for(lambda: process.process_id not in {number, None} and answers(where))
    assert process.discovered().links == seen
    # After the slot they are seen again.
    proxy.set_controller(None)
    before = max(link.seen_at for link in seen)
    wait_for(lambda: known(process) == LINKS and seen_since(process, before), process.discovered)
    assert proxy.snapshot().tally.reset == 0
