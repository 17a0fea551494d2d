"""A site that changes while the service runs: over the real listener and worker, with simulated routers."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lambdastation.wire_types import NAMESPACE
from netconfig.simulator import Packet, forwarding
from pathservice.demo.soap import Refused, SoapClient
from pathservice.serving import Serving
from pathservice.settings import Settings
from pathservice.site_apply import SiteRefused, apply_site, served_version
from pathservice.site_versions import add_version, read_versions
from pathservice.sitefile import SiteText, read_site_text
from reservation import service
from reservation.lifecycle import State
from store import open_store

EXAMPLES = Path(__file__).parents[3] / "examples"
FERMILAB = (EXAMPLES / "fermilab.yaml").read_text(encoding="utf-8")
BORDER = (EXAMPLES / "fermilab-border-1.txt").read_text(encoding="utf-8")
FIRST, SECOND = "fermilab-border-1", "fermilab-border-2"
CORE = "TenGigabitEthernet1/1"
FLOW = {"srcClient": "CMS-SRM", "srcIP": "131.225.204.0/24", "dstSite": "Caltech", "dstIP": "192.84.86.0/24"}
LAB = """  - name: Lab
    prefixes: [131.225.160.0/24]
    groups: [NG-B]
"""
LAB_RULE = """  - topology: red
    client: Lab
    group: NG-B
    direction: out
    steer:
      device: fermilab-border-2
      interface: TenGigabitEthernet1/1
      next_hop: 192.0.2.1
"""
SECOND_DEVICE = """  - name: fermilab-border-2
    platform: cisco_ios
    simulated: fermilab-border-2.txt
