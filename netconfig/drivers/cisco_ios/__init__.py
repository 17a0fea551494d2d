"""Cisco IOS and IOS-XE: policy routing by route maps, permits in access lists, for IPv4 and IPv6.

dialect    how IOS says it
driver     the driver; what it does is in `netconfig.cisco`
"""

from netconfig.drivers.cisco_ios.driver import CiscoIos

__all__ = ["CiscoIos"]
