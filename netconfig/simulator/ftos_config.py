"""The configuration of an FTOS switch as one frozen value: blocks of lines, printed in the switch's order.

A block is a line with the lines below it. Everything is kept as it is printed; what a packet meets is read
from the lines when it is asked for. A new block goes behind the last of its kind, or of a kind before it.

Source: Dell Networking OS 9 Configuration Guide, examples of `show running-config` and `show config`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

HOSTNAME = "hostname "
INTERFACE = "interface "
ACCESS_LIST = "ip access-list extended "
REDIRECT_LIST = "ip redirect-list "
ORDER = (HOSTNAME, INTERFACE, ACCESS_LIST, REDIRECT_LIST)
"""Of the blocks that can come newly, which are printed before which."""
TYPES = {
    "GigabitEthernet": "gi",
    "TenGigabitEthernet": "te",
    "fortyGigE": "fo",
    "hundredGigE": "hu",
    "ManagementEthernet": "ma",
    "Loopback": "lo",
    "Port-channel": "po",
    "Vlan": "vl",
}
"""Types of interfaces, and how a prompt has them."""
VIRTUAL = ("Loopback", "Port-channel", "Vlan")
"""These are there as soon as they are named, and can be removed again."""
_HEADER = re.compile(r"Current Configuration \.\.\.|!.*")
_BANNER = re.compile(r"banner (?:\S+ )?(\^C|\S)")
_INTERFACE = re.compile(r"([a-z-]+) ?(\d+(?:/\d+)*)", re.IGNORECASE)
_SEQUENCE = re.compile(r"(?:seq|remark) (\d+) ")


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level line and the lines below it, without the blank they begin with."""

    header: str
    lines: tuple[str, ...] = ()

    def render(self) -> Iterator[str]:
        yield self.header
        # The text of a banner is no block below it.
        indent = "" if self.header.startswith("banner ") else " "
        yield from (f"{indent}{line}" for line in self.lines)

    def at(self, sequence: int) -> str | None:
        """The entry of that number."""
        return next((line for line in self.lines if line.startswith(f"seq {sequence} ")), None)

    def with_entry(self, sequence: int, text: str) -> "Block":
        """With one more entry: in the order of the numbers, behind what has none."""
        line = f"seq {sequence} {text}"
        return replace(self, lines=tuple(sorted((*self.lines, line), key=sequence_of)))

    def without(self, *gone: str) -> "Block":
        """Without these lines."""
        return replace(self, lines=tuple(line for line in self.lines if line not in gone))


@dataclass(frozen=True, slots=True)
class FtosConfig:
    """A whole configuration."""

    blocks: tuple[Block, ...] = ()

    @property
    def hostname(self) -> str:
        """What stands in the prompt."""
        names = (block.header for block in self.blocks if block.header.startswith(HOSTNAME))
        return next(names, f"{HOSTNAME}Dell").removeprefix(HOSTNAME)

    def find(self, header: str) -> Block | None:
        """The block that begins so."""
        return next((block for block in self.blocks if block.header == header), None)

    def kind(self, beginning: str) -> list[Block]:
        """The blocks of a kind, in their order."""
        return [block for block in self.blocks if block.header.startswith(beginning)]

    def put(self, block: Block) -> "FtosConfig":
        """With this block, new or changed."""
        if self.find(block.header) is not None:
            blocks = tuple(block if known.header == block.header else known for known in self.blocks)
            return replace(self, blocks=blocks)
        place = next(index for index, kind in enumerate(ORDER) if block.header.startswith(kind))
        before = [
            at for at, known in enumerate(self.blocks, 1) if known.header.startswith(ORDER[: place + 1])
        ]
        index = before[-1] if before else 0
        return replace(self, blocks=(*self.blocks[:index], block, *self.blocks[index:]))

    def drop(self, header: str) -> "FtosConfig":
        """Without this block."""
        return replace(self, blocks=tuple(block for block in self.blocks if block.header != header))

    def rename(self, name: str) -> "FtosConfig":
        """With another name of the switch."""
        block = Block(f"{HOSTNAME}{name}")
        old = self.find(f"{HOSTNAME}{self.hostname}")
        if old is None:
            return replace(self, blocks=(block, *self.blocks))
        return replace(self, blocks=tuple(block if known is old else known for known in self.blocks))

    def render(self) -> str:
        """The text below the header of `show running-config`, with `end` and a final newline."""
        lines = [line for block in self.blocks for line in ("!", *block.render())]
        return "\n".join([*lines, "!", "end", ""])


def sequence_of(line: str) -> int:
    """The number of an entry or a remark; -1 for a line that has none."""
    found = _SEQUENCE.match(line)
    return int(found[1]) if found else -1


def interface_name(typed: str) -> str | None:
    """The full name of an interface from what was typed: `te 1/1`, `TenGigabitEthernet 1/1`, `vlan 100`."""
    found = _INTERFACE.fullmatch(typed.strip())
    kinds = [kind for kind in TYPES if found and kind.lower().startswith(found[1].lower())]
    return f"{kinds[0]} {found[2]}" if found and len(kinds) == 1 else None


def load(text: str) -> FtosConfig:
    """Read a configuration as it is printed; what is not understood is kept."""
    blocks: list[Block] = []
    rest = iter(text.splitlines())
    for line in rest:
        if line == "end":
            break
        if banner := _BANNER.match(line):
            blocks.append(Block(line, tuple(_banner(line[banner.end() :], banner[1], rest))))
        elif line.startswith(" ") and blocks:
            blocks[-1] = replace(blocks[-1], lines=(*blocks[-1].lines, line.strip()))
        elif line.strip() and not _HEADER.fullmatch(line):
            blocks.append(Block(line.rstrip()))
    return FtosConfig(tuple(blocks))


def _banner(rest_of_line: str, mark: str, rest: Iterator[str]) -> Iterator[str]:
    if mark in rest_of_line:
        return
    for line in rest:
        yield line
        if mark in line:
            return
