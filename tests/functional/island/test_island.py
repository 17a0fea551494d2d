"""An island of real switches and processes: its slots start and end with real packets, whatever happens."""

import os
import re
import signal
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from lab.processes import Service, run, wait_for
from netconfig.inventory import TlsFiles
from netconfig.transport.xmlrpc import XmlRpcSession
from pathservice.demo.island.island import AGENT_PORT, SERVICE_PORT, Guest, Island
from pathservice.demo.island.pings import Ping
from pathservice.demo.island.story import Slot, tell
from pathservice.demo.island.wires import ADDRESSES, DPID, GATEWAY
from tests.functional.island.conftest import Booked, is_gone, soon
from tests.functional.ofgw.agents import manager
from tests.functional.tbam.client import ScriptedClient
from tests.functional.tbam.conftest import geni_sfa

ALICES, BOBS = {"10": "0xffff"}, {"30": "20"}
BARRED, LATER = "169.254.7.7:6653", "192.0.2.7"
_EVENT = re.compile(r"event=(ADDED|DELETED|MODIFIED)\b.*?cookie=(0x[0-9a-f]+)")


class Told:
    """A screen that only remembers what had to be so, and what the gateway had."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, bool]] = []
        self.controllers: list[str] = []
        self.measured: list[str] = []

    def chapter(self, title: str) -> None: ...

    def words(self, text: str) -> None: ...

    def call(self, method: str, told: Mapping[str, str]) -> None: ...

    def request(self, envelope: str) -> None: ...

    def wait(self, what: str, done: Event, *, until: datetime) -> None:
        done.wait()

    def fact(self, sentence: str, *, holds: bool) -> None:
        self.facts.append((sentence, holds))

    def gateway(self, *, controller: str, flows: Sequence[str], access: str) -> None:
        self.controllers.append(controller)

    def figures(self, figures: Mapping[str, str]) -> None:
        self.measured += figures


def journal(booked: Booked, since: int = 0) -> list[tuple[str, str, int]]:
    """What the agent did with which thing of whose, from its line `since` on."""
    return [
        (line["event"], line["item"], line["reservation"])
        for line in booked.island.agent.lines()[since:]
        if line["event"] in {"carried", "taken-off"}
    ]


@contextmanager
def watched_flows(booked: Booked) -> Iterator[Service]:
    """The gateway's switch tells of every flow that comes or goes."""
    island = booked.island
    watch = ("ovs-ofctl", "-O", "OpenFlow10", "monitor", island.wires.switch.management(GATEWAY))
    environment = {**os.environ, "OVS_RUNDIR": str(island.wires.switch.folder)}
    with Service("flows", (*watch, "watch:!initial"), island.folder, environment) as flows:
        wait_for("the switch to listen", lambda: "FLOW_MONITOR reply" in flows.log.read_text("utf-8"))
        yield flows


def is_ready(guest: Guest) -> bool:
    return bool(guest.calls.status()["geni_operational_status"] == "geni_ready")


def client_of(booked: Booked, name: str) -> ScriptedClient:
    """An experimenter's, that looks at every answer as the API says it is."""
    pki = booked.island.folder / "state" / "pki"
    context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    context.load_cert_chain(pki / f"{name}-cert.pem", pki / f"{name}-key.pem")
    return ScriptedClient(f"https://localhost:{SERVICE_PORT}/am/3", context)


def credentials_of(booked: Booked, name: str) -> list[dict[str, Any]]:
    return geni_sfa((booked.island.folder / f"{name}.xml").read_text(encoding="utf-8"))


@contextmanager
def address_of_the_gateway(address: str) -> Iterator[None]:
    """The gateway has it for the block."""
    run("ip", "address", "add", f"{address}/32", "dev", "lo")
    try:
        yield
    finally:
        run("ip", "address", "delete", f"{address}/32", "dev", "lo")


def manager_of(island: Island) -> XmlRpcSession:
    """Calls the agent as the service does."""
    pki = island.folder / "state" / "pki"
    files = TlsFiles(ca=pki / "ca.pem", cert=pki / "manager-cert.pem", key=pki / "manager-key.pem")
    return manager(AGENT_PORT, files, host="localhost")


def hindered(manager: XmlRpcSession) -> bool:
    report = manager.call("getState")
    assert isinstance(report, dict)
    return bool(report["hindered"])


def test_pings_and_the_switch_s_controller_go_by_the_slot_and_nothing_is_left(booked: Booked) -> None:
    screen = Told()
    happened = tell(booked.island, booked.alice, screen, Slot(timedelta(seconds=3), timedelta(seconds=3)))
    assert [fact for fact, holds in screen.facts if not holds] == []
    assert happened
    assert screen.controllers == ["the default one", "the experimenter's", "the default one"]
    assert len(screen.facts) == 15
    assert len(screen.measured) == 3


