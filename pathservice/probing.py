"""Packets sent in a lab to see whether a ticket's path is up: in which lab, and for what.

From the lab's hosts: of each flow that a router steers for the ticket a packet, and beside them one that no
ticket is for, which has to stay on production.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sqlalchemy.orm import Session

from activation.wanted import read_wanted
from lab.following import follow
from lab.lab import Facts, RouterFacts
from lab.named import NamedLab, all_labs
from lab.processes import LabError
from netconfig.intent import FlowMatch, IpAddress, PolicyRoute, load_intent, parse_address
from netconfig.inventory import Device
from pathservice.probe import NotAsked, Question, answer, ask
from pathservice.verify import Probe, Steered, Verdict
from reservation import parts
from reservation.model import PartView
from reservation.part_views import view_part


@dataclass(frozen=True, slots=True)
class Steering:
    """What a ticket has on devices.

    Attributes:
        parts: as others see them.
        steers: what those of them steer that do, by their place in `parts`.
        beside: every flow that a device is to steer, or to steer no more, for whatever ticket, by its name.
    """

    parts: tuple[PartView, ...]
    steers: Mapping[int, PolicyRoute]
    beside: Mapping[str, Sequence[FlowMatch]]

    def without_packets(self) -> dict[int, Steered]:
        """What is known of the parts that steer where none are sent."""
        return {place: Steered(route.next_hop) for place, route in self.steers.items()}


def read_steering(session: Session, ticket: int) -> Steering:
    """What devices are to carry for a ticket, or carry still, far devices first."""
    rows = [row for row in parts.parts_of(session, ticket) if not parts.is_former(row)]
    steers = {
        place: route for place, row in enumerate(rows) if (route := _route(row.intent)) and not row.superseded
    }
    devices = {rows[place].device.name for place in steers}
    return Steering(
        tuple(view_part(row) for row in rows),
        steers,
        {device: _steered(session, device) for device in devices},
    )


def _route(intent: Mapping[str, object]) -> PolicyRoute | None:
    try:
        found = load_intent(intent)
    except ValueError:
        # What another release has stored; its device tells so.
        return None
    return found if isinstance(found, PolicyRoute) else None


def _steered(session: Session, device: str) -> tuple[FlowMatch, ...]:
    # What is to go may be there still.
    intents = (part.intent for part in read_wanted(session, device).parts)
    return tuple(chain.from_iterable(one.flows for one in intents if isinstance(one, PolicyRoute)))


@dataclass(frozen=True, slots=True)
class Ground:
    """A lab whose routers are devices of the site.

    Attributes:
        lab: its name.
        routers: those that are, by the name of the device.
    """

    lab: str
    facts: Facts
    routers: Mapping[str, RouterFacts]

    def probe(self, steering: Steering) -> dict[int, Steered]:
        """Send packets for each part that steers on one of the routers.

        Raises:
            LabError: the lab is not there any more, or not for us to enter.
        """
        told: dict[int, Probe] = {}
        asked: dict[int, Question] = {}
        for place, route in steering.steers.items():
            part = steering.parts[place]
            if part.device in self.routers:
                beside = steering.beside[part.device]
                try:
                    asked[place] = ask(self.routers[part.device], route, _now_to(part, route), beside)
                except NotAsked as error:
                    told[place] = Probe(Verdict.UNKNOWN, str(error))
        ways = iter(follow(self.facts, [packet for each in asked.values() for packet in each.packets]))
        for place, question in asked.items():
            told[place] = answer(question, [next(ways) for _ in question.packets])
        return {place: Steered(route.next_hop, told.get(place)) for place, route in steering.steers.items()}


def ground(lab: NamedLab, devices: Mapping[str, Device]) -> Ground:
    """A lab to send packets in.

    Raises:
        LabError: it is not up, or its routers are others than the site's.
    """
    told = lab.facts()
    if told is None:
        raise LabError(f"lab {lab.name} is not up")
    facts = Facts.from_json(told)
    # A router is where its management answers: every lab has the same names.
    at = {(device.name, device.host, device.port) for device in devices.values()}
    routers = {one.name: one for one in facts.routers if (one.name, one.host, one.port) in at}
    if not routers:
        raise LabError(f"the routers of lab {lab.name} are not those of the site that is served")
    return Ground(lab.name, facts, routers)


def find_ground(folder: Path, devices: Mapping[str, Device]) -> Ground | None:
    """That lab of a folder that has routers of the site; None where there is none, or root alone may see."""
    with suppress(LabError):
        for lab in all_labs(folder):
            with suppress(LabError):
                return ground(lab, devices)
    return None


def _now_to(part: PartView, route: PolicyRoute) -> IpAddress:
    """The next hop to which the packets of a part are led now."""
    return (part.detour and parse_address(part.detour)) or route.next_hop
