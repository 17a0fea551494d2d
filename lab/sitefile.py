"""The site file of a lab: one service has the border routers of both sites, and moves flows both ways."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.routers import Kind, Running
from lab.sites import ALTERNATES, EAST, INSIDE, PATHS, SIDES, STATION, WEST, Side
from lab.sites import Path as Way

_NEXT_HOPS = {4: "next_hop", 6: "next_hop_ipv6"}
_HEADER = """\
# The lab's two sites, written by `pathservice lab up`. Traffic between west and east takes blue; a ticket for
# client west to peer east puts it on red or green, both ways: out at west's router, in at east's.
"""


HopsDown = Mapping[str, Mapping[str, str]]
"""By colour what its rules say, in the site file's words, of a next hop that does not answer:
`{"red": {"next_hop_down": "fallback", "fallback": "green"}}`."""


def write_site_file(
    file: Path, kinds: Mapping[str, Kind], routers: Mapping[str, Running], hops_down: HopsDown
) -> None:
    """Write it; kinds and routers by the name of the site."""
    borders = [side.router for side in SIDES]
    content = {
        "name": "Lab",
        "station": STATION,
        "domains": ["west"],
        "dscp_pool": "48-55",
        "topologies": [_topology(path) for path in PATHS],
        "groups": [{"name": "borders", "devices": borders}],
        "clients": [{"name": "west", "prefixes": _prefixes(WEST), "groups": ["borders"]}],
        "peers": [
            {
                "name": "east",
                "prefixes": _prefixes(EAST),
                "clients": [{"name": "east", "prefixes": _prefixes(EAST)}],
                "domains": ["east"],
                "default_client": "west",
                "default_topology": ALTERNATES[0].colour,
            }
        ],
        "rules": [
            _rule(path, side, kinds[side.name], hops_down.get(path.colour, {}))
            for path in ALTERNATES
            for side in SIDES
        ],
        "authorization": [
            {"action": "allow", "subject": "CN=Example User,OU=Demo,O=Path Service"},
            {"action": "allow", "subject": "CN=Operator,OU=Demo,O=Path Service", "operator": True},
        ],
        "devices": [
            {
                "name": side.router,
                "platform": kinds[side.name].platform,
                "host": routers[side.name].host,
                "port": routers[side.name].port,
                **routers[side.name].login.references(),
                "host_key": routers[side.name].host_key,
            }
            for side in SIDES
        ],
    }
    file.write_text(_HEADER + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _topology(path: Way) -> dict[str, Any]:
    common = {"name": path.colour, "path": path.name, "capacity": f"{path.megabits}M"}
    return common | ({"production": True} if path.production else {"default_bandwidth": "10M"})


def _rule(path: Way, side: Side, kind: Kind, hop_down: Mapping[str, str]) -> dict[str, Any]:
    return {
        "topology": path.colour,
        "client": "*",
        "group": "borders",
        "direction": "out" if side is WEST else "in",
        "steer": {
            "device": side.router,
            "interface": kind.interfaces[INSIDE],
            **{_NEXT_HOPS[family]: str(path.address(side.other, family)) for family in kind.families},
            **hop_down,
        },
    }


def _prefixes(side: Side) -> list[str]:
    return [str(side.ipv4), str(side.ipv6)]
