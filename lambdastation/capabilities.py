"""Whether the devices on a path can carry a ticket: asked before anything is promised, never at a push."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from lambdastation.admission import Admission
from lambdastation.errors import NotCapable
from netconfig.capability import Capability
from netconfig.intent import needed_capabilities
from reservation.device_reports import capabilities_of

_WORDS: Mapping[Capability, str] = {
    Capability.POLICY_ROUTE_IPV4: "steer IPv4 packets",
    Capability.POLICY_ROUTE_IPV6: "steer IPv6 packets",
    Capability.ACCESS_PERMIT_IPV4: "let IPv4 packets pass a list of the site's",
    Capability.ACCESS_PERMIT_IPV6: "let IPv6 packets pass a list of the site's",
    Capability.POLICY_ROUTE_SHARED: "have entries of ours in a policy of the site's",
    Capability.POLICY_ROUTE_DSCP: "steer packets by their DSCP",
    Capability.NEXT_HOPS: "tell whether a next hop answers it",
}

_OF_A_FAMILY = frozenset(
    {
        Capability.POLICY_ROUTE_IPV4,
        Capability.POLICY_ROUTE_IPV6,
        Capability.ACCESS_PERMIT_IPV4,
        Capability.ACCESS_PERMIT_IPV6,
    }
)


def require_capable(session: Session, admission: Admission) -> Admission:
    """The admission, if every device can carry what it would have to.

    A code point of the pool that was only desired is left out where a device could not look at it.

    Raises:
        NotCapable: one cannot.
        UnknownDevice: one is not in the database.
    """
    can = capabilities_of(session, {placed.device for placed in admission.placed})
    if missing := _missing(admission, can):
        raise _refusal(admission, missing[0])
    if admission.from_pool is None or admission.dscp_out is not None:
        return admission
    # Which one it is makes no difference to a device.
    if _missing(admission.marked(0), can):
        if admission.from_pool.needed:
            raise _refusal(admission, Capability.POLICY_ROUTE_DSCP)
        return replace(admission, from_pool=None)
    return admission


def _missing(admission: Admission, can: Mapping[str, frozenset[str]]) -> list[Capability]:
    """What some device cannot, in the order in which it is told."""
    missing = {
        need
        for placed in admission.placed
        for need in needed_capabilities(placed.intent)
        if need not in can[placed.device]
    }
    return [capability for capability in _WORDS if capability in missing]


def _refusal(admission: Admission, capability: Capability) -> NotCapable:
    path = admission.topology.path
    words = f"a device on {path} cannot {_WORDS[capability]}"
    if capability is Capability.POLICY_ROUTE_DSCP:
        return NotCapable(f"{words}; ask without one, or for another path", field=_mark(admission))
    if len(admission.families) > 1 and capability in _OF_A_FAMILY:
        words += "; name addresses of the other family alone, or"
    else:
        words += "; ask for"
    return NotCapable(f"{words} another path", field="localPath")


def _mark(admission: Admission) -> str:
    """The field by which packets came to be marked."""
    if admission.dscp_out is not None:
        return "dscpOut"
    return "dscpRequestOut" if admission.from_pool is not None else "dscpIn"
