"""What the filters of a Junos router have counted, and how `show firewall` tells it.

A counter is its filter's, and one that is shared by terms is one. It begins anew when its filter is changed,
as on routers that compile a changed filter anew, and with the router itself.
"""

from collections.abc import Iterator

from lxml import etree

from netconfig.simulator.junos_config import effective
from netconfig.simulator.junos_schema import Element

OCTETS = 1500
"""Of each packet that is counted."""
_NAMES = 'xmlns="http://xml.juniper.net/junos/21.4R0/junos-filter"'


class Counters:
    """Packets by filter and counter."""

    def __init__(self) -> None:
        self._packets: dict[tuple[str, str], int] = {}
        self._texts: dict[str, bytes] = {}

    def add(self, config: Element, filter_name: str, counter: str, *, packets: int) -> None:
        """So many more, by what is committed now."""
        self._forget_changed(config)
        key = (filter_name, counter)
        self._packets[key] = self._packets.get(key, 0) + packets

    def show(self, config: Element) -> str:
        """Every filter with its counters, those that counted nothing yet too."""
        self._forget_changed(config)
        filters = "".join(self._filter(held) for held in _filters(config))
        return f"<firewall-information {_NAMES}>{filters}</firewall-information>"

    def _filter(self, held: Element) -> str:
        information = etree.Element("filter-information")
        name = held.findtext("name") or ""
        etree.SubElement(information, "filter-name").text = name
        for counter in dict.fromkeys(one.text or "" for one in held.iterfind("term/then/count")):
            packets = self._packets.get((name, counter), 0)
            shown = etree.SubElement(information, "counter")
            etree.SubElement(shown, "counter-name").text = counter
            etree.SubElement(shown, "packet-count").text = str(packets)
            etree.SubElement(shown, "byte-count").text = str(packets * OCTETS)
        return etree.tostring(information, encoding="unicode")

    def _forget_changed(self, config: Element) -> None:
        texts = {held.findtext("name") or "": etree.tostring(held) for held in _filters(config)}
        changed = {name for name in self._texts if texts.get(name) != self._texts[name]}
        self._packets = {key: count for key, count in self._packets.items() if key[0] not in changed}
        self._texts = texts


def _filters(config: Element) -> Iterator[Element]:
    return effective(config).iterfind("firewall/family/*/filter")
