"""What leaves a network by which device, counted by the kernel."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lab.network import Host

TABLE = "watch"


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted: packets, several segments of a host's may be one, and their bytes with headers."""

    packets: int
    packet_bytes: int


def start_counting(network: Host, rules: Mapping[str, str]) -> None:
    """Count what leaves from now on, and forget what was counted.

    Args:
        rules: by a name of letters, digits and `_`, what nftables matches: `oifname "red" tcp dport 5001`.

    Raises:
        CommandRefused: a rule is none.
    """
    lines = (
        f"add table inet {TABLE}",
        f"delete table inet {TABLE}",
        f"table inet {TABLE} {{",
        *(f"counter {name} {{ }}" for name in rules),
        "chain leaving {",
        "type filter hook postrouting priority 0;",
        *(f"{rule} counter name {name}" for name, rule in rules.items()),
        "}",
        "}\n",
    )
    network.run("nft", "-f", "-", typed="\n".join(lines))


def tallies(network: Host) -> Mapping[str, Tally]:
    """What was counted since `start_counting`, by the names of the rules."""
    told = json.loads(network.run("nft", "-j", "list", "counters", "table", "inet", TABLE))
    found = (entry["counter"] for entry in told["nftables"] if "counter" in entry)
    return {one["name"]: Tally(one["packets"], one["bytes"]) for one in found}
