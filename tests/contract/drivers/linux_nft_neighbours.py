"""The neighbours of a Linux router of the tests: each a device with an address of its own, that answers.

All of them are in one namespace, behind the far ends of the router's links; whoever looks at what comes out
there sees it before they do.
"""

from collections.abc import Iterator

from lab.network import Host
from netconfig.intent import IpAddress
from tests.contract.drivers.linux_nft_scripts import NEIGHBOURS

PEER = {"eth0": "peer0", "eth1": "peer1"}
ROUTER = {
    "eth0": (("192.0.2.254", "02:00:00:00:01:00"), ("2001:db8:1::1", "02:00:00:00:01:00")),
    "eth1": (("198.51.100.254", "02:00:00:00:01:01"),),
}
_SETTINGS = {
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/conf/all/arp_ignore": "1",
    "ipv6/conf/default/accept_dad": "0",
    "ipv6/conf/default/accept_ra": "0",
}


class Neighbours:
    """They answer until they are silenced. Made where the links' far ends are."""

    def __init__(self) -> None:
        self._host = Host()
        for key, value in _SETTINGS.items():
            self._host.set(key, value)
        self._addresses = {
            address: (f"next{number}", f"{address}/{'64' if ':' in address else '24'}")
            for number, (_, address) in enumerate(NEIGHBOURS.values())
        }
        self._silent: set[str] = set()

    @property
    def devices(self) -> Iterator[str]:
        """Lines for `ip` that make their devices from the far ends of the links, and leave them with them."""
        for number, (mac, (link, _)) in enumerate(NEIGHBOURS.items()):
            name = f"next{number}"
            made = f"link add link {PEER[link]} name {name} address {mac} netns {self._host.path}"
            yield f"{made} type macvlan mode private"

    def settle(self) -> None:
        """Give them their addresses, once they have their devices."""
        self._host.batch("ip", self._settled())

    def _settled(self) -> Iterator[str]:
        for device, address in self._addresses.values():
            yield f"link set {device} up addrgenmode none"
            yield f"address add {address} dev {device}"
        for number, (link, _) in enumerate(NEIGHBOURS.values()):
            for address, mac in ROUTER[link]:
                yield f"neighbour replace {address} lladdr {mac} dev next{number}"

    def silence(self, address: IpAddress) -> None:
        """Nobody has the address any more."""
        device, with_length = self._addresses[str(address)]
        self._host.run("ip", "address", "del", with_length, "dev", device)
        self._silent.add(str(address))

    def wake(self, address: IpAddress | str) -> None:
        """Somebody has it again."""
        device, with_length = self._addresses[str(address)]
        self._host.run("ip", "address", "add", with_length, "dev", device)
        self._silent.remove(str(address))

    def wake_all(self) -> None:
        """As it was at first."""
        for address in sorted(self._silent):
            self.wake(address)

    def close(self) -> None:
        self._host.close()
