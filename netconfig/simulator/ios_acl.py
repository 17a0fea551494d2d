"""A named access list: numbered lines, each an entry with the remarks in front of it.

Every operation gives a new list; the old one stays what it was.

Source: Cisco IOS `IP Access List Entry Sequence Numbering`: unnumbered lines go to the end at last + 10; a
line equal to an existing one but for its number changes nothing; a number that is taken is refused; the
numbers of an IPv4 list are not stored by classic IOS, so they start again at 10 after a reload. Remarks are
as IOS-XE 16 and later have them: a remark carries the number of the entry it stands before, is typed with or
without one, and goes away with that entry.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from netconfig.simulator.grammar import Refused
from netconfig.simulator.ios_ace import Ace, UnreadAce
from netconfig.simulator.packet import Family, Packet

STEP = 10
HIGHEST_SEQUENCE = 2147483647

Entry = Ace | UnreadAce


@dataclass(frozen=True, slots=True)
class AclLine:
    """A number, the remarks that bear it, and the entry, which may not have come yet."""

    sequence: int
    remarks: tuple[str, ...] = ()
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class AccessList:
    """`ip access-list extended NAME` or `ipv6 access-list NAME`; lines in order of their numbers."""

    family: Family
    name: str
    lines: tuple[AclLine, ...] = ()

    @property
    def entries(self) -> list[tuple[int, Entry]]:
        """The entries with their numbers, first to last; lines that are only remarks are left out."""
        return [(line.sequence, line.entry) for line in self.lines if line.entry is not None]

    def first_match(self, packet: Packet) -> tuple[int, Entry] | None:
        """The first entry that fits the packet, with its number.

        Raises:
            NotModelled: it hangs on an entry the simulator keeps but does not understand.
        """
        return next(((number, entry) for number, entry in self.entries if entry.matches(packet)), None)

    def add(self, entry: Entry, sequence: int | None = None) -> "AccessList":
        """Put an entry at its number, or behind the last one.

        Raises:
            Refused: another entry has this number, or the numbers are used up.
        """
        if any(entry == known for _, known in self.entries):
            return self
        number = self._pending() if sequence is None else sequence
        line = self._line(number)
        if line.entry is not None:
            raise Refused("% Duplicate sequence number")
        return self._with(replace(line, entry=entry))

    def add_remark(self, text: str, sequence: int | None = None) -> "AccessList":
        """Add a remark to a number, or to the one the next unnumbered entry will get.

        Raises:
            Refused: the numbers are used up.
        """
        line = self._line(self._pending() if sequence is None else sequence)
        if text in line.remarks:
            return self
        return self._with(replace(line, remarks=(*line.remarks, text)))

    def remove_sequence(self, sequence: int) -> "AccessList":
        """Take a line away, entry and remarks."""
        return self._without(self._existing(sequence))

    def remove_entry(self, entry: Entry, sequence: int | None = None) -> "AccessList":
        """Take an entry away by what it says, its remarks with it; a number given must be its own."""
        for line in self.lines:
            if line.entry == entry and sequence in {None, line.sequence}:
                return self._without(line)
        raise Refused("% Access list entry to delete does not exist")

    def remove_remark(self, text: str | None = None, sequence: int | None = None) -> "AccessList":
        """Take away a remark, wherever it is, or those of a number."""
        for line in self.lines:
            if sequence in {None, line.sequence} and (
                text in line.remarks or (text is None and line.remarks)
            ):
                kept = tuple(remark for remark in line.remarks if text is not None and remark != text)
                rest = replace(line, remarks=kept)
                return self._with(rest) if rest.remarks or rest.entry else self._without(line)
        raise Refused("% Access list entry to delete does not exist")

    def resequenced(self, start: int, step: int) -> "AccessList":
        """Number the lines anew.

        Raises:
            Refused: the last one would pass the highest number.
        """
        if start + step * max(len(self.lines) - 1, 0) > HIGHEST_SEQUENCE:
            raise Refused("% Exceeded maximum sequence number")
        return replace(
            self,
            lines=tuple(
                replace(line, sequence=start + step * index) for index, line in enumerate(self.lines)
            ),
        )

    def render(self, *, show_sequence_numbers: bool) -> Iterator[str]:
        """The list as `show running-config` has it."""
        yield f"ip access-list extended {self.name}" if self.family == 4 else f"ipv6 access-list {self.name}"
        previous = 0
        for line in self.lines:
            number = self._printed_number(line.sequence, previous, show_sequence_numbers)
            for remark in line.remarks:
                yield f" {number}remark {remark}"
            if line.entry is not None:
                # Classic IOS lines `deny` up with `permit` in IPv4 lists, later ones no more.
                pad = "  " if line.entry.action == "deny" and self.family == 4 and not number else ""
                yield f" {number}{line.entry.action}{pad} {line.entry.condition}"
            # Behind a remark without its entry nothing can be guessed: the next entry would take its number.
            previous = line.sequence if line.entry is not None else -STEP

    def _printed_number(self, sequence: int, previous: int, show: bool) -> str:
        if self.family == 4:
            return f"{sequence} " if show else ""
        # IPv6 lists always keep their numbers; classic IOS leaves out those a reader would guess.
        return f"sequence {sequence} " if show or sequence != previous + STEP else ""

    def _pending(self) -> int:
        if not self.lines:
            return STEP
        last = self.lines[-1]
        return last.sequence if last.entry is None else last.sequence + STEP

    def _line(self, sequence: int) -> AclLine:
        if sequence > HIGHEST_SEQUENCE:
            raise Refused("% Exceeded maximum sequence number")
        return next((line for line in self.lines if line.sequence == sequence), AclLine(sequence))

    def _existing(self, sequence: int) -> AclLine:
        for line in self.lines:
            if line.sequence == sequence:
                return line
        raise Refused("% Access list entry to delete does not exist")

    def _with(self, changed: AclLine) -> "AccessList":
        others = [line for line in self.lines if line.sequence != changed.sequence]
        return replace(self, lines=tuple(sorted([*others, changed], key=lambda line: line.sequence)))

    def _without(self, gone: AclLine) -> "AccessList":
        return replace(self, lines=tuple(line for line in self.lines if line is not gone))
