"""A real Open vSwitch and real controllers: who has the switch before, in and after a slot."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ofgw.proxy.snapshot import ConnectionView, Stage
from ofgw.proxy.thread import ProxyThread
from tests.functional.ofgw.conftest import MakeProxy, entrance
from tests.functional.ofgw.controllers import OsKen, free_endpoint, wait_for
from tests.functional.ofgw.openvswitch import OpenVSwitch, unique

_dpids = itertools.count(0xA1)


@dataclass(frozen=True)
class Bridge:
    """A bridge whose controller is a proxy."""

    switch: OpenVSwitch
    name: str
    dpid: int

    def connect(self, proxy: ProxyThread) -> None:
        # It waits a second at most before it tries again, where it would wait eight.
        controller = (
            "--id=@it",
            "create",
            "controller",
            f'target="tcp:{entrance(proxy)}"',
            "max_backoff=1000",
        )
        self.switch.vsctl(*controller, "--", "set", "bridge", self.name, "controller=@it")

    def has_mark(self, controller: OsKen) -> bool:
        """Whether the flow in it is that controller's."""
        return f"cookie={controller.cookie:#x}," in self.switch.ofctl("dump-flows", self.name)


@pytest.fixture
def bridge(switches: OpenVSwitch) -> Iterator[Bridge]:
    """One without a controller yet, and with a datapath of its own."""
    made = Bridge(switches, unique("sw"), next(_dpids))
    switches.add_bridge(made.name, dpid=made.dpid)
    yield made
    switches.vsctl("del-br", made.name)


def only(proxy: ProxyThread) -> ConnectionView:
    (view,) = proxy.snapshot().connections
    return view


def wait_for_mark(controller: OsKen, bridge: Bridge, times: int = 1) -> None:
    wait_for(lambda: controller.marked(bridge.dpid) >= times, controller.told)


def test_a_switch_is_the_default_controllers_before_and_after_a_slot_and_the_users_in_it(
    proxies: MakeProxy, bridge: Bridge, island: OsKen, user: OsKen
) -> None:
    proxy = proxies(island.endpoint)
    bridge.connect(proxy)
    wait_for_mark(island, bridge)
    assert bridge.has_mark(island)
    for slot in (1, 2):
        proxy.set_controller(user.endpoint)
        wait_for_mark(user, bridge, slot)
        assert bridge.has_mark(user)
        proxy.set_controller(None)
        wait_for_mark(island, bridge, slot + 1)
        assert bridge.has_mark(island)
    # All over one connection, which is why it took no second.
    view = proxy.snapshot()
    assert (view.tally.accepted, view.tally.moved, view.tally.reset) == (1, 4, 0)
    assert only(proxy).moved == 4
    # A role that the user's controller took would have kept the flow of the island's from the switch.
    assert not [line for line in (*island.told(), *user.told()) if "error" in line]


def test_what_is_seen_in_passing_is_told(proxies: MakeProxy, bridge: Bridge, island: OsKen) -> None:
    proxy = proxies(island.endpoint)
    bridge.connect(proxy)
    wait_for_mark(island, bridge)
    view = only(proxy)
    assert (view.stage, view.target, view.version, view.dpid) == (
        Stage.RELAYING,
        island.endpoint,
        4,
        bridge.dpid,
    )
    assert proxy.snapshot().dpids == (bridge.dpid,)
    # Hello, features, ports, barrier; from the controller the same asked for, and the flow.
    assert view.from_switch.messages >= 4
    assert view.from_controllers.messages >= 5
    assert view.from_switch.octets >= 8 * view.from_switch.messages
    # A flow has 56 bytes.
    assert view.from_controllers.octets >= 8 * view.from_controllers.messages + 48


def test_what_a_controller_changed_for_its_connection_ends_with_the_connection(
    proxies: MakeProxy, bridge: Bridge, island: OsKen
) -> None:
    proxy = proxies(island.endpoint)
    bridge.connect(proxy)
    wait_for_mark(island, bridge)
    with OsKen(3, "--deaf") as own:
        proxy.set_controller(own.endpoint)
        wait_for_mark(own, bridge)
        proxy.set_controller(None)
        wait_for_mark(island, bridge, 2)
    tally = proxy.snapshot().tally
    assert (tally.moved, tally.reset) == (1, 1)
    assert tally.accepted >= 2


def test_a_switch_that_was_refused_comes_when_there_is_a_controller(
    proxies: MakeProxy, bridge: Bridge, user: OsKen
) -> None:
    proxy = proxies(None)
    bridge.connect(proxy)
    wait_for(lambda: proxy.snapshot().tally.refused > 0)
    assert proxy.snapshot().connections == ()
    proxy.set_controller(user.endpoint)
    wait_for_mark(user, bridge)
    proxy.set_controller(None)
    wait_for(lambda: proxy.snapshot().connections == ())
    refused = proxy.snapshot().tally.refused
    wait_for(lambda: proxy.snapshot().tally.refused > refused)
    assert proxy.snapshot().dpids == ()


def test_a_controller_that_is_away_is_told_and_found_when_it_is_there(
    proxies: MakeProxy, bridge: Bridge, island: OsKen
) -> None:
    proxy = proxies(island.endpoint)
    bridge.connect(proxy)
    wait_for_mark(island, bridge)
    late = free_endpoint()
    proxy.set_controller(late)
    wait_for(lambda: proxy.snapshot().tally.away >= 2)
    trouble = proxy.snapshot().trouble
    assert trouble is not None
    assert trouble.target == late
    assert f"{late} cannot be reached: " in trouble.words
    assert island.marked(bridge.dpid) == 1
    with OsKen(4, endpoint=late) as controller:
        wait_for_mark(controller, bridge)
        assert proxy.snapshot().trouble is None


def test_switches_come_back_to_a_proxy_that_is_started_again(
    proxies: MakeProxy, bridge: Bridge, island: OsKen, user: OsKen
) -> None:
    first = proxies(island.endpoint)
    bridge.connect(first)
    wait_for_mark(island, bridge)
    first.set_controller(user.endpoint)
    wait_for_mark(user, bridge)
    where = entrance(first)
    first.close()
    # It knows nothing of the slot until it is told.
    second = proxies(island.endpoint, listen=where)
    wait_for_mark(island, bridge, 2)
    second.set_controller(user.endpoint)
    wait_for_mark(user, bridge, 2)
