"""What a simulated router does to packets, in nobody's dialect: what a data plane is made from."""

from dataclasses import dataclass

from netconfig.intent import FlowMatch, IpAddress


@dataclass(frozen=True, slots=True)
class Steer:
    """Packets of `flow` that enter by `interface` leave towards `next_hop`.

    Of a router's, in their order, the first that fits a packet decides; if none does it is routed normally.

    Attributes:
        interface: by the device's own full name of it.
        next_hop: None for packets that are routed normally whatever comes after.
    """

    interface: str
    flow: FlowMatch
    next_hop: IpAddress | None
