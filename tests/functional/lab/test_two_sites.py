"""Real packets between two sites go as the configurations of their border routers say, and are counted."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from ipaddress import ip_network

import pytest

from lab.counting import start_counting, tallies
from lab.lab import Lab
from lab.network import Host
from lab.processes import CommandRefused, wait_for
from lab.sites import ALTERNATES, EAST, INSIDE, PATHS, PRODUCTION, SIDES, WEST, Path, Side
from netconfig.driver import DeviceDriver, Ownership, PartIntent, is_asking
from netconfig.intent import FlowMatch, IpAddress, PolicyRoute, PortRange, Protocol
from netconfig.registry import driver_class
from pathservice.sitefile import SiteFile, load_site_file
from tests.contract.drivers.bench import DATABASE, reconcile, unwanted

RED, GREEN = ALTERNATES
STEERED, BESIDE = 5001, 6001
PATIENCE = 60.0


@pytest.fixture(scope="module")
def site(two_sites: Lab) -> SiteFile:
    return load_site_file(two_sites.site_file)


@pytest.fixture(scope="module")
def drivers(site: SiteFile) -> Iterator[dict[str, DeviceDriver]]:
    """Those of both routers, as the service has them where it saves nothing."""
    with ExitStack() as closing:
        found = {}
        for device in (device.model_copy(update={"save": False}) for device in site.devices):
            driver = driver_class(device.platform)(device, Ownership("LAB", DATABASE))
            closing.callback(driver.close)
            found[device.name] = driver
        yield found


def part(two_sites: Lab, side: Side, path: Path, family: int, number: int) -> PartIntent:
    """A ticket's part at one site: packets to or from the port that is steered, by a path."""
    west, east = (ip_network(f"{one.address(family, 1)}") for one in (WEST, EAST))
    flow = FlowMatch(west, east, Protocol.UDP, destination_ports=PortRange(STEERED, STEERED))
    flows = (flow if side is WEST else flow.reversed(),)
    interface = two_sites.kinds[side.name].interfaces[INSIDE]
    hop = path.address(side.other, family)
    return PartIntent(number, number, PolicyRoute(interface, hop, flows))


@contextmanager
def steered(
    two_sites: Lab, drivers: dict[str, DeviceDriver], path: Path, family: int, number: int
) -> Iterator[None]:
    """Both routers carry such a part."""
    parts = {side: [part(two_sites, side, path, family, number)] for side in SIDES}
    placed = {side: reconcile(drivers[side.router], parts[side]).parts for side in SIDES}
    try:
        yield
    finally:
        for side in SIDES:
            reconcile(drivers[side.router], unwanted(placed[side]))


def ways(two_sites: Lab, family: int, port: int) -> tuple[list[str], list[str]]:
    """By which paths packets to a port went, and by which their answers; each has arrived."""
    header = "udp"
    for side in SIDES:
        field = "dport" if side is WEST else "sport"
        rules = {path.colour: f'oifname "{path.colour}" {header} {field} {port}' for path in PATHS}
        start_counting(two_sites.wires.routers[side.name], rules)
    exchange(two_sites, family, port)
    found = []
    for side in SIDES:
        counted = tallies(two_sites.wires.routers[side.name])
        assert sum(one.packets for one in counted.values()) == 1
        found.append([colour for colour, one in counted.items() if one.packets])
    return found[0], found[1]


def exchange(two_sites: Lab, family: int, port: int) -> None:
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    with ExitStack() as closing:
        near, far = (
            closing.enter_context(
                two_sites.host(side.host(1)).within(lambda: socket.socket(kind, socket.SOCK_DGRAM))
            )
            for side in SIDES
        )
        for end in (near, far):
            end.settimeout(PATIENCE)
        far.bind((str(EAST.address(family, 1)), port))
        near.sendto(b"there", (str(EAST.address(family, 1)), port))
        said, sender = far.recvfrom(64)
        far.sendto(said + b" and back", sender)
        assert near.recv(64) == b"there and back"


