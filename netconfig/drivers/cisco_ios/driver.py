"""The driver itself: IOS's dialect in front of what it shares with NX-OS."""

from typing import ClassVar

from netconfig.capability import Capability
from netconfig.cisco.dialect import Dialect
from netconfig.cisco.driver import CiscoDriver
from netconfig.drivers.cisco_ios.dialect import IOS


class CiscoIos(CiscoDriver):
    """A router that runs Cisco IOS or IOS-XE; see `DeviceDriver` for what each method promises."""

    platform: ClassVar[str] = "cisco_ios"
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
    dialect: ClassVar[Dialect] = IOS
