"""One flow as a term of a firewall filter, written and read."""

from copy import deepcopy
from ipaddress import ip_network
from typing import Any

from netconfig.driver import Ownership
from netconfig.drivers.juniper_junos.names import MACRO
from netconfig.drivers.juniper_junos.tree import Element, are_equal, build
from netconfig.intent import FlowMatch, PortRange, Protocol

_PROTOCOL = {4: "protocol", 6: "next-header"}
_DSCP = {4: "dscp", 6: "traffic-class"}
_ICMP6 = "icmp6"


def write_term(
    name: str, flow: FlowMatch, instance: str, reservation_id: int, ownership: Ownership
) -> Element:
    """The term that hands a flow's packets to a routing instance, with our fingerprint.

    They are counted under the term's own name.
    """
    conditions = _conditions(flow)
    content: dict[str, Any] = {"name": name, "apply-macro": _fingerprint(reservation_id, ownership.database)}
    if conditions:
        content["from"] = conditions
    content["then"] = {"count": name, "routing-instance": {"routing-instance-name": instance}}
    return build("term", content)


def read_fingerprint(term: Element) -> tuple[int, str] | None:
    """Reservation and database of a term's fingerprint; None where it is gone or no longer one."""
    for macro in term.iterchildren("apply-macro"):
        if macro.findtext("name") == MACRO:
            said = {
                data.findtext("name"): data.findtext("value") or "" for data in macro.iterchildren("data")
            }
            number = said.get("reservation", "")
            if number.isdecimal() and said.get("database"):
                return int(number), said["database"]
    return None


def instance_of(term: Element) -> str | None:
    """The routing instance that a term hands its packets to."""
    return term.findtext("then/routing-instance/routing-instance-name")


def read_flow(term: Element, family: int) -> FlowMatch | None:
    """The flow of a term; None if the term is not exactly as `write_term` has it, fingerprint aside.

    One that does not count is from before terms did.
    """
    found = term.find("from")
    said: dict[str, list[str]] = {}
    for condition in found if found is not None else ():
        said.setdefault(str(condition.tag), []).append(condition.findtext("name") or condition.text or "")
    try:
        flow = _flow({tag: values[0] for tag, values in said.items()}, 4 if family == 4 else 6)
    except (ValueError, KeyError):
        return None
    name, instance = term.findtext("name") or "", instance_of(term) or ""
    bare = write_term(name, flow, instance, 0, Ownership("", "x"))
    if term.find("then/count") is None:
        _remove_all(bare, "then/count")
    return flow if are_equal(_without_macro(bare), _without_macro(term)) else None


def _conditions(flow: FlowMatch) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if flow.source.prefixlen:
        said["source-address"] = {"name": str(flow.source)}
    if flow.destination.prefixlen:
        said["destination-address"] = {"name": str(flow.destination)}
    if flow.protocol:
        six = flow.family == 6 and flow.protocol is Protocol.ICMP
        said[_PROTOCOL[flow.family]] = _ICMP6 if six else flow.protocol.value
    if flow.source_ports:
        said["source-port"] = _ports(flow.source_ports)
    if flow.destination_ports:
        said["destination-port"] = _ports(flow.destination_ports)
    if flow.dscp is not None:
        said[_DSCP[flow.family]] = str(flow.dscp)
    return said


def _flow(said: dict[str, str], family: int) -> FlowMatch:
    everything = "0.0.0.0/0" if family == 4 else "::/0"
    protocol = said.get(_PROTOCOL[family])
    return FlowMatch(
        source=ip_network(said.get("source-address", everything)),
        destination=ip_network(said.get("destination-address", everything)),
        protocol=None if protocol is None else Protocol("icmp" if protocol == _ICMP6 else protocol),
        source_ports=_read_ports(said.get("source-port")),
        destination_ports=_read_ports(said.get("destination-port")),
        dscp=int(said[_DSCP[family]]) if _DSCP[family] in said else None,
    )


def _ports(ports: PortRange) -> str:
    return str(ports.first) if ports.first == ports.last else f"{ports.first}-{ports.last}"


def _read_ports(word: str | None) -> PortRange | None:
    if word is None:
        return None
    first, _, last = word.partition("-")
    return PortRange(int(first), int(last or first))


def _fingerprint(reservation_id: int, database: str) -> dict[str, Any]:
    data = [{"name": "reservation", "value": str(reservation_id)}, {"name": "database", "value": database}]
    return {"name": MACRO, "data": data}


def _without_macro(term: Element) -> Element:
    bare = deepcopy(term)
    _remove_all(bare, "apply-macro")
    return bare


def _remove_all(element: Element, path: str) -> None:
    for found in element.findall(path):
        if (above := found.getparent()) is not None:
            above.remove(found)
