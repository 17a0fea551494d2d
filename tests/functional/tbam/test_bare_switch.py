"""An island behind a bare Open vSwitch, without an agent: from the experimenter's call to its flows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from pathservice.pki.experimenters import init_slice_authority, issue_slice_credential
from tests.contract.drivers.openvswitch_bench import add_bridge
from tests.functional.ofgw.openvswitch import OpenVSwitch, unique
from tests.functional.pathservice.conftest import Serving, made_pki, services, wait_until
from tests.functional.tbam.client import Answer, ScriptedClient
from tests.functional.tbam.conftest import AUTHORITY, geni_sfa
from tests.functional.tbam.rspecs import request
from tests.functional.tbam.serving import context, state_with

__all__ = ["made_pki"]
SECOND = timedelta(seconds=1)
NOT_THERE = 12
CONTROLLER = "tcp:127.0.0.9:9"
MAP = (
    "in_port=2,dl_vlan=20 actions=set_field:4126->vlan_vid,output:3",
    "in_port=2,vlan_tci=0x0000/0x1fff actions=push_vlan:0x8100,set_field:4106->vlan_vid,output:3",
    "in_port=3,dl_vlan=10 actions=pop_vlan,output:2",
    "in_port=3,dl_vlan=30 actions=set_field:4116->vlan_vid,output:2",
)
"""What `request` asks for, 10 to untagged and 30 to 20; port 2 is the island's, 3 the facility's."""


@dataclass(frozen=True)
class Bridge:
    """The island's, whose site has flows and a controller of its own on it."""

    switch: OpenVSwitch
    name: str

    @property
    def controller(self) -> str:
        return self.switch.vsctl("get-controller", self.name).strip()

    @property
    def flows(self) -> list[str]:
        told = self.switch.ofctl("--no-stats", "--sort", "dump-flows", self.switch.management(self.name))
        return [line.strip() for line in told.splitlines()]

    def text(self) -> str:
        """All that a slice could change of it."""
        kept = self.switch.vsctl("get", "bridge", self.name, "fail_mode", "external_ids")
        columns = "--columns=target,connection_mode,inactivity_probe,max_backoff,external_ids"
        return "\n".join([*self.flows, kept, self.switch.vsctl(columns, "list", "controller")])


@pytest.fixture(scope="module")
def bridge() -> Iterator[Bridge]:
    with OpenVSwitch(made_up=True) as switch:
        made = Bridge(switch, unique("br"))
        add_bridge(switch, made.name)
        yield made


@pytest.fixture(scope="module")
def service(bridge: Bridge, tmp_path_factory: pytest.TempPathFactory, made_pki: Path) -> Iterator[Serving]:
    """One whose only island has that bridge, and lets nobody log in to it."""
    folder = tmp_path_factory.mktemp("bare")
    site = {
        "name": "Bare",
        "station": "BARE",
        "topologies": [{"name": "blue", "path": "Backbone", "capacity": "1G", "production": True}],
        "devices": [
            {
                "name": "switch-east",
                "platform": "openvswitch",
                "ovsdb": f"unix:{bridge.switch.folder}/db.sock",
                "bridge": bridge.name,
                "controllers": {"allow": ["127.0.0.9/32"]},
            }
        ],
        "tbam": {
            "authority": "bare.example:tbam",
            "islands": [{"name": "east", "gateway": "switch-east", "login": False}],
        },
    }
    (folder / "site.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
    state = state_with(folder, made_pki, "log_level: info")
    init_slice_authority(state / "pki", AUTHORITY, now=datetime.now(UTC))
    with services(folder, made_pki) as start:
        yield start(state, "--site", str(folder / "site.yaml"))


class Guest:
    """An experimenter with a slice, who wants it from now on."""

    def __init__(self, service: Serving, client: ScriptedClient, folder: Path) -> None:
        self._client = client
        now, path = datetime.now(UTC).replace(microsecond=0), folder / "credential.xml"
        self._start = now + 2 * SECOND
        pki, name, ends = service.state / "pki", f"bare-{uuid4().hex[:8]}", now + timedelta(days=1)
        self._urn = issue_slice_credential(pki, name, "alice", path=path, now=now, expires_at=ends)
        self._credentials = geni_sfa(path.read_text(encoding="utf-8"))

    def allocate(self, controller: str, *, end: datetime | None = None) -> Answer:
        """Until an hour from the start if no end is said."""
        wanted = request(self._start, end or self._start + timedelta(hours=1), controller=controller)
        return self._client.allocate(self._urn, self._credentials, wanted)

    def end_soon(self) -> Answer:
        """Refused where that is over by the time it is asked for."""
        return self.allocate(CONTROLLER, end=datetime.now(UTC).replace(microsecond=0) + 3 * SECOND)

    def provision(self) -> Answer:
        return self._client.provision([self._urn], self._credentials)

    def status(self) -> Answer:
        return self._client.status([self._urn], self._credentials)

    def describe(self) -> Answer:
        return self._client.describe([self._urn], self._credentials)

    def delete(self) -> Answer:
        return self._client.delete([self._urn], self._credentials)

    def wait_until(self, operational: str) -> Answer:
        wait_until(lambda: self.status().states[1] == operational, operational)
        return self.status()

    def is_gone(self) -> bool:
        return self.status().code == NOT_THERE


@pytest.fixture
def guest(service: Serving, bridge: Bridge, tmp_path: Path) -> Iterator[Guest]:
    """Nobody has the island before, nor after."""
    before = bridge.text()
    with ScriptedClient(f"{service.url}/am/3", context(service, "alice")) as client:
        one = Guest(service, client, tmp_path)
        yield one
        if not one.is_gone():
            one.delete()
        wait_until(lambda: bridge.text() == before, "the bridge to be as it was")


def test_slice_has_the_bridge_for_its_slot_and_the_site_has_it_back(guest: Guest, bridge: Bridge) -> None:
    before, sites = bridge.text(), bridge.flows
    assert guest.allocate(CONTROLLER).states == ("geni_allocated", "geni_pending_allocation")
    assert guest.provision().states[0] == "geni_provisioned"
    guest.wait_until("geni_ready")
    assert bridge.controller == CONTROLLER
    there = bridge.flows
    assert set(sites) <= set(there)
    added = [flow for flow in there if flow not in sites and not flow.endswith("actions=drop")]
    assert sorted(flow.partition(" priority=20000,")[2] for flow in added) == sorted(MAP)

    wait_until(lambda: guest.end_soon().code == 0, "the slot to be shortened")
    wait_until(guest.is_gone, "the slot's end")
    wait_until(lambda: bridge.text() == before, "the bridge to be as it was")


@pytest.mark.parametrize(
    ("barred", "words"),
    [
        ("tcp:127.0.0.7:9", "127.0.0.7 is a loopback address, where this gateway lets no controller be"),
        ("tcp:ctrl.pc:6633", "ctrl.pc is no address, and a name cannot be judged here"),
    ],
)
def test_controller_that_is_where_none_may_be_is_told_of_and_another_can_be_asked_for(
    guest: Guest, bridge: Bridge, barred: str, words: str
) -> None:
    before = bridge.text()
    guest.allocate(barred)
    guest.provision()
    told = guest.wait_until("geni_failed")
    for answer in (told, guest.describe()):
        assert answer.states == ("geni_provisioned", "geni_failed")
        assert words in answer.sliver["geni_error"]
    assert bridge.text() == before
    assert guest.allocate(CONTROLLER).code == 0
    guest.provision()
    assert guest.wait_until("geni_ready").sliver["geni_error"] == ""
    assert bridge.controller == CONTROLLER
