"""Cisco IOS and IOS-XE: policy routing by route maps, permits in access lists, for IPv4 and IPv6.

    names, ports, ace    what things are called; one entry of a list, written and read
    running, config      a running configuration taken apart; the two configurations that are compared
    grounds              what of the site's a part stands on, and whether it is there
    permits, place       where a part goes
    render               what a router should carry
    strangers,           whose an object is; which lines differ (hier-config); how steps are written;
      difference, steps,   the order that is safe
      plan
    push                 sending it
    driver               all of it behind `DeviceDriver`

Everything but `push` and `driver` is pure.
"""

from netconfig.drivers.cisco_ios.driver import CiscoIos

__all__ = ["CiscoIos"]
