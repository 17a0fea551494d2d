"""What another database left is read back exactly, taken over as it stands, and goes when its part does."""

import dataclasses
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netconfig.capability import Capability
from netconfig.driver import DeviceDriver, Ownership, PartIntent
from netconfig.errors import Unreadable
from netconfig.intent import FlowMatch, PolicyRoute, PortRange, Protocol
from netconfig.registry import driver_class
from tests.contract.drivers.bench import OWNERSHIP, Bench, Rig, Ticket, Trait, reconcile, unwanted, wanted
from tests.contract.drivers.conftest import BENCHES, having

LOST = "00000000-0000-0000-0000-000000000000"
THEIRS = Ownership(OWNERSHIP.station, LOST)
pytestmark = pytest.mark.only(Trait.STEERING)
each_bench = pytest.mark.parametrize("name", having(Trait.STEERING))


def taken_over(
    driver: DeviceDriver, parts: Sequence[PartIntent], database: str = LOST
) -> Sequence[PartIntent]:
    """The parts of one reservation, as an operator's word has them placed where they are."""
    (number,) = {part.reservation_id for part in parts}
    actual = driver.read()
    placed = driver.take_over(actual, number, [part.intent for part in parts], database=database)
    return [
        dataclasses.replace(part, placement=placement) for part, placement in zip(parts, placed, strict=True)
    ]


def reservations(tickets: Sequence[Ticket]) -> dict[int, list[Ticket]]:
    """The tickets of each reservation that steers something, which is what can be adopted."""
    found: dict[int, list[Ticket]] = {}
    for ticket in tickets:
        found.setdefault(ticket.part.reservation_id, []).append(ticket)
    return {number: of_it for number, of_it in found.items() if any(one.next_hop for one in of_it)}


@pytest.mark.parametrize("database", [LOST, OWNERSHIP.database])
def test_each_reservation_is_adopted_without_a_packet_losing_its_path(bench: Bench, database: str) -> None:
    for number, tickets in reservations(bench.tickets).items():
        with bench.start() as rig:
            original = rig.text()
            others = [one for one in bench.tickets if one.part.reservation_id != number]
            reconcile(rig.at_once(ownership=Ownership(OWNERSHIP.station, database)), parts_of(tickets))
            driver = rig.at_once()
            parts = taken_over(driver, parts_of(tickets), database)
            assert all(part.placement for part in parts)

            def look(rig: Rig = rig, staying: list[Ticket] = tickets) -> None:
                assert not rig.astray()
                assert all(one.is_served(rig) for one in staying)

            rig.watch(look)
            done = reconcile(driver, parts)
            rig.watch(None)
            assert not done.left
            assert LOST not in rig.text()
            assert all(is_fingerprint(line.text) for line in done.plan.lines)
            assert bool(done.plan) == (database == LOST)
            assert not any(LOST in str(part.placement) for part in reconcile(driver, done.parts).parts)
            both = reconcile(driver, [*done.parts, *parts_of(others)]).parts
            reconcile(driver, unwanted(both))
            assert rig.text() == original


def parts_of(tickets: Sequence[Ticket]) -> list[PartIntent]:
    return [ticket.part for ticket in tickets]


def is_fingerprint(line: str) -> bool:
    """Whether it is a fingerprint, or opens or closes the block that one is in."""
    words = ("remark ", "access-list ", "apply-macro ", "redirect-list ", "description ", "replace rule ")
    return any(word in line for word in words) or line.strip() == "exit"


def test_what_is_missing_is_brought_and_what_was_adopted_goes_though_it_was_never_pushed(
    bench: Bench, rig: Rig
) -> None:
    for tickets in reservations(bench.tickets).values():
        steering = [one.part for one in tickets if one.next_hop]
        original = rig.text()
        reconcile(rig.at_once(ownership=THEIRS), steering)
        driver = rig.at_once()
        parts = taken_over(driver, parts_of(tickets))
        assert [bool(part.placement) for part in parts] == [bool(one.next_hop) for one in tickets]
        done = reconcile(driver, parts)
        assert all(one.is_served(rig) for one in tickets)
        reconcile(driver, unwanted(done.parts))
        assert rig.text() == original
        reconcile(rig.at_once(ownership=THEIRS), parts_of(tickets))
        assert rig.text() != original
        reconcile(driver, unwanted(taken_over(driver, parts_of(tickets))))
        assert rig.text() == original


def test_push_that_is_cut_short_after_any_line_is_finished_by_the_next(bench: Bench) -> None:
    tickets = next(iter(reservations(bench.tickets).values()))
    for lines in range(1, 9):
        with bench.start() as rig:
            original = rig.text()
            reconcile(rig.at_once(ownership=THEIRS), parts_of(tickets))
            driver = rig.at_once()
            parts = taken_over(driver, parts_of(tickets))
            known = frozenset(part.reservation_id for part in parts)
            plan = driver.plan(driver.read(), driver.render(parts), known=known)
            rig.edit(*(line.text.strip() for line in plan.lines[:lines]))
            assert all(one.is_served(rig) for one in tickets)
            done = reconcile(driver, parts)
            assert not done.left
            assert all(is_fingerprint(line.text) for line in done.plan.lines)
            assert all(one.is_served(rig) for one in tickets)
            reconcile(driver, unwanted(done.parts))
            assert rig.text() == original