def test_of_two_slots_back_to_back_the_first_is_off_before_the_second_is_on(booked: Booked) -> None:
    island = booked.island
    since = len(island.agent.lines())
    with watched_flows(booked) as flows:
        first = booked.book(booked.alice, soon(), 4, ALICES)
        second = booked.book(booked.bob, first.end, 600, BOBS)
        began = wait_for("alice's slot", lambda: booked.alice.controller.met(DPID, since=first.start))
        followed = wait_for("bob's slot", lambda: booked.bob.controller.met(DPID, since=second.start))
        wait_for("bob's map", lambda: "dl_vlan=30" in "".join(island.wires.map()))
        wait_for("bob to be ready", lambda: is_ready(booked.bob))
        log = flows.log.read_text(encoding="utf-8")
    assert began < first.end <= followed
    done = journal(booked, since)
    alices, bobs = done[0][2], done[-1][2]
    assert alices != bobs
    things = ("group", "controller", "vlans")
    assert done == [
        *(("carried", thing, alices) for thing in things),
        *(("taken-off", thing, alices) for thing in reversed(things)),
        *(("carried", thing, bobs) for thing in things),
    ]
    # And so the switch itself saw it.
    seen = [(event, int(cookie, 16) & 0xFFFFFFFF) for event, cookie in _EVENT.findall(log)]
    turns = [turn for turn in seen if turn[1] in {alices, bobs}]
    added = turns.count(("ADDED", alices))
    assert added == 4
    assert turns == [
        *[("ADDED", alices)] * added,
        *[("DELETED", alices)] * added,
        *[("ADDED", bobs)] * (len(turns) - 2 * added),
    ]
    assert len(turns) > 2 * added


def test_slice_runs_again_after_the_gateway_was_rebooted_in_its_slot(booked: Booked) -> None:
    island = booked.island
    booked.book(booked.alice, soon(), 600, ALICES)
    with Ping(island.wires.facility, ADDRESSES[10], island.folder) as ping:
        wait_for("a ping", ping.answers)
        wait_for("alice to be ready", lambda: is_ready(booked.alice))
        rebooted = datetime.now(UTC)
        island.reboot_gateway()
        wait_for("the switch", lambda: booked.alice.controller.met(DPID, since=rebooted))
        assert island.controller() is booked.alice.controller
        back = datetime.now(UTC)
        wait_for("a ping", lambda: [at for at in ping.answers() if at > back])
    wait_for("alice to be ready", lambda: is_ready(booked.alice))


def test_controller_that_the_gateway_bars_is_told_of_and_another_can_be_asked_for(booked: Booked) -> None:
    island, alice = booked.island, booked.alice
    since = len(island.agent.lines())
    words = f"controller: {BARRED}: 169.254.7.7 is a link-local address, where this gateway lets no"
    booked.book(alice, soon(), 600, ALICES, controller=BARRED)
    with client_of(booked, "alice") as client:
        calls = ([alice.calls.slice_urn], credentials_of(booked, "alice"))
        wait_for("the refusal", lambda: client.status(*calls).states[1] == "geni_failed")
        for told in (client.status(*calls), client.describe(*calls)):
            assert told.states == ("geni_provisioned", "geni_failed")
            assert words in told.sliver["geni_error"]
        assert journal(booked, since) == []
        assert "wanted" not in [line["event"] for line in island.agent.lines()[since:]]
        assert island.has_default()
        again = booked.book(alice, soon(), 600, ALICES)
        wait_for("the switch", lambda: alice.controller.met(DPID, since=again.start))
        wait_for("alice to be ready", lambda: is_ready(alice))
        assert client.status(*calls).sliver["geni_error"] == ""


def test_controller_that_has_come_to_be_where_none_may_be_is_told_of(booked: Booked) -> None:
    island, alice = booked.island, booked.alice
    # Nobody is there, nor is there a way to it; until the gateway itself has that address.
    booked.book(alice, soon(), 600, ALICES, controller=f"{LATER}:6653")
    wait_for("alice to be ready", lambda: is_ready(alice))
    island.service.end()
    with address_of_the_gateway(LATER), closing(manager_of(island)) as manager:
        wait_for("the agent to see it", lambda: hindered(manager))
        # What a service finds when it starts it would find within minutes.
        island.service.start()
        island.service.wait_for_line("event", "serving")
        alice.calls.close()
        booked.bob.calls.close()
        words = f"{LATER} is the gateway's own address, where this gateway lets no controller be"
        wait_for("the words", lambda: words in alice.calls.status()["geni_error"])
        assert alice.calls.status()["geni_operational_status"] == "geni_failed"


def test_agent_ends_the_slot_of_a_service_that_was_killed(booked: Booked) -> None:
    island = booked.island
    since = len(island.agent.lines())
    # Long enough that a slow machine has it running, and killed the service, before it ends.
    wish = booked.book(booked.alice, soon(), 12, ALICES)
    wait_for("the slot", lambda: len(journal(booked, since)) >= 3)
    island.service.end(signal.SIGKILL)
    killed = datetime.now(UTC)
    back = wait_for("the default controller", lambda: island.default.met(DPID, since=wish.start))
    wait_for("a free island", island.has_default)
    assert killed < wish.end <= back
    assert "slot-over" in [line["event"] for line in island.agent.lines()[since:]]
    island.service.start()
    island.service.wait_for_line("event", "serving")
    for guest in (booked.alice, booked.bob):
        guest.calls.close()
    wait_for("the service to know", lambda: is_gone(booked.alice))
