"""What two sites and the paths between them are: names, addresses, widths. Pure.

    west-1 --+                                                  +-- east-1
             |-- [west] ==== blue, red, green: a path each ==== [east] --|
    west-2 --+                                                  +-- east-2

Each lab has the same addresses: no two share a network.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from netconfig.intent import IpAddress

STATION = "LAB"
"""What the two sites are called together: one service has both of their routers."""
INSIDE = "inside"
"""The device of a router at which its site's hosts are."""
HOSTS = 2
"""At each site."""
MEGABIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Path:
    """A way from one site to the other; a device of that name is its end on each router.

    Attributes:
        colour: what the site file calls it.
        name: what people call it.
        mtu: bytes.
        megabits: a second, each way.
    """

    colour: str
    name: str
    mtu: int
    megabits: int
    ipv4: IPv4Network
    ipv6: IPv6Network
    production: bool = False

    @property
    def mark(self) -> int:
        """Of packets that are led here, and the number of their table."""
        return 1 + PATHS.index(self)

    def address(self, side: "Side", family: int) -> IpAddress:
        """Of a site's end; the other site's next hop."""
        network = self.ipv4 if family == 4 else self.ipv6
        return network[1 + side.number]


@dataclass(frozen=True, slots=True)
class Side:
    """A site: a router, and hosts on one network."""

    name: str
    number: int
    ipv4: IPv4Network
    ipv6: IPv6Network

    @property
    def other(self) -> "Side":
        """The other site."""
        return SIDES[1 - self.number]

    @property
    def router(self) -> str:
        """What the site file calls the router."""
        return f"{self.name}-border"

    def host(self, number: int) -> str:
        """A host's name, of `HOSTS`, counted from 1."""
        return f"{self.name}-{number}"

    def address(self, family: int, host: int = 0) -> IpAddress:
        """A host's; 0 is the router's own."""
        network = self.ipv4 if family == 4 else self.ipv6
        return network[10 + host if host else 1]


PATHS = (
    Path(
        "blue",
        "ESnet",
        1500,
        100,
        IPv4Network("192.0.2.0/30"),
        IPv6Network("2001:db8:1::/64"),
        production=True,
    ),
    Path("red", "StarLight", 9000, 1000, IPv4Network("198.51.100.0/30"), IPv6Network("2001:db8:2::/64")),
    Path("green", "UltraScience", 9000, 1000, IPv4Network("203.0.113.0/30"), IPv6Network("2001:db8:3::/64")),
)
PRODUCTION = PATHS[0]
ALTERNATES = PATHS[1:]
SIDES = (
    Side("west", 0, IPv4Network("10.1.0.0/24"), IPv6Network("2001:db8:a::/64")),
    Side("east", 1, IPv4Network("10.2.0.0/24"), IPv6Network("2001:db8:b::/64")),
)
WEST, EAST = SIDES
DEVICES = (INSIDE, *(path.colour for path in PATHS))
"""Of each router."""
LARGEST_MTU = max(path.mtu for path in PATHS)
