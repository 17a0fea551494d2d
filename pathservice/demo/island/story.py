"""What happens to an island that is booked, step by step, and the facts it ends on."""

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from lxml import etree

from lab.processes import LabError, wait_for
from pathservice.demo.island.experimenter import Wish
from pathservice.demo.island.island import ACCESS, Guest, Island
from pathservice.demo.island.pings import Ping
from pathservice.demo.island.screen import IslandScreen
from pathservice.demo.island.wires import ADDRESSES, DPID
from pathservice.demo.story import PATIENCE, DemoFailed

VLANS = {"10": "0xffff", "30": "20"}
_SENT = 5
"""So many pings without an answer show that nobody answers."""
_DRAWING = """\
  facility host               gateway                island host
    VLAN 10 --\\                                    /-- untagged
               ===== 3 [VLAN map] 2 ==== [OpenFlow]
    VLAN 30 --/                                    \\-- VLAN 20
"""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Slot:
    """When: so long after everything is ready, and for how long."""

    lead: timedelta = timedelta(seconds=4)
    length: timedelta = timedelta(seconds=5)


def tell(island: Island, guest: Guest, screen: IslandScreen, slot: Slot | None = None) -> bool:
    """Book the island for the guest and see the slot through. True only if every fact held.

    Raises:
        DemoFailed: something took so much longer than planned that the story cannot go on.
        Refused: the service did not take a request.
        LabError: something of the network fails.
    """
    with ExitStack() as opening:
        pings = [opening.enter_context(_ping(island, vlan)) for vlan in ADDRESSES]
        return _Telling(island, guest, screen, slot or Slot(), pings).tell()


def _ping(island: Island, vlan: int) -> Ping:
    return Ping(island.wires.facility, ADDRESSES[vlan], island.folder)


