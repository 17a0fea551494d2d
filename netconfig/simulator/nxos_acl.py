"""An access list of NX-OS, and its entries: what IOS's are, in other words.

A remark is a line with a number of its own. Networks are printed as prefixes, single addresses as `/32` and
`/128`; only a mask with holes stays a wildcard mask. `statistics per-entry` stands first.

Source: "Configuring IP ACLs" (Nexus 9000 NX-OS Security Configuration Guide); printed forms as `show
running-config` and `show access-lists` have them on a Nexus 9000; Batfish's grammar of NX-OS agrees.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from netconfig.simulator.grammar import InvalidInput, Refused
from netconfig.simulator.ios_ace import Ace, Addresses, read_ace
from netconfig.simulator.ios_acl import STEP, AccessList, AclLine, Entry
from netconfig.simulator.packet import Family

HIGHEST_SEQUENCE = 4294967295
COUNTING = "statistics per-entry"


@dataclass(frozen=True, slots=True)
class NxosAce(Ace):
    """An entry, printed as NX-OS does."""

    @property
    def condition(self) -> str:
        return self.written(_prefix)


def read_nxos_ace(line: str, start: int, family: Family) -> NxosAce:
    """Read `permit ...` or `deny ...`, which begins at an offset of a line.

    Raises:
        LineRefused: as `read_ace`; also what IOS takes and NX-OS does not: several ports, `log-input`.
    """
    ace = read_ace(line, start, family, prefixes=True)
    for ports in (ace.source_ports, ace.destination_ports):
        if ports and ports.operator in {"eq", "neq"} and len(ports.numbers) > 1:
            raise InvalidInput(len(line.rstrip()))
    if ace.log == "log-input":
        raise InvalidInput(line.index("log-i"))
    return NxosAce(**{field.name: getattr(ace, field.name) for field in fields(ace)})


@dataclass(frozen=True, slots=True)
class NxosAccessList(AccessList):
    """`ip access-list NAME` or `ipv6 access-list NAME`; `counts` if its entries have counters."""

    counts: bool = False

    def add(self, entry: Entry, sequence: int | None = None) -> "NxosAccessList":
        if any(entry == known for _, known in self.entries):
            return self
        return self._put(AclLine(self._number(sequence), (), entry))

    def add_remark(self, text: str, sequence: int | None = None) -> "NxosAccessList":
        line = AclLine(self._number(sequence), (text,))
        return self if line in self.lines else self._put(line)

    def render(self, *, show_sequence_numbers: bool = True) -> Iterator[str]:
        yield f"{'ip' if self.family == 4 else 'ipv6'} access-list {self.name}"
        if self.counts:
            yield f"  {COUNTING}"
        yield from (f"  {text}" for _, text in self.texts())

    def texts(self) -> Iterator[tuple[Entry | None, str]]:
        """Each line as it is printed, with the entry that it is, None for a remark."""
        for line in self.lines:
            entry = line.entry
            what = f"{entry.action} {entry.condition}" if entry else f"remark {line.remarks[0]}"
            yield entry, f"{line.sequence} {what}"

    def _number(self, sequence: int | None) -> int:
        number = sequence or (self.lines[-1].sequence + STEP if self.lines else STEP)
        if number > HIGHEST_SEQUENCE:
            raise Refused("ERROR: sequence number exceeded")
        return number

    def _put(self, line: AclLine) -> "NxosAccessList":
        if any(known.sequence == line.sequence for known in self.lines):
            raise Refused("ERROR: Duplicate sequence number")
        return replace(self, lines=tuple(sorted([*self.lines, line], key=lambda known: known.sequence)))


def _prefix(addresses: Addresses) -> str:
    if str(addresses) == "any":
        return "any"
    length = (32 if addresses.family == 4 else 128) - addresses.wildcard.bit_length()
    if addresses.wildcard & (addresses.wildcard + 1):
        return f"{IPv4Address(addresses.value)} {IPv4Address(addresses.wildcard)}"
    return str((IPv4Network if addresses.family == 4 else IPv6Network)((addresses.value, length)))
