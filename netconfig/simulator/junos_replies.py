"""How a Junos router answers: replies, errors, and what `ping` prints as XML."""

from ipaddress import ip_address

from lxml import etree

from netconfig.simulator.junos_schema import Element, Refused
from netconfig.simulator.next_hops import IpAddress

_NAMES = (
    'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:junos="http://xml.juniper.net/junos/21.4R0/junos"'
)
_PROBES = "http://xml.juniper.net/junos/21.4R0/junos-probe-tests"
_OPTIONS = {"host", "count", "wait", "ttl", "no-resolve"}
"""Of `ping`, those that are modelled."""
DEFAULT_PROBES = 5


def reply(number: str, content: str) -> str:
    """The answer to the request with this number."""
    return f'<rpc-reply {_NAMES} message-id="{number}">{content}</rpc-reply>'


def error(refused: Refused) -> str:
    """A refusal."""
    made = etree.Element("rpc-error")
    for tag, text in (
        ("error-type", "protocol"),
        ("error-tag", refused.tag),
        ("error-severity", "error"),
        ("error-path", refused.path),
        ("error-message", str(refused)),
    ):
        if text:
            etree.SubElement(made, tag).text = text
    if refused.element:
        info = etree.SubElement(made, "error-info")
        etree.SubElement(info, "bad-element").text = refused.element
    return etree.tostring(made, encoding="unicode")


def pinged(operation: Element) -> IpAddress:
    """Whom a `ping` is for.

    Raises:
        Refused: it has options that are not modelled, or no address.
    """
    for option in operation:
        if option.tag not in _OPTIONS:
            tag = str(option.tag)
            raise Refused("syntax error", tag="unknown-element", path="[ping]", element=tag)
    host = operation.findtext("host") or ""
    try:
        return ip_address(host)
    except ValueError as error:
        raise Refused(f"could not resolve host name: {host}") from error


def ping_results(operation: Element, address: IpAddress, *, answers: bool) -> str:
    """What became of a `ping`; values stand on lines of their own, as routers print them."""
    probes = int(operation.findtext("count") or DEFAULT_PROBES)
    received = probes if answers else 0
    results = etree.Element("ping-results", nsmap={None: _PROBES})  # type: ignore[dict-item]
    _say(results, "target-host", address)
    _say(results, "target-ip", address)
    _say(results, "packet-size", 56)
    for number in range(probes):
        probe = etree.SubElement(results, "probe-result", {"date-determined": "1893456000"})
        _say(probe, "probe-index", number + 1)
        if answers:
            etree.SubElement(probe, "probe-success")
            _say(probe, "sequence-number", number)
            _say(probe, "ip-address", address)
            _say(probe, "time-to-live", 64)
            _say(probe, "response-size", 64)
            _say(probe, "rtt", 701)
        else:
            _say(probe, "probe-failure", "no response")
    summary = etree.SubElement(results, "probe-results-summary")
    _say(summary, "probes-sent", probes)
    _say(summary, "responses-received", received)
    _say(summary, "packet-loss", 0 if answers else 100)
    if answers:
        for name in ("minimum", "maximum", "average"):
            _say(summary, f"rtt-{name}", 701)
        _say(summary, "rtt-stddev", 0)
        etree.SubElement(results, "ping-success")
    else:
        _say(results, "ping-failure", "no response")
    return etree.tostring(results, encoding="unicode")


def _say(above: Element, tag: str, value: object) -> None:
    etree.SubElement(above, tag).text = f"\n{value}\n"