def test_a_neighbour_that_is_a_stranger_stays_as_it_is(bench: Bench, rig: Rig) -> None:
    (first, tickets), (_, others), *_ = reservations(bench.tickets).items()
    steering = [one.part for one in others if one.next_hop]
    placed = reconcile(rig.at_once(ownership=THEIRS), steering).parts
    alone = rig.text()
    reconcile(rig.at_once(ownership=THEIRS), [*placed, *parts_of(tickets)])
    driver = rig.at_once()
    done = reconcile(driver, taken_over(driver, parts_of(tickets)), known=frozenset({first}))
    assert done.plan.strangers
    reconcile(driver, unwanted(done.parts), known=frozenset({first}))
    assert rig.text() == alone


def test_what_was_changed_by_hand_is_not_read_as_anything(bench: Bench) -> None:
    number, tickets = next(iter(reservations(bench.tickets).items()))
    refused = 0
    for edit in bench.hand_edits:
        with bench.start() as rig:
            reconcile(rig.at_once(), parts_of(bench.tickets))
            intact = rig.at_once().recover(rig.at_once().read(), number, database=OWNERSHIP.database)
            rig.edit(*edit)
            driver = rig.at_once()
            try:
                found = driver.recover(driver.read(), number, database=OWNERSHIP.database)
                intents = [part.intent for part in parts_of(tickets)]
                driver.take_over(driver.read(), number, intents, database=OWNERSHIP.database)
                # What is gone is nothing, and a remark is nothing that a packet meets.
                assert found in {intact, ()}, edit
            except Unreadable:
                refused += 1
    assert refused >= 5


def networks(family: int) -> st.SearchStrategy[IPv4Network | IPv6Network]:
    if family == 4:
        return st.builds(
            lambda base, length: IPv4Network((base, length), strict=False),
            st.integers(0, 2**32 - 1),
            st.integers(0, 32),
        )
    return st.builds(
        lambda base, length: IPv6Network((base, length), strict=False),
        st.integers(0, 2**128 - 1),
        st.integers(0, 128),
    )


ports = st.none() | st.builds(
    lambda one, other: PortRange(min(one, other), max(one, other)),
    st.integers(0, 65535),
    st.integers(0, 65535),
)


def flows(family: int, *, marked: bool) -> st.SearchStrategy[FlowMatch]:
    def made(
        source: IPv4Network | IPv6Network,
        destination: IPv4Network | IPv6Network,
        protocol: Protocol | None,
        of_source: PortRange | None,
        of_destination: PortRange | None,
        dscp: int | None,
    ) -> FlowMatch:
        has_ports = protocol in {Protocol.TCP, Protocol.UDP}
        return FlowMatch(
            source,
            destination,
            protocol,
            of_source if has_ports else None,
            of_destination if has_ports else None,
            dscp,
        )

    ends = networks(family)
    code_points = st.none() | st.integers(0, 63) if marked else st.none()
    return st.builds(made, ends, ends, st.none() | st.sampled_from(Protocol), ports, ports, code_points)


@each_bench
def test_any_flows_are_read_back_as_they_were_asked_for(name: str) -> None:
    # A Linux router is the kernel's own, which takes its time.
    @settings(max_examples=8 if name == "linux_nft" else 25)
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        are_read_back(name, data)

    holds()


def are_read_back(name: str, data: st.DataObject) -> None:
    bench = BENCHES[name]
    marked = Capability.POLICY_ROUTE_DSCP in driver_class(name).capabilities
    with bench.start() as rig:
        parts = []
        for ticket in bench.tickets:
            if isinstance(ticket.part.intent, PolicyRoute):
                of_family = flows(ticket.part.intent.flows[0].family, marked=marked)
                found = data.draw(st.lists(of_family, min_size=1, max_size=6, unique=True))
                intent = dataclasses.replace(ticket.part.intent, flows=tuple(found))
                parts.append(dataclasses.replace(ticket.part, intent=intent))
        reconcile(rig.at_once(ownership=THEIRS), parts)
        driver = rig.at_once()
        actual = driver.read()
        for part in parts:
            assert isinstance(part.intent, PolicyRoute)
            (steering,) = driver.recover(actual, part.reservation_id, database=LOST)
            assert steering.is_of(part.intent)
            assert steering.flows == part.intent.flows
        adopted = [one for part in parts for one in taken_over(driver, [part])]
        done = reconcile(driver, wanted(adopted))
        assert not done.left
        assert all(is_fingerprint(line.text) for line in done.plan.lines)
