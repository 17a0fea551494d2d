"""What an OpenFlow gateway carries for a slice: which controller, which VLANs, who may log in.

Everything here is a frozen value and pure. None of it ever reaches a shell: each word is checked when the
value is made, and again when it is loaded from the database or the wire.
"""

import re
from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Literal, Self

from netconfig.capability import Capability

OPENFLOW_PORT = 6633
LAST_VLAN = 4094
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)
_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ControllerProxy:
    """The gateway's switches are relayed to this OpenFlow controller.

    Attributes:
        host: an IPv4 or IPv6 address (without brackets) or a host name, at most 253 characters.
        port: TCP, 1 to 65535.

    Raises:
        ValueError: one of them is something else.
    """

    host: str
    port: int
    kind: Literal["controller-proxy"] = "controller-proxy"

    def __post_init__(self) -> None:
        if not is_host(self.host):
            raise ValueError(f"a controller's host is an address or a host name, not {self.host[:80]!r}")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"a controller's port is 1 to 65535, not {self.port}")

    @property
    def capability(self) -> Capability:
        """What a gateway must be able to do to carry this."""
        return Capability.CONTROLLER_PROXY

    @classmethod
    def parse(cls, url: str) -> Self:
        """From `host:port` or `tcp:host:port`; an IPv6 address stands in brackets.

        Raises:
            ValueError: it is neither.
        """
        text = url.strip()
        host, colon, port = text.removeprefix("tcp:").rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
            if not _is_ipv6(host):
                raise ValueError(f"controller {text[:80]!r}: in brackets stands an IPv6 address")
        elif ":" in host:
            raise ValueError(f"controller {text[:80]!r}: an IPv6 address is written in brackets: [::1]:6633")
        if not (colon and _PORT.fullmatch(port)):
            raise ValueError(f"controller {text[:80]!r}: write host:port or tcp:host:port, as 192.0.2.1:6633")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_host(word: str) -> bool:
    """Whether the word is an address, without a zone, or can be a host name."""
    if "%" in word:
        # Python takes any text for the zone of an IPv6 address.
        return False
    try:
        ip_address(word)
    except ValueError:
        # What looks like an IPv4 address and is none is no name either.
        numeric = word.rpartition(".")[2].isdigit()
        return len(word) <= 253 and not numeric and _HOST_NAME.fullmatch(word) is not None
    return True


def _is_ipv6(word: str) -> bool:
    try:
        IPv6Address(word)
    except ValueError:
        return False
    return "%" not in word


@dataclass(frozen=True, slots=True, order=True)
class VlanPair:
    """Frames of one VLAN outside and of one inside the island are the same frames.

    Attributes:
        ofelia: VLAN id on the facility's side, 1 to 4094.
        alien: VLAN id inside the island, 1 to 4094; 0 stands for untagged.
    """

    ofelia: int
    alien: int

    def __post_init__(self) -> None:
        if not 1 <= self.ofelia <= LAST_VLAN:
            raise ValueError(f"an OFELIA VLAN is 1 to {LAST_VLAN}, not {self.ofelia}")
        if not 0 <= self.alien <= LAST_VLAN:
            raise ValueError(f"an ALIEN VLAN is 1 to {LAST_VLAN}, or untagged, not {self.alien}")


@dataclass(frozen=True, slots=True)
class VlanMap:
    """Frames cross between facility and island only so, both ways; all others are dropped.

    Attributes:
        pairs: at least one; a VLAN stands once on either side, or frames would not know their way back.
    """

    pairs: tuple[VlanPair, ...]
    kind: Literal["vlan-map"] = "vlan-map"

    def __post_init__(self) -> None:
        if not self.pairs:
            raise ValueError("a VLAN map needs at least one pair")
        for side, ids in (
            ("OFELIA", [pair.ofelia for pair in self.pairs]),
            ("ALIEN", [pair.alien for pair in self.pairs]),
        ):
            twice = sorted(number for number, times in Counter(ids).items() if times > 1)
            if twice:
                shown = "untagged" if twice[0] == 0 else str(twice[0])
                raise ValueError(f"{side} VLAN {shown} stands twice in the map; each may stand once")

    @property
    def capability(self) -> Capability:
        """What a gateway must be able to do to carry this."""
        return Capability.VLAN_MAP


@dataclass(frozen=True, slots=True)
class UserAccess:
    """Members of this group may log in to the gateway.

    Attributes:
        group: letters, digits, `_`, `.` and `-`, at most 128 characters.
    """

    group: str
    kind: Literal["user-access"] = "user-access"

    def __post_init__(self) -> None:
        if not _GROUP.fullmatch(self.group):
            raise ValueError(
                f"a group has letters, digits, _ . and -, at most 128 of them, not {self.group[:80]!r}"
            )

    @property
    def capability(self) -> Capability:
        """What a gateway must be able to do to carry this."""
        return Capability.USER_ACCESS
