"""A bare Open vSwitch: a slice's VLAN map as flows, and its controller as the bridge's for the slot.

    names                what our keys in the database are called, and the cookies of our flows
    managed              what of ours is on a bridge, as values and as text
    bridge               a bridge as it was read, what of it is ours, and whose
    grounds              what of the site's a part stands on, and whether it is there
    place, render, plan  where a part goes, what a bridge should carry, the lines that lead there
    lines                lines of a plan, with what they do to the database or the flow table
    session              both ways to a switch: its database and OpenFlow
    driver               all of it behind `DeviceDriver`

Everything but `session` and `driver` is pure.
"""

from netconfig.drivers.openvswitch.driver import OpenVSwitch

__all__ = ["OpenVSwitch"]
