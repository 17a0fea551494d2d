"""What the demo does, step by step, and the facts it ends on. How it looks is `screen`'s business."""

import difflib
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from activation.preview import preview
from lambdastation.wire_types import NAMESPACE
from netconfig.driver import Config
from netconfig.simulator import IosRouter, Packet, forwarding
from pathservice.assembly import Assembly
from pathservice.demo.soap import SoapClient
from pathservice.serving import Serving
from pathservice.settings import Settings
from reservation import service
from reservation.lifecycle import FINAL, Outcome, State
from reservation.model import ReservationView, TransitionView

PATIENCE = timedelta(seconds=60)
"""How much later than planned anything may happen before the demo gives up."""


class DemoFailed(Exception):
    """Something did not happen that had to; the message says what."""

    code = "demo-failed"


@dataclass(frozen=True, slots=True)
class Script:
    """What is asked for: a flow of the Fermilab example, and packets that show where it goes."""

    lead: timedelta = timedelta(seconds=4)
    length: timedelta = timedelta(seconds=8)
    request: Mapping[str, str] = field(
        default_factory=lambda: {
            "srcClient": "CMS-SRM",
            "srcIP": "131.225.204.0/24",
            "dstSite": "Caltech",
            "dstIP": "192.84.86.0/24",
            "dstPort": "tcp range 5000-6000",
            "localPath": "StarLight10G",
            "outBW": "2G",
        }
    )
    flow: Packet = field(
        default_factory=lambda: Packet(
            "131.225.204.10", "192.84.86.20", "tcp", source_port=40000, destination_port=5001
        )
    )
    neighbour: Packet = field(
        default_factory=lambda: Packet(
            "131.225.204.10", "192.84.86.20", "tcp", source_port=40000, destination_port=22
        )
    )


class Happening(Protocol):
    """Who shows what happens, and whether it had to."""

    def chapter(self, title: str) -> None:
        """A heading."""

    def wait(self, what: str, done: "threading.Event", *, until: datetime) -> None:
        """Show progress until it is done."""

    def fact(self, sentence: str, *, holds: bool) -> None:
        """One thing that had to be so."""


class Screen(Happening, Protocol):
    """Who shows the story."""

    def site(self, assembly: Assembly, address: str) -> None:
        """The site and where the service answers."""

    def request(self, envelope: str) -> None:
        """What goes over the wire."""

    def answer(self, answer: Mapping[str, str]) -> None:
        """What came back."""

    def plan(self, lines: str) -> None:
        """What would be sent to the router."""

    def router(self, sections: str, *, lines: int) -> None:
        """The sections of a router's configuration that a ticket may touch, of so many lines in all."""

    def difference(self, lines: list[str]) -> None:
        """A unified diff; empty where there is none."""

    def history(self, moves: tuple[TransitionView, ...]) -> None:
        """Every move of the ticket."""


def tell(settings: Settings, screen: Screen, script: Script | None = None) -> bool:
    """Run the whole story. True only if every fact held.

    Raises:
        DemoFailed: something took so much longer than planned that the story cannot go on.
    """
    script = script or Script()
    with Serving(settings) as assembly:
        assembly.start_simulators()
        assembly.start_worker()
        port = assembly.start_listener().port
        return _Telling(assembly, screen, script, port).tell()


