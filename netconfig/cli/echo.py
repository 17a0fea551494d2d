"""Asks a device which next hops answer its echo requests.

A device is believed only where it says in so many words what it sent, to whom, and what came back: a
refusal, another language or half an answer is no word about a next hop.
"""

import re
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address

from netconfig.cli.show import show
from netconfig.cli.words import Words
from netconfig.errors import StateUnknown
from netconfig.intent import IpAddress
from netconfig.transport.cli import CliSession
from netconfig.transport.kept import LONGEST_QUOTE

PROBES = 2
"""The first may be lost while the device resolves its neighbour's address."""
PATIENCE = PROBES * 1.0 + 10.0
"""Seconds of silence after which a device hangs: one for each probe, and some for what else it has to do."""
_ADDRESS = re.compile(r"(?<![\w:.])[0-9A-Fa-f:.]+(?![\w:.])")


def who_answers(
    device: str, session: CliSession, next_hops: Collection[IpAddress], words: Words
) -> frozenset[IpAddress]:
    """Those that answer; they are asked one after the other.

    Raises:
        Unreachable: no session, or it broke.
        StateUnknown: the device does not tell.
    """
    return frozenset(hop for hop in sorted(next_hops, key=_order) if _answers(device, session, hop, words))


def _order(hop: IpAddress) -> tuple[int, int]:
    return hop.version, int(hop)


def _answers(device: str, session: CliSession, hop: IpAddress, words: Words) -> bool:
    if isinstance(hop, IPv6Address) and (hop.is_link_local or hop.scope_id):
        raise StateUnknown(device, f"next hop {hop} is on no link in particular, and cannot be asked")
    command = words.ping[6 if hop.version == 6 else 4].format(address=hop, count=PROBES)
    said = show(device, session, command, words, patience=PATIENCE)
    received = replies(said, hop, words)
    if received is None:
        raise StateUnknown(device, f"{command}: {session.mask(_quoted(said))}")
    return received > 0


def replies(said: str, hop: IpAddress, words: Words) -> int | None:
    """How many replies came from a next hop; None if what was said is not just that."""
    results = list(words.pinged.finditer(said))
    if len(results) != 1 or hop not in _addresses(said):
        return None
    sent, received = int(results[0]["sent"]), int(results[0]["received"])
    return received if 0 < sent <= PROBES and received <= sent else None


def _addresses(said: str) -> set[IpAddress]:
    found: set[IpAddress] = set()
    for word in _ADDRESS.findall(said):
        try:
            found.add(ip_address(word))
        except ValueError:
            continue
    return found


def _quoted(said: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in said)
    return " ".join(plain.split())[:LONGEST_QUOTE] or "it says nothing"