"""


def grown(text: str) -> str:
    """The site with another next hop, another client, and another device for it."""
    turns = (
        ("next_hop: 192.0.2.1\n", "next_hop: 192.0.2.9\n"),
        (
            "groups:\n  - name: NG-A\n",
            "groups:\n  - name: NG-B\n    devices: [fermilab-border-2]\n  - name: NG-A\n",
        ),
        ("clients:\n  - name: CMS-SRM\n", f"clients:\n{LAB}  - name: CMS-SRM\n"),
        ("rules:\n", f"rules:\n{LAB_RULE}"),
        (
            "devices:\n  - name: fermilab-border-1\n",
            f"devices:\n{SECOND_DEVICE}  - name: fermilab-border-1\n",
        ),
    )
    for old, new in turns:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


class Site:
    """A running service in this process, and its site file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "site.yaml"
        self.file.write_text(FERMILAB, encoding="utf-8")
        for name in (FIRST, SECOND):
            (folder / f"{name}.txt").write_text(BORDER.replace(FIRST, name), encoding="utf-8")
        self.settings = Settings(state=folder / "state", site=self.file, port=0)
        self.serving = Serving(self.settings)
        # As another process would have it.
        self.store = open_store(self.settings.database_url)
        self.client: SoapClient

    def __enter__(self) -> "Site":
        self.serving.__enter__()
        self.serving.start_simulators()
        port = self.serving.start_listener().port
        self.serving.start_worker()
        self.serving.start_following()
        self.client = SoapClient(
            "localhost", port, "/lambdastation", namespace=NAMESPACE, pki=self.settings.pki
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.serving.__exit__(None, None, None)
        self.store.close()

    def apply(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")
        apply_site(self.store, read_site_text(self.file), by="tests", now=datetime.now(UTC))

    def open(self, **fields: str) -> int:
        ticket = {**FLOW, "outBW": "1G", "travelTime": "600", **fields}
        order = ["srcClient", "srcIP", "dstSite", "dstIP", "dstPort", "localPath", "outBW", "travelTime"]
        wanted = {name: ticket[name] for name in order if name in ticket}
        return int(self.client.call("openSvcTicket", {"svcTicket": wanted})["localTicketId"])

    def cancel(self, number: int) -> None:
        self.client.call("cancelTicket", {"ticketId": number})

    def state(self, number: int) -> State:
        return self.store.read(lambda session: service.get(session, number)).state

    def running(self, device: str) -> str:
        return self.serving.routers[device].running_config()

    def hop(self, device: str, source: str, port: int) -> str | None:
        packet = Packet(source, "192.84.86.20", "tcp", source_port=40000, destination_port=port)
        return forwarding(self.serving.routers[device].state, CORE, packet)

    def health(self) -> dict[str, object]:
        return self.serving._health()[1]


Wait = Callable[[Callable[[], Any], str], Any]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path) as made:
        yield made


def test_a_running_ticket_is_untouched_and_a_new_one_is_placed_by_the_version_in_force(
    site: Site, wait: Wait
) -> None:
    before = site.running(FIRST)
    old = site.open(dstPort="tcp range 5000-6000")
    wait(lambda: site.state(old) is State.ACTIVE, "the ticket to be active")
    carried, pushes = site.running(FIRST), site.serving.routers[FIRST].pushes
    assert site.hop(FIRST, "131.225.204.10", 5001) == "192.0.2.1"

    site.apply(grown(FERMILAB))
    wait(lambda: site.serving.served.version == 2, "the version to be followed")
    lab = site.open(srcClient="Lab", srcIP="131.225.160.0/24")
    wait(lambda: site.state(lab) is State.ACTIVE, "the ticket over the new device to be active")
    assert site.running(FIRST) == carried
    assert site.serving.routers[FIRST].pushes == pushes
    assert site.hop(SECOND, "131.225.160.10", 22) == "192.0.2.1"

    new = site.open(dstPort="tcp eq 22")
    wait(lambda: site.state(new) is State.ACTIVE, "the ticket with the new next hop to be active")
    assert site.hop(FIRST, "131.225.204.10", 22) == "192.0.2.9"
    assert site.hop(FIRST, "131.225.204.10", 5001) == "192.0.2.1"
    site.cancel(new)
    wait(lambda: site.state(new) is State.RELEASED, "the new ticket to be released")
    assert site.running(FIRST) == carried, "byte for byte"
    for number in (old, lab):
        site.cancel(number)
    wait(lambda: all(site.state(n) is State.RELEASED for n in (old, lab)), "the others to be released")
    assert site.running(FIRST) == before
    assert site.running(SECOND) == before.replace(FIRST, SECOND)


def test_a_device_that_leaves_ends_with_its_simulator_and_may_come_back(site: Site, wait: Wait) -> None:
    site.apply(grown(FERMILAB))
    wait(lambda: SECOND in site.serving.routers, "the simulator to run")
    wait(lambda: any(v.name == SECOND and v.in_sync for v in site.serving.device_views()), "it to be read")
    first = site.serving.routers[FIRST]
    site.apply(FERMILAB)
    wait(lambda: list(site.serving.routers) == [FIRST], "the simulator to end")
    assert [view.name for view in site.serving.device_views()] == [FIRST]
    assert site.serving.routers[FIRST] is first
    site.apply(grown(FERMILAB))
    wait(lambda: SECOND in site.serving.routers, "the simulator to run again")
    lab = site.open(srcClient="Lab", srcIP="131.225.160.0/24")
    wait(lambda: site.state(lab) is State.ACTIVE, "the ticket to be active")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "capacity: 10G\n",
            "capacity: 500M\n",
            "topology red, out: 1G of it are booked, so it cannot be made 500M",
        ),
        (FIRST, "border-9", f"device {FIRST}: reservations that are not over have 2 parts on it"),
    ],
)
def test_what_takes_back_a_promise_is_refused_whole(
    site: Site, wait: Wait, old: str, new: str, told: str
) -> None:
    number = site.open()
    wait(lambda: site.state(number) is State.ACTIVE, "the ticket to be active")
    text = FERMILAB.replace("domains: [fnal]", "domains: [fnal, dune]")
    text = text.replace(old, new) if old == FIRST else text.replace(old, new, 1)
    text = text.replace("simulated: border-9.txt", f"simulated: {FIRST}.txt")
    with pytest.raises(SiteRefused) as refused:
        site.apply(text)
    assert any(told in refusal for refusal in refused.value.refusals)
    assert [one.number for one in site.store.read(lambda s: read_versions(s, limit=9))] == [1]
    site.cancel(number)
    wait(lambda: site.state(number) is State.RELEASED, "the ticket to be released")
    site.apply(text)
    wait(lambda: site.serving.served.version == 2, "the version to be followed")


def test_a_version_that_cannot_be_used_here_is_told_and_the_one_before_goes_on(
    site: Site, wait: Wait
) -> None:
    number = site.open()
    wait(lambda: site.state(number) is State.ACTIVE, "the ticket to be active")
    # Applied where a driver is installed that is not here.
    text = grown(FERMILAB).replace("platform: cisco_ios", "platform: nobody_else", 1)
    applied = SiteText(text.encode(), site.file, site.file)
    site.store.write(lambda session: add_version(session, applied, by="elsewhere", now=datetime.now(UTC)))
    wait(lambda: site.health()["site"] == "behind", "the service to say so")
    assert site.health()["site_version"] == 1
    with pytest.raises(Refused, match="version 2 of the site is in force, not 1"):
        site.open(dstPort="tcp eq 22")
    site.cancel(number)
    wait(lambda: site.state(number) is State.RELEASED, "the ticket to be released")
    site.apply(grown(FERMILAB))
    wait(lambda: site.health()["site"] == "ok", "the service to have caught up")
    assert site.health()["site_version"] == 3
    assert site.open(srcClient="Lab", srcIP="131.225.160.0/24") > number


def test_comments_are_not_kept(site: Site) -> None:
    site.apply(grown(FERMILAB) + "# hunter2\n")
    kept = site.store.read(lambda session: read_versions(session, limit=1))[0]
    assert "hunter2" not in kept.text
    assert kept.sha256 == read_site_text(site.file).sha256
    served = site.store.read(served_version)
    assert served is not None
    assert SECOND in {device.name for device in served.file.devices}
