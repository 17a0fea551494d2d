"""`pathservice path verify` beside a lab: packets are sent, and say what no configuration tells."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from activation.devices import view_devices
from lab.lab import SITE_FILE, Facts
from lab.named import NamedLab
from lab.network import Host
from lab.processes import LabError, wait_for
from lab.silence import silence, wake
from lab.sites import EAST, WEST
from lambdastation.ticket import TicketRequest
from pathservice.probing import find_ground, ground
from pathservice.serving import Serving
from pathservice.settings import Settings
from reservation.lifecycle import FINAL, State
from tests.functional.lab.stage import OPERATOR
from tests.functional.pathservice.command_line import run

ONE_PORT, EVERYTHING = "1", "2"
"""Tickets: for a port of one host's on red, and for all TCP there is, of both families, on green."""


class Verified:
    """What the command told."""

    def __init__(self, told: dict[str, Any], status: int) -> None:
        self.status = status
        self.lab = told["lab"]
        self.verdict = told["verdict"]
        self.words = told["because"]
        self._devices = told["devices"]

    def at(self, router: str) -> list[tuple[str, str]]:
        """Verdicts and reasons."""
        return [(one["verdict"], one["because"]) for one in self._devices if one["device"] == router]


class Stage:
    """A lab, and the database of a service that has brought two tickets and runs no more.

    So nobody repairs what is broken, and what the database has is old news.
    """

    def __init__(self, lab: NamedLab, state: Path, routers: dict[str, Host]) -> None:
        self.lab = lab
        self.state = state
        self.routers = routers

    def verify(self, ticket: str, *options: str) -> Verified:
        """What the command tells of a ticket in this lab."""
        where = ("--lab-folder", str(self.lab.labs), "--json")
        done = run("path", "verify", ticket, *where, *options, state=self.state, check=False)
        return Verified(json.loads(done.stdout), done.returncode)

    @contextmanager
    def broken(self, side: str, table: str, *changes: str) -> Iterator[None]:
        """A table of a router's kernel is changed behind its configuration's back while the block lasts."""
        router = self.routers[side]
        before = router.run("nft", "list", "table", "inet", table)
        router.run("nft", "-f", "-", typed="".join(f"{change}\n" for change in changes))
        try:
            yield
        finally:
            router.run(
                "nft", "-f", "-", typed=f"table inet {table} {{}}\ndelete table inet {table}\n{before}"
            )


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("verify")
    lab = NamedLab(folder / "pathservice-labs", "one")
    lab.up({WEST.name: "juniper_junos", EAST.name: "linux_nft"})
    try:
        told = lab.facts()
        assert told is not None
        open_tickets(folder / "state", lab)
        with ExitStack() as closing:
            routers = {
                one.site: closing.enter_context(Host(one.network)) for one in Facts.from_json(told).routers
            }
            yield Stage(lab, folder / "state", routers)
    finally:
        lab.down()


def open_tickets(state: Path, lab: NamedLab) -> None:
    """Have a service bring them."""
    settings = Settings(state=state, site=lab.folder / SITE_FILE, count_every=0)
    with Serving(settings) as serving:
        serving.start_worker()
        wait_for(
            "the routers to be read", lambda: all(one.read_at for one in serving.store.read(view_devices))
        )
        one_port = TicketRequest(
            src_client=WEST.name,
            src_ip=f"{WEST.address(4, 1)}/32",
            dst_site=EAST.name,
            dst_ip=f"{EAST.address(4, 1)}/32",
            dst_port="udp eq 5001",
            local_path="red",
            travel_seconds=36000,
        )
        everything = TicketRequest(
            src_client=WEST.name,
            dst_site=EAST.name,
            dst_port="tcp",
            local_path="green",
            travel_seconds=36000,
        )
        for wanted in (one_port, everything):
            number = serving.tickets.open_ticket(wanted, caller=OPERATOR).ticket_id
            wait_for(f"ticket {number} to be active", partial(is_active, serving, number))


