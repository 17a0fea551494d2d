"""A ticket that is changed while it runs: from the SOAP request to what the router does with each packet."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netconfig.simulator import Packet, forwarding
from reservation import service
from reservation.lifecycle import State
from tests.functional.pathservice.test_site_versions import CORE, FIRST, Site

Wait = Callable[[Callable[[], Any], str], Any]
STEERED = "192.0.2.1"
BOTH, OLD, NEW = (Packet(f"131.225.204.{host}", "192.84.86.5", "tcp", 40000, 5001) for host in (5, 200, 100))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path) as made:
        yield made


def test_packets_of_the_old_and_the_new_stay_on_the_path_at_every_line(site: Site, wait: Wait) -> None:
    router = site.serving.routers[FIRST]

    def hop(packet: Packet) -> str | None:
        return forwarding(router.state, CORE, packet)

    unsteered = hop(NEW)
    number = site.open(srcIP="131.225.204.0/28, 131.225.204.192/26")
    wait(lambda: site.state(number) is State.ACTIVE, "the ticket to be active")
    assert [hop(packet) for packet in (BOTH, OLD, NEW)] == [STEERED, STEERED, unsteered]

    told: list[str | None] = []
    router.after_line = lambda _session, _line: told.append(hop(BOTH))
    change = {"localTicketId": number, "srcIP": "131.225.204.0/28, 131.225.204.96/27"}
    assert site.client.call("updateFlowSpecs", {"svcTicket": change}) == {"updated": "true"}
    wait(
        lambda: site.store.read(lambda session: service.get(session, number)).modifying_since is None,
        "the router to have followed",
    )
    router.after_line = None
    assert set(told) == {STEERED}
    assert [hop(packet) for packet in (BOTH, OLD, NEW)] == [STEERED, unsteered, STEERED]
    assert site.state(number) is State.ACTIVE
    assert not any(part.superseded for part in site.store.read(lambda s: service.list_parts(s, number)))
