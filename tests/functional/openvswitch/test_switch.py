"""The driver on a switch that is killed, misconfigured or not there."""

import contextlib
import dataclasses
from collections.abc import Iterator

import pytest

from netconfig.controllers import ControllerPolicy
from netconfig.driver import PartIntent
from netconfig.drivers.openvswitch import OpenVSwitch
from netconfig.errors import Rejected, StateUnknown, Unreachable
from netconfig.gateway import ControllerProxy, UserAccess
from netconfig.inventory import Device
from tests.contract.drivers.bench import OWNERSHIP, reconcile, unwanted
from tests.contract.drivers.openvswitch_bench import TICKETS, add_bridge, pairs
from tests.functional.ofgw.openvswitch import OpenVSwitch as Switch
from tests.functional.ofgw.openvswitch import unique


@pytest.fixture(scope="module")
def switch() -> Iterator[Switch]:
    with Switch(made_up=True) as started:
        yield started


@pytest.fixture
def bridge(switch: Switch) -> Iterator[str]:
    name = unique("br")
    add_bridge(switch, name)
    yield name
    switch.vsctl("del-br", name)


@pytest.fixture
def device(switch: Switch, bridge: str) -> Device:
    ovsdb = f"unix:{switch.folder}/db.sock"
    return Device(
        name="island-1",
        platform="openvswitch",
        ovsdb=ovsdb,
        bridge=bridge,
        controllers=ControllerPolicy.model_validate({"allow": ["127.0.0.0/8", "::1/128"]}),
    )


@pytest.fixture
def driver(device: Device) -> Iterator[OpenVSwitch]:
    with contextlib.closing(OpenVSwitch(device, OWNERSHIP)) as opened:
        yield opened


def flows(switch: Switch, bridge: str) -> str:
    return switch.ofctl("--no-stats", "--sort", "dump-flows", switch.management(bridge))


def test_killed_daemon_is_unreachable_and_gets_its_flows_at_the_next_pass(
    switch: Switch, bridge: str, driver: OpenVSwitch
) -> None:
    done = reconcile(driver, [ticket.part for ticket in TICKETS])
    ours = [line for line in flows(switch, bridge).splitlines() if "priority=20" in line]
    with switch.down(crash=True), pytest.raises(Unreachable):
        driver.read()
    again = reconcile(driver, done.parts)
    assert again.plan
    assert not again.left
    assert flows(switch, bridge).splitlines() == ours
    assert switch.vsctl("get-controller", bridge).strip() == "tcp:127.0.0.9:9"


def test_flows_read_back_as_the_switch_itself_writes_them(
    switch: Switch, bridge: str, driver: OpenVSwitch
) -> None:
    reconcile(driver, [TICKETS[0].part])
    text = driver.read().text
    written = [line.strip() for line in flows(switch, bridge).splitlines() if "priority=200" in line]
    assert sorted(line for line in text.splitlines() if line.startswith("cookie=")) == sorted(written)


def test_controller_is_given_back_with_all_that_was_set_of_it(
    switch: Switch, bridge: str, driver: OpenVSwitch
) -> None:
    switch.vsctl("set", "controller", bridge, "inactivity_probe=7000", "connection_mode=out-of-band")
    done = reconcile(driver, [TICKETS[3].part])
    assert switch.vsctl("get", "controller", bridge, "inactivity_probe").strip() == "[]"
    reconcile(driver, unwanted(done.parts))
    assert switch.vsctl("get", "controller", bridge, "inactivity_probe").strip() == "7000"
    assert switch.vsctl("get", "controller", bridge, "connection_mode").strip() == "out-of-band"
    assert switch.vsctl("get", "controller", bridge, "external_ids").strip() == '{note="the island\'s own"}'


def test_controller_that_an_operator_set_during_the_slot_stays_when_it_ends(
    switch: Switch, bridge: str, driver: OpenVSwitch
) -> None:
    done = reconcile(driver, [TICKETS[3].part])
    switch.vsctl("set-controller", bridge, "tcp:127.0.0.6:6")
    assert not reconcile(driver, unwanted(done.parts)).left
    assert switch.vsctl("get-controller", bridge).strip() == "tcp:127.0.0.6:6"
    assert "LS-" not in switch.vsctl("get", "bridge", bridge, "external_ids")


def test_controllers_of_two_slices_that_follow_each_other_change_in_one_pass(
    switch: Switch, bridge: str, driver: OpenVSwitch
) -> None:
    first = reconcile(driver, [TICKETS[3].part]).parts
    next_one = PartIntent(9, 43, ControllerProxy("::1", 6653))
    done = reconcile(driver, [*unwanted(first), next_one])
    assert not done.left
    assert switch.vsctl("get-controller", bridge).strip() == "tcp:[::1]:6653"
    assert not reconcile(driver, unwanted(done.parts)).left
    assert switch.vsctl("get-controller", bridge).strip() == "tcp:127.0.0.7:7"


