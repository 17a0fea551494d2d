"""What a driver can do, in words that doors and the database know."""

from enum import StrEnum


class Capability(StrEnum):
    """Asked for when a path or an island is admitted, not when it is pushed."""

    POLICY_ROUTE_IPV4 = "policy-route-ipv4"
    POLICY_ROUTE_IPV6 = "policy-route-ipv6"
    POLICY_ROUTE_DSCP = "policy-route-dscp"
    """It can steer by code point, too."""
    POLICY_ROUTE_SHARED = "policy-route-shared"
    """It can steer by entries in a policy of the site's, among the site's own."""
    ACCESS_PERMIT_IPV4 = "access-permit-ipv4"
    ACCESS_PERMIT_IPV6 = "access-permit-ipv6"
    CONTROLLER_PROXY = "controller-proxy"
    VLAN_MAP = "vlan-map"
    USER_ACCESS = "user-access"
    SLOT_END = "slot-end"
    """It is told when a slot ends, and ends it by itself where it hears nothing more."""
    COUNTERS = "counters"
    """It counts what it carries, part by part: its driver is a `CountingDriver`."""
    NEXT_HOPS = "next-hops"
    """It can tell whether a next hop answers it: its driver is an `AskingDriver`."""
