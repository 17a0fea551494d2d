"""A lab with the real service beside it, whose clock can be put ahead: for tickets with traffic."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from activation.devices import view_changes, view_devices
from lab.lab import Lab
from lab.processes import wait_for
from lab.routers.simulated import Clock, Simulated, SimulatedRouter
from lab.sitefile import HopsDown
from lab.sites import EAST, SIDES, WEST, Side
from lambdastation.caller import Caller
from lambdastation.ticket import Mode, Ticket, TicketQuery, TicketRequest
from pathservice.serving import Serving
from pathservice.settings import Settings
from reservation import service
from reservation.lifecycle import FINAL, State
from tests.functional.lab.flows import Flow, Watch

HOUR = timedelta(hours=1)
CLIENTS = [Caller(f"CN=Client {number},O=Lab", "CN=Lab CA") for number in range(1, 6)]
CLIENT = CLIENTS[0]
OPERATOR = Caller("CN=Operator", "CN=Lab CA", local=True)
LIVE = (State.SCHEDULED, State.ACTIVATING, State.ACTIVE)
_KERNEL = (
    ("nft", "--stateless", "list", "ruleset"),
    *(
        ("ip", family, what, "show", *of)
        for family in ("-4", "-6")
        for what, of in (("rule", ()), ("route", ("table", "all")))
    ),
)
_SENT = 4


class AheadClock:
    """The machine's, put ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Stage:
    """Routers, and what a test does to tickets.

    Attributes:
        simulated: those of the routers that are, by the site's name; the others are the kernel's.
        flows: those that are open, by port.
    """

    lab: Lab
    serving: Serving
    clock: AheadClock
    simulated: dict[str, SimulatedRouter]
    closing: ExitStack
    flows: dict[int, Flow] = field(default_factory=dict)

    def flow(self, port: int) -> Flow:
        """That to a port of east-1."""
        if port not in self.flows:
            self.flows[port] = self.closing.enter_context(Flow(self.lab, port))
        return self.flows[port]

    def ask(
        self,
        ports: str,
        *,
        by: str = "red",
        caller: Caller = CLIENT,
        mode: Mode = Mode.NEW,
        start: datetime | None = None,
        length: timedelta = HOUR,
    ) -> Ticket:
        """Ask for a ticket for such ports of east-1, in the words of the wire."""
        request = TicketRequest(
            src_client=WEST.name,
            src_ip=f"{WEST.address(4, 1)}/32",
            dst_site=EAST.name,
            dst_ip=f"{EAST.address(4, 1)}/32",
            dst_port=ports,
            local_path=by,
            start_at=start,
            travel_seconds=int(length.total_seconds()),
        )
        return self.serving.tickets.open_ticket(request, caller=caller, mode=mode)

    def active(self, ports: str, *, by: str = "red", caller: Caller = CLIENT, mode: Mode = Mode.NEW) -> int:
        """A ticket that routers carry."""
        number = self.ask(ports, by=by, caller=caller, mode=mode).ticket_id
        self.until_state(State.ACTIVE, number)
        return number

    def ticket(self, number: int) -> Ticket:
        """It as it stands."""
        return self.serving.tickets.get_ticket(number, caller=CLIENT)

    def give_up(self, number: int, caller: Caller = CLIENT) -> None:
        """End the caller's part in it."""
        self.serving.tickets.cancel_ticket(number, caller=caller)

    def over(self, *numbers: int) -> None:
        """Give tickets up, and see them over."""
        for number in numbers:
            self.give_up(number)
        self.until_over(*numbers)

    def until_over(self, *numbers: int) -> None:
        """Wait for them to be over, devices included."""
        for number in numbers:
            wait_for(f"ticket {number} to be over", lambda n=number: self.ticket(n).state in FINAL)  # type: ignore[misc]

    def over_with_all(self) -> None:
        """End what a test that failed has left."""
        tickets = self.serving.tickets
        left = tickets.list_tickets(TicketQuery(states=LIVE), caller=OPERATOR).tickets
        for ticket in left:
            tickets.cancel_ticket(ticket.ticket_id, caller=OPERATOR)
        self.until_over(*(ticket.ticket_id for ticket in left))

    def until_state(self, state: State, *numbers: int) -> None:
        """Wait for them to be in that state; none may be over instead."""

        def has_come(number: int) -> bool:
            found = self.ticket(number)
            assert found.state is state or found.state not in FINAL, found
            return found.state is state

        for number in numbers:
            wait_for(f"ticket {number} to be {state}", lambda n=number: has_come(n))  # type: ignore[misc]

    def until_settled(self) -> None:
        """Wait until the worker has seen all that is so by now, and the routers are as they should be."""
        worker, asked = self.serving.worker, self.clock.now()
        assert worker is not None

        def is_settled() -> bool:
            struck = worker.struck_at
            return (
                struck is not None
                and struck >= asked
                and all(device.in_sync for device in self.serving.store.read(view_devices))
            )

        wait_for("the routers to be as they should", is_settled)

    def until_modified(self, number: int) -> None:
        """Wait until the routers carry a ticket as it was changed, and nothing of what it was."""
        store = self.serving.store
        wait_for(
            f"ticket {number} to be modified",
            lambda: store.read(lambda session: service.get(session, number)).modifying_since is None,
        )

    def ways(self, *ports: int) -> list[tuple[set[str], set[str]]]:
        """By which paths each flow leaves west now, and its answers east: all of a few packets."""
        flows = [self.flow(port) for port in ports]
        watch = self.watch(*ports)
        for flow in flows:
            for _ in range(_SENT):
                flow.pass_one()
        found = watch.left()
        assert all(sum(way.values()) == _SENT for both in found.values() for way in both), found
        return [(set(west), set(east)) for west, east in (found[port] for port in ports)]

    def watch(self, *ports: int) -> Watch:
        """Count flows from now on."""
        return Watch(self.lab, [self.flow(port) for port in ports])

    def text(self) -> str:
        """All that both routers are configured to do; what is counted, and what counts, left out."""
        return "\n".join(self._text_of(side) for side in SIDES)

    def _text_of(self, side: Side) -> str:
        if side.name in self.simulated:
            return self.simulated[side.name].running_config()
        kernel = "".join(self.lab.wires.routers[side.name].run(*look) for look in _KERNEL)
        kernel, _, rest = kernel.partition("table inet watch {")
        return kernel + rest.partition("\n}\n")[2]

    def pushes(self) -> int:
        """How many there were, to both routers."""
        return sum(
            len(self.serving.store.read(lambda s, d=side.router: view_changes(s, d, limit=1000)))  # type: ignore[misc]
            for side in SIDES
        )


