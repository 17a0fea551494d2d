"""What met the flows of a slice's map. Pure. A controller that leads a slice counts nothing here."""

from collections.abc import Mapping, Sequence

from netconfig.carried import GatewayPart
from netconfig.driver import Count
from netconfig.drivers.openvswitch.names import Names
from netconfig.drivers.openvswitch.render import entries_of
from netconfig.transport.openflow_entry import Place


def count_parts(
    parts: Sequence[GatewayPart], names: Names, counts: Mapping[Place, tuple[int, int]]
) -> dict[int, Count]:
    """Packets and octets by part id, of the parts that have a flow there.

    Octets are of whole frames, tag included.
    """
    found = {}
    for part in parts:
        met = [counts[entry.place] for entry in entries_of(part, names) if entry.place in counts]
        if met:
            found[part.part_id] = Count(sum(packets for packets, _ in met), sum(octets for _, octets in met))
    return found
