"""Which next hops answer a router, from Junos' answer to `ping`. Pure."""

from netconfig.drivers.juniper_junos.tree import Element
from netconfig.errors import StateUnknown
from netconfig.intent import IpAddress

PROBES = 2
"""So that one whose hardware address has yet to be asked for is found."""
PATIENCE = 1
"""Seconds that an answer to the last of them is waited for."""
HOPS = 1
"""Routers that a probe may meet: a neighbour answers; what would have to go another way round is lost."""
_NO_WAY = ("No route to host", "Host is down", "Network is down", "Network is unreachable")
"""What Junos says where it cannot even send: then nobody can answer from there."""


def answers(device: str, next_hop: IpAddress, reply: Element) -> bool:
    """Whether it did.

    Raises:
        StateUnknown: the router does not tell.
    """
    results = reply.find("ping-results")
    if results is None:
        raise StateUnknown(device, f"its answer tells not whether next hop {next_hop} answers")
    sent = _said(results, "probe-results-summary/probes-sent")
    received = _said(results, "probe-results-summary/responses-received")
    if sent.isdecimal() and received.isdecimal() and int(sent) > 0:
        return int(received) > 0
    words = _said(results, "ping-error-message") or _said(results, "ping-failure") or "no probe was sent"
    return refused(device, next_hop, words)


def refused(device: str, next_hop: IpAddress, words: str) -> bool:
    """What it means that no probe could be sent: False where the router knows no way to the next hop.

    Raises:
        StateUnknown: it may answer for all that is known.
    """
    if any(known in words for known in _NO_WAY):
        return False
    raise StateUnknown(device, f"it does not tell whether next hop {next_hop} answers: {words}")


def _said(element: Element, path: str) -> str:
    return " ".join((element.findtext(path) or "").split())