class _Telling:
    def __init__(
        self, island: Island, guest: Guest, screen: IslandScreen, slot: Slot, pings: list[Ping]
    ) -> None:
        self._island = island
        self._guest = guest
        self._screen = screen
        self._slot = slot
        self._pings = pings
        self._facts: list[bool] = []

    def tell(self) -> bool:
        island, screen = self._island, self._screen
        screen.chapter("The island, before")
        screen.words(_DRAWING)
        self._await("the switch to find its default controller", lambda: island.default.met(DPID))
        self._look()
        self._fact("the switch is the default controller's", island.controller() is island.default)
        self._fact("the gateway maps nothing", not island.wires.map())
        self._fact("nobody is let in", island.access.read_text("utf-8") == ACCESS)
        self._silence("no ping gets from the facility to the island")

        screen.chapter("The request")
        wish = self._book()

        screen.chapter("The slot starts")
        at_start = self._start(wish)

        screen.chapter("The slot ends")
        at_end = self._end(wish)

        screen.chapter("Figures")
        screen.figures({**at_start, **at_end})
        return all(self._facts)

    def _book(self) -> Wish:
        calls, screen = self._guest.calls, self._screen
        version = calls.get_version()
        screen.call("GetVersion", {"geni_api": str(version["geni_api"])})
        told = self._await("the gateway to tell of its switch", lambda: _advertised(calls.list_resources()))
        screen.call("ListResources", {"switches": told})
        start = (datetime.now(UTC) + self._slot.lead).replace(microsecond=0)
        wish = Wish(start, start + self._slot.length, VLANS, self._guest.controller.url)
        screen.words("")
        screen.request(wish.rspec())
        screen.words("")
        for method, sliver in (
            ("Allocate", calls.allocate(wish)),
            ("Provision", calls.provision()),
            ("Status", calls.status()),
        ):
            names = ("geni_allocation_status", "geni_operational_status", "geni_expires")
            screen.call(method, {name: sliver[name] for name in names})
        self._fact("the sliver is provisioned", sliver["geni_allocation_status"] == "geni_provisioned")
        return wish

    def _start(self, wish: Wish) -> Mapping[str, str]:
        controller = self._guest.controller
        taken = self._await("the slot", lambda: controller.met(DPID, since=wish.start), until=wish.start)
        first = [self._first_answer(ping) for ping in self._pings]
        ready = self._await(
            "the sliver to be ready",
            lambda: self._guest.calls.status()["geni_operational_status"] == "geni_ready",
        )
        self._look()
        self._fact("the switch is the experimenter's controller's", self._island.controller() is controller)
        self._fact("and was not before the slot", (controller.met(DPID) or wish.end) >= wish.start)
        mapped = "pings get through, VLAN 10 to untagged and 30 to 20, and did not before"
        self._fact(mapped, all(at >= wish.start for at in first))
        self._fact("the project's users are let in", f"+ : ({wish.group}) : ALL" in self._access())
        self._fact("the sliver is ready", ready)
        return {
            "slot start to the switch at the experimenter's controller": _milliseconds(taken - wish.start),
            "slot start to the first ping through": _milliseconds(max(first) - wish.start),
        }

    def _end(self, wish: Wish) -> Mapping[str, str]:
        island = self._island
        back = self._await(
            "the end of the slot", lambda: island.default.met(DPID, since=wish.start), until=wish.end
        )
        self._await("the gateway to be as it was", island.has_default)
        self._look()
        self._fact("the switch is the default controller's again", island.controller() is island.default)
        self._fact("and was not before the slot ended", back >= wish.end)
        self._fact("the gateway maps nothing", not island.wires.map())
        self._silence("no ping gets through any more")
        self._fact("access.conf is byte for byte what it was", self._access() == ACCESS)
        return {"slot end to the switch at the default controller": _milliseconds(back - wish.end)}

    def _first_answer(self, ping: Ping) -> datetime:
        return self._await(
            f"a ping to {ping.address} to get through", lambda: next(iter(ping.answers()), None)
        )

    def _silence(self, sentence: str) -> None:
        """Whether nobody answers what is sent from a little later on."""
        before = [self._sent_since(ping, ping.sent()) for ping in self._pings]
        answered = [len(ping.answers()) for ping in self._pings]
        after = [self._sent_since(ping, sent) for ping, sent in zip(self._pings, before, strict=True)]
        still = [len(ping.answers()) for ping in self._pings]
        self._fact(sentence, answered == still and all(after))

    def _sent_since(self, ping: Ping, number: int) -> int:
        return self._await("pings to be sent", lambda: (sent := ping.sent()) >= number + _SENT and sent)

    def _look(self) -> None:
        island = self._island
        owner = {island.default: "the default one", self._guest.controller: "the experimenter's"}
        controller = owner.get(there, "another's") if (there := island.controller()) else "none"
        self._screen.gateway(controller=controller, flows=island.wires.map(), access=self._access())

    def _access(self) -> str:
        return self._island.access.read_text("utf-8")

    def _fact(self, sentence: str, holds: object) -> None:
        self._facts.append(bool(holds))
        self._screen.fact(sentence, holds=bool(holds))

    def _await(
        self, what: str, fact: Callable[[], Result | None], *, until: datetime | None = None
    ) -> Result:
        """What is true at last; told on the screen if that may take a while."""
        if until is None:
            return wait_for(what, fact)
        found: list[Result] = []
        done = threading.Event()

        def watch() -> None:
            try:
                found.append(wait_for(what, fact, latest=until + PATIENCE))
            except LabError:
                pass
            finally:
                done.set()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        self._screen.wait(what, done, until=until)
        watcher.join()
        if not found:
            raise DemoFailed(f"waited for {what}: nothing happened")
        return found[0]


def _advertised(rspec: str) -> str | None:
    """The switches of an advertisement."""
    root = etree.fromstring(rspec.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    return ", ".join(found.get("dpid", "") for found in root.iter("{http://example.com/aggregate}switch"))


def _milliseconds(span: timedelta) -> str:
    return f"{span.total_seconds() * 1e3:.0f} ms"
