"""The driver itself: NX-OS's dialect in front of what it shares with IOS."""

from typing import ClassVar

from netconfig.capability import Capability
from netconfig.cisco.dialect import Dialect
from netconfig.cisco.driver import CiscoDriver
from netconfig.drivers.cisco_nxos.dialect import NXOS


class CiscoNxos(CiscoDriver):
    """A switch that runs Cisco NX-OS; see `DeviceDriver` for what each method promises."""

    platform: ClassVar[str] = "cisco_nxos"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.POLICY_ROUTE_IPV4,
            Capability.POLICY_ROUTE_IPV6,
            Capability.POLICY_ROUTE_DSCP,
            Capability.POLICY_ROUTE_SHARED,
            Capability.ACCESS_PERMIT_IPV4,
            Capability.ACCESS_PERMIT_IPV6,
            Capability.COUNTERS,
            Capability.NEXT_HOPS,
        }
    )
    dialect: ClassVar[Dialect] = NXOS
