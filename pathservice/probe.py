"""Which packets tell whether a router of a lab steers what it should, and what their ways tell. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.following import Way
from lab.lab import RouterFacts
from lab.packets import Packet, packet_beside, packet_of
from lab.routers import kind_of
from lab.sites import INSIDE, PATHS, PRODUCTION, SIDES
from netconfig.intent import FlowMatch, IpAddress, PolicyRoute
from pathservice.verify import Probe, Verdict

UP, NOT_UP, UNKNOWN = Verdict.UP, Verdict.NOT_UP, Verdict.UNKNOWN


class NotAsked(Exception):
    """No packet of the lab can tell; the message says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a router leads a ticket's packets, and no others, to a path.

    Attributes:
        router: its name.
        path: the colour of the path.
        own: packets of the ticket, at least one.
        beside: one that no ticket is for; None where the lab has none.
        unseen: how many of its flows no host of the lab has packets of.
    """

    router: str
    path: str
    own: tuple[Packet, ...]
    beside: Packet | None
    unseen: int = 0

    @property
    def packets(self) -> tuple[Packet, ...]:
        """All that are to be sent."""
        return self.own if self.beside is None else (*self.own, self.beside)


def ask(router: RouterFacts, steers: PolicyRoute, to: IpAddress, steered: Sequence[FlowMatch]) -> Question:
    """What is to be sent to see whether the router does that.

    Args:
        to: the next hop to which packets are led now: that of `steers`, or its fallback.
        steered: every flow that the router may steer, for whatever ticket.

    Raises:
        NotAsked: there is no such next hop, or there are no hosts at whose packets it would be seen.
    """
    side = next(side for side in SIDES if side.name == router.site)
    if steers.interface != kind_of(router.platform).interfaces[INSIDE]:
        raise NotAsked(f"the lab has no hosts at {steers.interface}")
    path = next((path for path in PATHS if path.address(side.other, to.version) == to), None)
    if path is None:
        raise NotAsked(f"the lab has no path to {to}")
    found = [packet_of(flow, side) for flow in steers.flows]
    own = tuple(dict.fromkeys(packet for packet in found if packet is not None))
    if not own:
        raise NotAsked("no host of the lab has packets of it")
    beside = packet_beside(own[0], (*steered, *steers.flows), side)
    return Question(router.name, path.colour, own, beside, unseen=found.count(None))


def answer(question: Question, ways: Sequence[Way]) -> Probe:
    """What the ways of the question's packets tell, in their order.

    A packet of the ticket has to come to the other site's hosts by the path; where its router had it and it
    did not, the path is not up. The one beside has to go by production; where it is lost nobody can tell
    whether the router steers more than it should. One that never came to a router tells nothing of it.
    """
    own = [_followed(question, way) for way in ways[: len(question.own)]]
    failed = [(packet, one) for packet, one in zip(question.own, own, strict=True) if one.verdict is not UP]
    if not failed:
        verdict, words = UP, f"{_packets(question.own)} went by {question.path}"
    else:
        # What is certain goes before what is open.
        packet, worst = min(failed, key=lambda each: each[1].verdict is not NOT_UP)
        verdict, words = worst.verdict, _failure(question, packet, worst)
    if question.unseen:
        words += f"; no host of the lab has packets of {question.unseen} more of its flows"
    if question.beside is None:
        return Probe(verdict, f"{words}; the lab has no packet that should stay on {PRODUCTION.colour}")
    stays = _stays(question.beside, ways[-1])
    return Probe(_worse(verdict, stays.verdict), f"{words}; {stays.words}")


def _failure(question: Question, packet: Packet, found: Probe) -> str:
    among = "" if len(question.own) == 1 else f"of {len(question.own)} packets of it, "
    return f"{among}{packet} {found.words}"


def _followed(question: Question, way: Way) -> Probe:
    """A packet of the ticket."""
    if way.came_by not in {None, question.path}:
        return Probe(NOT_UP, f"went by {way.came_by}, not by {question.path}")
    if way.arrived:
        return Probe(UP, f"went by {question.path}")
    if way.came_by is not None:
        return Probe(NOT_UP, f"came to the other site by {way.came_by}, and was thrown away there")
    if way.left_by is not None:
        return Probe(NOT_UP, f"left {question.router} by {way.left_by}, and did not come to the other site")
    if way.entered:
        return Probe(NOT_UP, f"came to {question.router}, and did not leave it")
    return Probe(UNKNOWN, f"did not come to {question.router}")


def _stays(packet: Packet, way: Way) -> Probe:
    """A packet that no ticket is for."""
    named = f"{packet}, which no ticket is for,"
    if way.arrived and way.came_by == PRODUCTION.colour:
        return Probe(UP, f"{named} by {PRODUCTION.colour}")
    astray = way.came_by or way.left_by
    if astray not in {None, PRODUCTION.colour}:
        return Probe(NOT_UP, f"it steers more than it should: {named} went by {astray}")
    return Probe(UNKNOWN, f"whether it steers more cannot be told: {named} was lost")


def _worse(one: Verdict, other: Verdict) -> Verdict:
    return next(each for each in (NOT_UP, UNKNOWN, UP) if each in {one, other})


def _packets(packets: Sequence[Packet]) -> str:
    return str(packets[0]) if len(packets) == 1 else f"{len(packets)} packets like {packets[0]}"