def test_flow_takes_the_alternate_both_ways_and_nothing_else_does(
    two_sites: Lab, drivers: dict[str, DeviceDriver]
) -> None:
    production = [PRODUCTION.colour]
    # Not every kind steers IPv6.
    for family in set.intersection(*(set(kind.families) for kind in two_sites.kinds.values())):
        assert ways(two_sites, family, STEERED) == (production, production)
        with steered(two_sites, drivers, RED, family, 1):
            assert ways(two_sites, family, STEERED) == (["red"], ["red"])
            assert ways(two_sites, family, BESIDE) == (production, production)
        assert ways(two_sites, family, STEERED) == (production, production)


def test_the_other_colour_is_another_way(two_sites: Lab, drivers: dict[str, DeviceDriver]) -> None:
    with steered(two_sites, drivers, GREEN, 4, 2):
        assert ways(two_sites, 4, STEERED) == (["green"], ["green"])


def test_router_that_reboots_forgets_what_it_had_not_saved(
    two_sites: Lab, drivers: dict[str, DeviceDriver]
) -> None:
    with steered(two_sites, drivers, RED, 4, 3):
        two_sites.routers["west"].reboot()
        drivers[WEST.router].close()
        # West had not saved it.
        assert ways(two_sites, 4, STEERED) == (["blue"], ["red"])


def test_next_hop_that_goes_silent_answers_neither_router_until_it_wakes(
    two_sites: Lab, drivers: dict[str, DeviceDriver]
) -> None:
    two_sites.silence(RED, EAST)
    try:
        until_answer(two_sites, drivers, GREEN)
    finally:
        two_sites.wake(RED, EAST)
    until_answer(two_sites, drivers, RED, GREEN)


def until_answer(two_sites: Lab, drivers: dict[str, DeviceDriver], *paths: Path) -> None:
    """Wait until both routers are answered on these paths and on no others; a ping has seconds only."""
    for side in SIDES:
        wanted = hops(two_sites, side, *paths)
        asking = partial(answering, two_sites, drivers, side)
        wait_for(f"{side.router} to hear {wanted}", lambda ask=asking, them=wanted: ask() == them)  # type: ignore[misc]


def hops(two_sites: Lab, side: Side, *paths: Path) -> set[IpAddress]:
    """The next hops of a site's router on these paths, of each family that it steers."""
    families = two_sites.kinds[side.name].families
    return {path.address(side.other, family) for path in paths for family in families}


def answering(two_sites: Lab, drivers: dict[str, DeviceDriver], side: Side) -> set[IpAddress]:
    """Those of a router's that answer it, as it says itself."""
    driver = drivers[side.router]
    assert is_asking(driver)
    return set(driver.answering(hops(two_sites, side, *ALTERNATES)))


def test_paths_are_as_wide_as_they_say(two_sites: Lab, drivers: dict[str, DeviceDriver]) -> None:
    host = two_sites.host("west-1")
    assert fits(host, PRODUCTION.mtu)
    assert not fits(host, PRODUCTION.mtu + 1)
    for side in SIDES:
        for path in PATHS:
            told = two_sites.wires.routers[side.name].run(
                "tc", "class" if path in ALTERNATES else "qdisc", "show", "dev", path.colour
            )
            assert {PRODUCTION: "tbf", RED: "htb", GREEN: "htb"}[path] in told
            assert (
                f"rate {path.megabits // 1000 or path.megabits}{'G' if path.megabits > 999 else 'M'}bit"
                in told
            )


def fits(host: Host, size: int) -> bool:
    """Whether a packet of so many bytes gets through whole."""
    there = str(EAST.address(4, 1))
    try:
        host.run("ping", "-n", "-c", "1", "-W", "60", "-M", "do", "-s", str(size - 28), there)
    except CommandRefused as refused:
        if "mtu" not in str(refused):
            raise
        return False
    return True


def test_site_file_has_both_borders_and_both_colours(two_sites: Lab, site: SiteFile) -> None:
    assert [device.platform for device in site.devices] == [
        two_sites.kinds[side.name].platform for side in SIDES
    ]
    assert {(rule.topology, rule.direction.value) for rule in site.site.rules} == {
        (path.colour, direction) for path in ALTERNATES for direction in ("in", "out")
    }
