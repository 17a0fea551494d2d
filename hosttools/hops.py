"""The routers that a flow's packets pass: Debian's `traceroute`, told to look like the flow.

It sends TCP, UDP to one port or ICMP with given ports and DSCP, so a router that steers by them steers the
probes too; tracepath can do UDP to changing ports alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hosttools.flow import Flow
from hosttools.programs import ProgramFailed, ToolError, run

_LINE = re.compile(r"\s*(?P<number>\d+)\s+(?P<rest>.*)")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+")
_REMARK = re.compile(r"![A-Z0-9<>-]*")
_LONGEST_SECONDS = 240.0


class TraceFailed(ToolError):
    """traceroute ended with an error; its words are the message."""

    status = 1


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a probe, None for one that did not come. `remark` is traceroute's: `!N`."""

    address: str | None
    milliseconds: float | None
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """So far away, and the answers from there."""

    number: int
    replies: tuple[Reply, ...]

    def __str__(self) -> str:
        """Who answered first and how fast; `*` for nobody."""
        for reply in self.replies:
            if reply.address is not None:
                others = len({each.address for each in self.replies if each.address is not None}) - 1
                more = f" +{others}" if others else ""
                time = "" if reply.milliseconds is None else f"  {reply.milliseconds:.2f} ms"
                return f"{reply.address}{more}{time}{'' if reply.remark is None else f' {reply.remark}'}"
        return "*"


def command(flow: Flow, dscp: int, *, most_hops: int, wait_seconds: float) -> list[str]:
    """The words that trace a flow."""
    words = ["traceroute", f"-{flow.remote.version}", "-n", "-q", "2", "-w", f"{wait_seconds:g}"]
    words += ["-m", str(most_hops), "-s", str(flow.local), "-t", str(dscp << 2)]
    words += {"tcp": ["-T"], "udp": ["-U"], "icmp": ["-I"]}[flow.protocol]
    words += [word for port in flow.remote_ports[:1] for word in ("-p", str(port))]
    words += [f"--sport={port}" for port in flow.local_ports[:1]]
    return [*words, str(flow.remote)]


def trace(flow: Flow, dscp: int = 0, *, most_hops: int = 30, wait_seconds: float = 1.0) -> list[Hop]:
    """The routers that packets of a flow pass now.

    Raises:
        TraceFailed: traceroute does not end well; TCP and ICMP take CAP_NET_RAW.
    """
    words = command(flow, dscp, most_hops=most_hops, wait_seconds=wait_seconds)
    try:
        return read_hops(run(*words, patience=_LONGEST_SECONDS))
    except ProgramFailed as error:
        hint = "; --protocol udp takes none" if "privileges" in str(error) else ""
        raise TraceFailed(" ".join(f"{error}{hint}".split())) from None


def read_hops(text: str) -> list[Hop]:
    """The hops in what `traceroute -n` prints."""
    found = (_LINE.fullmatch(line) for line in text.splitlines()[1:])
    return [Hop(int(line["number"]), tuple(_replies(line["rest"].split()))) for line in found if line]


def _replies(words: Sequence[str]) -> list[Reply]:
    """An address stands for all times after it, until the next."""
    replies: list[Reply] = []
    address: str | None = None
    for at, word in enumerate(words):
        if word == "*":
            replies.append(Reply(None, None))
        elif at + 1 < len(words) and words[at + 1] == "ms":
            replies.append(Reply(address, float(word)))
        elif _REMARK.fullmatch(word) and replies:
            last = replies.pop()
            replies.append(Reply(last.address, last.milliseconds, word))
        elif _ADDRESS.fullmatch(word):
            address = word
    return replies


def table(columns: Sequence[tuple[str, Sequence[Hop]]]) -> list[str]:
    """Traces side by side under their headings; `>` stands before what differs from the first."""
    numbers = sorted({hop.number for _, hops in columns for hop in hops})
    first = {hop.number: hop for hop in columns[0][1]} if columns else {}
    rows = [["hop", *(heading for heading, _ in columns)]]
    for number in numbers:
        cells = [next((hop for hop in hops if hop.number == number), None) for _, hops in columns]
        rows.append([f"{number:3d}", *(_cell(cell, first.get(number)) for cell in cells)])
    widths = [max(len(row[at]) for row in rows) for at in range(len(columns) + 1)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _cell(hop: Hop | None, before: Hop | None) -> str:
    if hop is None:
        return ""
    other = before is None or not ({reply.address for reply in hop.replies} & _addresses(before))
    return f"{'>' if other and _addresses(hop) else ' '} {hop}"


def _addresses(hop: Hop) -> set[str | None]:
    return {reply.address for reply in hop.replies if reply.address is not None}