@contextmanager
def stage(
    folder: Path,
    west: str = "cisco_ios",
    east: str = "linux_nft",
    hops_down: HopsDown = MappingProxyType({}),
    **settings: Any,
) -> Iterator[Stage]:
    """Everything, while the block lasts; `hops_down` is the lab's, the settings are the service's."""
    made: dict[str, SimulatedRouter] = {}
    (folder / "lab").mkdir()
    lab = Lab(folder / "lab", {WEST.name: west, EAST.name: east}, hops_down=hops_down)
    for side, kind in lab.kinds.items():
        if isinstance(kind, Simulated):
            lab.kinds[side] = replace(kind, make=_remembering(kind.make, made))
    clock = AheadClock()
    with ExitStack() as closing:
        closing.enter_context(lab)
        given = {"state": folder / "state", "site": _site_file(lab, folder), "count_every": 0, **settings}
        serving = closing.enter_context(Serving(Settings(**given), clock=clock))
        serving.start_worker()
        found = Stage(lab, serving, clock, made, closing)
        wait_for(
            "the routers to be read", lambda: all(view.read_at for view in serving.store.read(view_devices))
        )
        yield found


def _remembering(
    make: Callable[[Side, Path, Clock], SimulatedRouter], made: dict[str, SimulatedRouter]
) -> Callable[[Side, Path, Clock], SimulatedRouter]:
    def remember(side: Side, nvram: Path, clock: Clock) -> SimulatedRouter:
        made[side.name] = make(side, nvram, clock)
        return made[side.name]

    return remember


def _site_file(lab: Lab, folder: Path) -> Path:
    """The lab's, where several may ask for tickets."""
    site = yaml.safe_load(lab.site_file.read_text(encoding="utf-8"))
    site["authorization"] += [{"action": "allow", "subject": client.subject} for client in CLIENTS]
    file = folder / "site.yaml"
    file.write_text(yaml.safe_dump(site), encoding="utf-8")
    return file