class _Telling:
    def __init__(self, assembly: Serving, screen: Screen, script: Script, port: int) -> None:
        self._assembly = assembly
        self._screen = screen
        self._script = script
        self._client = SoapClient(
            "localhost", port, "/lambdastation", namespace=NAMESPACE, pki=assembly.settings.pki
        )
        self._address = f"https://localhost:{port}/lambdastation"
        self._facts: list[bool] = []

    def tell(self) -> bool:
        screen = self._screen
        screen.chapter("The site")
        screen.site(self._assembly, self._address)

        name, router, interface = self._router()
        before = router.running_config()
        reading = self._read(name)
        screen.chapter(f"The router {name}, before")
        screen.router(self._sections(before), lines=len(before.splitlines()))

        screen.chapter("The request")
        ticket = self._open()

        screen.chapter("The plan")
        self._show_plan(name, ticket, reading)

        screen.chapter("The slot starts")
        at_start = self._reach(ticket, State.ACTIVE, f"ticket {ticket} to become active")
        during = router.running_config()
        screen.difference(_diff(before, during, f"{name} before", f"{name} during"))
        self._fact("the ticket is active", at_start.state is State.ACTIVE)
        listed = f"ip access-list extended LS-{self._assembly.file.site.station}-{ticket}"
        self._fact("the router carries it", listed in during.splitlines())
        steered = forwarding(router.state, interface, self._script.flow)
        beside = forwarding(router.state, interface, self._script.neighbour)
        self._fact(f"a packet of the flow now leaves towards {steered}", steered is not None)
        self._fact("a packet beside the flow stays on the production path", beside is None)

        screen.chapter("The slot ends")
        at_end = self._reach(ticket, State.RELEASED, f"ticket {ticket} to be released")
        after = router.running_config()
        screen.difference(_diff(before, after, f"{name} before", f"{name} after"))
        self._fact("the router is byte for byte what it was", after == before)
        self._fact("so is its startup configuration", router.startup_config() == before)
        self._fact("the ticket completed", at_end.outcome is Outcome.COMPLETED)

        screen.chapter("The ticket's history")
        screen.history(self._assembly.store.read(lambda session: service.history(session, ticket)))
        return all(self._facts)

    def _fact(self, sentence: str, holds: bool) -> None:
        self._facts.append(holds)
        self._screen.fact(sentence, holds=holds)

    def _router(self) -> tuple[str, IosRouter, str]:
        rule = next(rule for rule in self._assembly.file.site.rules if rule.steer is not None)
        assert rule.steer is not None  # noqa: S101 - chosen so
        return rule.steer.device, self._assembly.routers[rule.steer.device], rule.steer.interface

    def _sections(self, configuration: str) -> str:
        rules = self._assembly.file.site.rules
        headers = {f"interface {rule.steer.interface}" for rule in rules if rule.steer}
        headers |= {f"ip access-list extended {rule.admit.access_list}" for rule in rules if rule.admit}
        shown, inside = [], False
        for line in configuration.splitlines():
            if not line.startswith(" "):
                inside = line in headers
            if inside:
                shown.append(line)
        return "\n".join(shown)

    def _open(self) -> int:
        start = (datetime.now(UTC) + self._script.lead).replace(microsecond=0)
        arguments = {
            "svcTicket": {
                **self._script.request,
                "boardTime": start.isoformat().replace("+00:00", "Z"),
                "travelTime": str(int(self._script.length.total_seconds())),
            },
            "mode": "new",
        }
        self._screen.request(self._client.envelope("openSvcTicket", arguments).decode())
        answer = self._client.call("openSvcTicket", arguments)
        self._screen.answer(answer)
        return int(answer["localTicketId"])

    def _read(self, name: str) -> Config:
        with closing(self._assembly.driver(name)) as driver:
            return driver.read()

    def _show_plan(self, name: str, ticket: int, reading: Config) -> None:
        # Against the router as it was before the request: on a slow machine the slot may have begun by now.
        with closing(self._assembly.driver(name)) as driver:
            found = preview(self._assembly.store, name, driver, as_if=ticket, actual=reading)
        self._screen.plan(str(found.plan))
        serving = bool(found.plan) and all(line.parts for line in found.plan.lines)
        self._fact("every line of it is there for the ticket", serving)

    def _reach(self, ticket: int, state: State, what: str) -> ReservationView:
        done = threading.Event()
        view = self._view(ticket)
        planned = view.slot.start if state is State.ACTIVE else view.slot.end
        watcher = threading.Thread(
            target=self._watch, args=(ticket, state, planned + PATIENCE, done), daemon=True
        )
        watcher.start()
        self._screen.wait(what, done, until=planned)
        watcher.join()
        view = self._view(ticket)
        if view.state is not state:
            raise DemoFailed(
                f"waited for {what}: it is {view.state}{f', {view.reason}' if view.reason else ''}"
            )
        return view

    def _watch(self, ticket: int, state: State, latest: datetime, done: threading.Event) -> None:
        pause = threading.Event()
        while datetime.now(UTC) < latest:
            if self._view(ticket).state in {state, *FINAL}:
                break
            pause.wait(0.05)
        done.set()

    def _view(self, ticket: int) -> ReservationView:
        return self._assembly.store.read(lambda session: service.get(session, ticket))


def _diff(before: str, after: str, was: str, is_: str) -> list[str]:
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), was, is_, lineterm="", n=2))
