"""Tickets whose next hop is watched, for the tests of what becomes of them."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

from activation.devices import NextHopView
from netconfig.intent import HopDown, dump_intent
from tests.unit.activation.conftest import HOUR, NEAR, ROUTE, House

HOP, BACK = "192.0.2.1", "192.0.2.9"
WITHDRAWN = dump_intent(replace(ROUTE, next_hop_down=HopDown()))
FALLS_BACK = dump_intent(replace(ROUTE, next_hop_down=HopDown(ip_address(BACK))))
ASKED = timedelta(seconds=5)
"""How often a device is asked."""
NOT_ANSWERING = f"next hop {HOP} does not answer"
HERE = ((NEAR, 0),)


def steer(house: House, intent: dict[str, object] = WITHDRAWN, *, length: timedelta = HOUR) -> int:
    """A ticket on the near box alone, begun as far as its next hops let it."""
    number = house.book(stages=HERE, intent=intent, length=length)
    house.run()
    return number


def watch(house: House, times: int = 1) -> None:
    """Let the box be asked so many times, and brought to what follows of it."""
    for _ in range(times):
        house.clock.forward(ASKED)
        house.ask_devices()
        house.run()


def ways(house: House) -> list[str]:
    """The next hops of what the near box carries, in the order in which it does."""
    return [line.partition(" via ")[2].partition(" ")[0] for line in house.near.ours]


def hop(house: House, address: str = HOP) -> NextHopView:
    """What is known of one that is watched."""
    return {view.address: view for view in house.device(NEAR).next_hops}[address]