def is_active(serving: Serving, number: int) -> bool:
    state = serving.tickets.get_ticket(number, caller=OPERATOR).state
    assert state not in FINAL
    return state is State.ACTIVE


def test_path_that_no_packet_has_passed_yet_is_found_to_be_up(stage: Stage) -> None:
    found = stage.verify(ONE_PORT)
    assert (found.status, found.verdict, found.lab) == (0, "up", "one")
    for router, own, beside in (
        ("west-border", "10.1.0.11:40000 > 10.2.0.11:5001", "10.1.0.11:40000 > 10.2.0.11:5002"),
        ("east-border", "10.2.0.11:5001 > 10.1.0.11:33434", "10.2.0.11:5002 > 10.1.0.11:33434"),
    ):
        [(verdict, words)] = found.at(router)
        assert verdict == "up"
        assert words.endswith(f"udp {own} went by red; udp {beside}, which no ticket is for, by blue")


def test_both_directions_of_both_families_are_asked(stage: Stage) -> None:
    found = stage.verify(EVERYTHING, "--lab", "one")
    assert found.status == 0
    for router, ends in (
        ("west-border", ("tcp 10.1.0.11:40000", "tcp [2001:db8:a::b]:40000")),
        ("east-border", ("tcp 10.2.0.11:40000", "tcp [2001:db8:b::b]:40000")),
    ):
        told = sorted(words.partition("; ")[2] for _, words in found.at(router))
        assert [words.startswith(end) for words, end in zip(told, ends, strict=True)] == [True, True]
        assert all("went by green; udp " in words for words in told)


@pytest.mark.parametrize(("side", "table"), [("west", "steer"), ("east", "lambdastation_LAB")])
def test_router_that_has_the_configuration_and_steers_nothing_is_found(
    stage: Stage, side: str, table: str
) -> None:
    with stage.broken(side, table, f"delete table inet {table}"):
        found = stage.verify(ONE_PORT)
    assert (found.status, found.verdict) == (1, "not up")
    assert found.words == f"not up at {side}-border"
    [(_, words)] = found.at(f"{side}-border")
    # All that the database has speaks for it.
    assert words.startswith("carries its part, read ")
    assert "went by blue, not by red" in words
    assert stage.verify(ONE_PORT).status == 0


def test_router_that_steers_more_than_it_should_is_found(stage: Stage) -> None:
    everything = 'insert rule inet steer prerouting iifname "inside" meta l4proto udp meta mark set 2 accept'
    with stage.broken("west", "steer", everything):
        found = stage.verify(ONE_PORT)
    assert (found.status, found.words) == (1, "not up at west-border")
    [(_, words)] = found.at("west-border")
    assert "10.2.0.11:5001 went by red; it steers more than it should: " in words
    assert words.endswith("10.2.0.11:5002, which no ticket is for, went by red")


def test_path_whose_far_end_is_dead_is_found(stage: Stage) -> None:
    silence(stage.routers["east"], "red")
    try:
        found = stage.verify(ONE_PORT)
    finally:
        wake(stage.routers["east"], "red")
    assert (found.status, found.words) == (1, "not up at west-border and east-border")
    assert "came to the other site by red, and was thrown away there" in found.at("west-border")[0][1]
    assert "came to east-border, and did not leave it" in found.at("east-border")[0][1]
    assert stage.verify(ONE_PORT).status == 0


def test_lab_that_is_none_of_the_sites_has_no_say(stage: Stage) -> None:
    found = stage.verify(ONE_PORT, "--lab", "two")
    assert (found.status, found.lab) == (2, None)
    assert "there is no lab two in" in found.words
    with pytest.raises(LabError, match="the routers of lab one are not those of the site"):
        ground(stage.lab, {})
    assert find_ground(stage.lab.labs, {}) is None