def test_newer_controller_of_a_slice_takes_over_from_the_older(
    switch: Switch, bridge: str, driver: OpenVSwitch
) -> None:
    first = reconcile(driver, [TICKETS[3].part]).parts
    done = reconcile(driver, [*first, PartIntent(9, 42, ControllerProxy("127.0.0.5", 5))])
    assert not done.left
    assert switch.vsctl("get-controller", bridge).strip() == "tcp:127.0.0.5:5"
    assert not reconcile(driver, unwanted(done.parts)).left
    assert switch.vsctl("get-controller", bridge).strip() == "tcp:127.0.0.7:7"


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("127.0.0.5", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("203.0.113.7", "203.0.113.0/24"),
        ("ctrl.pc", "a name cannot be judged"),
    ],
)
def test_controller_that_is_where_none_may_be_is_refused_in_words(
    switch: Switch, bridge: str, device: Device, host: str, words: str
) -> None:
    policy = ControllerPolicy.model_validate({"deny": ["203.0.113.0/24"]})
    barring = OpenVSwitch(device.model_copy(update={"controllers": policy}), OWNERSHIP)
    with pytest.raises(Rejected, match=words), contextlib.closing(barring):
        reconcile(barring, [PartIntent(9, 42, ControllerProxy(host, 6633))])
    assert switch.vsctl("get-controller", bridge).strip() == "tcp:127.0.0.7:7"


def test_bridge_without_a_controller_of_its_own_gets_none_and_keeps_its_flows(
    switch: Switch, bridge: str, driver: OpenVSwitch
) -> None:
    switch.vsctl("del-controller", bridge)
    switch.ofctl("add-flow", switch.management(bridge), "priority=3,actions=drop")
    before = flows(switch, bridge)
    with pytest.raises(Rejected, match="no controller of its own"):
        reconcile(driver, [TICKETS[3].part])
    assert flows(switch, bridge) == before
    # Why: the switch itself forgets them all.
    switch.vsctl("set-controller", bridge, "tcp:127.0.0.7:7")
    assert flows(switch, bridge) != before


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (PartIntent(9, 43, ControllerProxy("127.0.0.5", 5)), "reservation 42 has it led by 127.0.0.9:9"),
        (pairs(9, 43, (10, 77)), "reservation 42 maps one of its VLANs"),
        (pairs(9, 43, (77, 20)), "reservation 42 maps one of its VLANs"),
        (PartIntent(9, 43, UserAccess("alien")), "carries no user-access"),
    ],
)
def test_what_another_slice_has_is_refused_to_the_later_one(
    driver: OpenVSwitch, part: PartIntent, words: str
) -> None:
    there = reconcile(driver, [TICKETS[0].part, TICKETS[3].part]).parts
    with pytest.raises(Rejected, match=words) as caught:
        driver.place(driver.read(), [*there, part])
    assert caught.value.parts == {9}


def test_flow_of_a_reservation_that_is_not_this_devices_is_not_overwritten(driver: OpenVSwitch) -> None:
    reconcile(driver, [TICKETS[0].part])
    with pytest.raises(Rejected, match="a flow of reservation 42"):
        driver.place(driver.read(), [pairs(9, 43, (10, 77))])


def test_entry_that_somebody_replaced_since_the_reading_stays(
    switch: Switch, bridge: str, driver: OpenVSwitch
) -> None:
    done = reconcile(driver, [TICKETS[0].part])
    leaving = unwanted(done.parts)
    plan = driver.plan(driver.read(), driver.render(leaving), known=frozenset({42}))
    theirs = "cookie=0x7, priority=20000,in_port=3,dl_vlan=10 actions=drop"
    switch.ofctl("add-flow", switch.management(bridge), theirs.replace(", ", ",").replace(" ", ","))
    driver.push(plan)
    left = [line.strip() for line in flows(switch, bridge).splitlines() if "priority=200" in line]
    assert left == [theirs]
    assert not reconcile(driver, leaving).plan


def test_push_that_may_not_go_on_stops_before_the_next_step(
    switch: Switch, bridge: str, driver: OpenVSwitch
) -> None:
    before = flows(switch, bridge)
    part = TICKETS[0].part
    actual = driver.read()
    placed = dataclasses.replace(part, placement=driver.place(actual, [part])[part.part_id])
    plan = driver.plan(actual, driver.render([placed]), known=frozenset({42}))
    turns = iter([True, False])
    with pytest.raises(Unreachable, match="lease"):
        driver.push(plan, may_go_on=lambda: next(turns))
    assert flows(switch, bridge) == before
    assert not reconcile(driver, [placed]).left


def test_bridge_that_is_not_there_is_a_named_error(device: Device) -> None:
    gone = device.model_copy(update={"bridge": "nobody"})
    with (
        contextlib.closing(OpenVSwitch(gone, OWNERSHIP)) as driver,
        pytest.raises(Unreachable, match="nobody"),
    ):
        driver.read()


def test_bridge_that_was_deleted_meanwhile_is_a_named_error(switch: Switch, device: Device) -> None:
    name = unique("br")
    add_bridge(switch, name)
    with contextlib.closing(OpenVSwitch(device.model_copy(update={"bridge": name}), OWNERSHIP)) as driver:
        driver.read()
        switch.vsctl("del-br", name)
        with pytest.raises((StateUnknown, Unreachable)):
            driver.read()
