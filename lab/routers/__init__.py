"""The kinds of border router that a lab can have: one module each, and its line here.

kind        what a kind is, and what it is made from
simulated   one of our simulators behind its real protocol, its configuration turned into a data plane
cisco_ios, cisco_nxos, dell_force10, juniper_junos   what each of them comes with
linux_nft   the kernel's own, behind a real sshd
"""

from collections.abc import Mapping
from types import MappingProxyType

from lab.processes import LabError
from lab.routers import cisco_ios, cisco_nxos, dell_force10, juniper_junos, linux_nft
from lab.routers.kind import Kind, Place, Running

_ALL: tuple[Kind, ...] = (
    cisco_ios.KIND,
    cisco_nxos.KIND,
    dell_force10.KIND,
    juniper_junos.KIND,
    linux_nft.KIND,
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.platform: kind for kind in _ALL})
"""By platform, as site files name it."""


def kind_of(platform: str) -> Kind:
    """A kind by its platform.

    Raises:
        LabError: there is none of that name.
    """
    if platform not in KINDS:
        raise LabError(f"no kind of router is called {platform!r}; there is {', '.join(sorted(KINDS))}")
    return KINDS[platform]


__all__ = ["KINDS", "Kind", "Place", "Running", "kind_of"]
