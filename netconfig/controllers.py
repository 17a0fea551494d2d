"""Where a slice's controller may be: a user names it, and it is the gateway that connects there.

Without a word of the operator's it may be anywhere but on the gateway itself, or where no host of its own
can be. The gateway's management network is the operator's to name. Addresses are judged, never names.
"""

import errno
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_OURS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class ControllerPolicy(BaseModel):
    """Which addresses a slice's controller may have; anywhere but on the gateway if nothing is said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow: Annotated[
        tuple[IPvAnyNetwork, ...],
        Field(description="Networks where it may be, even if that is the gateway itself"),
    ] = ()
    deny: Annotated[
        tuple[IPvAnyNetwork, ...],
        Field(description="Networks where it may not be, whatever is allowed: the management network"),
    ] = ()

    def objection(self, written: str) -> str:
        """Why it may not be at that address; empty if it may. What is no address is objected to."""
        try:
            address = _plain(ip_address(written.partition("%")[0]))
        except ValueError:
            return f"{written[:80]} is no address, and a name cannot be judged here"
        if network := _among(address, self.deny):
            return f"{address} is in {network}, where this gateway lets no controller be"
        if _among(address, self.allow):
            return ""
        if kind := _kind(address):
            return f"{address} is {kind}, where this gateway lets no controller be"
        return ""


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as one of IPv6 is the same place."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _among(address: Address, networks: tuple[Network, ...]) -> Network | None:
    return next((network for network in networks if address in network), None)


def _kind(address: Address) -> str:
    """What no controller of a user's can have, in words."""
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_unspecified or (address.version == 4 and address.packed[0] == 0):
        return "an unspecified address"
    if address.is_reserved:
        return "a reserved or broadcast address"
    return "the gateway's own address" if is_own(address) else ""


def is_own(address: Address) -> bool:
    """Whether it is this machine's, or the broadcast of one of its networks. What cannot be told is so."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((str(address), 0))
    except OSError as error:
        return error.errno not in _NOT_OURS
    return True
