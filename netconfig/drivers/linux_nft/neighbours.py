"""Which next hops answer a router, as its `ping` has told."""

from collections.abc import Iterable, Sequence

from netconfig.drivers.linux_nft.reading import BEGIN, END
from netconfig.errors import StateUnknown
from netconfig.intent import IpAddress

AT_ONCE = 64
"""How many the router is asked about in one go; it asks them side by side."""
_ANSWERS, _SILENT = "0", "1"
_NO_WAY = ("Network is unreachable", "No route to host")
"""What the kernel says where it knows no way to an address: then nobody can answer from there."""


def blocks(next_hops: Iterable[IpAddress]) -> list[list[str]]:
    """The addresses as they are asked about, in an order that does not change."""
    texts = [str(hop) for hop in sorted(set(next_hops), key=lambda hop: (hop.version, int(hop)))]
    return [texts[at : at + AT_ONCE] for at in range(0, len(texts), AT_ONCE)]


def answering(device: str, asked: Sequence[str], output: bytes) -> frozenset[str]:
    """Those that answered of those that were asked about.

    Raises:
        StateUnknown: of one it is not told whether it did.
    """
    lines = output.decode("utf-8", "replace").split("\n")
    try:
        told = lines[lines.index(BEGIN) + 1 : lines.index(END)]
        statuses = {address: (status, words) for address, status, words in map(_fields, told)}
        found = {address: statuses[address] for address in asked}
    except (ValueError, LookupError) as error:
        raise StateUnknown(device, "what it tells of its next hops makes no sense") from error
    for address, (status, words) in found.items():
        if status not in {_ANSWERS, _SILENT} and not any(word in words for word in _NO_WAY):
            raise StateUnknown(device, f"it does not tell whether next hop {address} answers: {words}")
    return frozenset(address for address, (status, _) in found.items() if status == _ANSWERS)


def _fields(line: str) -> tuple[str, str, str]:
    address, status, words = line.split(" ", 2)
    return address, status, words
