"""Cisco NX-OS: policy routing by route maps, permits in access lists, for IPv4 and IPv6.

dialect    how NX-OS says it
driver     the driver; what it does is in `netconfig.cisco`
"""

from netconfig.drivers.cisco_nxos.driver import CiscoNxos

__all__ = ["CiscoNxos"]
