"""How often the entries of access lists were hit, as `show ip access-lists` and its like print it. Pure.

Packets are counted, entry by entry, and no octets. IOS: `20 permit tcp any any eq bgp (1234 matches)`; what
was never hit is printed without a number, and some hardware says `(1234 estimate matches)`. NX-OS: `20 permit
tcp any any eq bgp [match=1234]`; in a list that does not count there is no number, not even 0.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from netconfig.carried import RouterPart
from netconfig.cisco.ace import canonical
from netconfig.cisco.dialect import Dialect
from netconfig.cisco.place import route_place
from netconfig.cisco.running import MATCHES
from netconfig.cli.permits import permit_lines
from netconfig.driver import Count
from netconfig.intent import AccessPermit

Hits = Mapping[str, Mapping[str, int]]
"""Packets by canonical entry, by list."""

_LIST = re.compile(r"(?:Extended IP|IP|IPv6) access list (\S+)(?: .*)?", re.IGNORECASE)
_ENTRY = re.compile(r"(?:\d+ )?((?:permit|deny) .*?)(?: sequence \d+)?")


def read_hits(shown: str, family: int, dialect: Dialect) -> Hits:
    """What was hit how often in each list that is shown."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    name = ""
    for line in shown.splitlines():
        if not line.startswith(" "):
            header = _LIST.fullmatch(line.strip())
            # What stands below a list of another kind, made by the router itself perhaps, is nobody's.
            name = header[1] if header else ""
            if name:
                found[name] = {}
            continue
        matches = MATCHES.search(line)
        entry = _ENTRY.fullmatch(" ".join(MATCHES.sub("", line).split()))
        if name and entry and (matches or not dialect.counting):
            text = canonical(entry[1], family, dialect)
            hits = int(matches[1] or matches[2]) if matches else 0
            found[name][text] = found[name].get(text, 0) + hits
    return dict(found)


def count_parts(parts: Sequence[RouterPart], hits: Hits) -> dict[int, Count]:
    """What passed by the parts that are there, by part id.

    Parts whose permits are one line in a list of the site's each have all that it counts; a line that the
    site had before them counts for none.
    """
    counts = {}
    for part in parts:
        numbers = list(_numbers(part, hits))
        if numbers:
            counts[part.part_id] = Count(sum(numbers))
    return counts


def _numbers(part: RouterPart, hits: Hits) -> Iterator[int]:
    if isinstance(part.intent, AccessPermit):
        held = hits.get(part.intent.access_list, {})
        ours = (line["text"] for line in permit_lines(part) if not line["existed"])
        yield from (held[text] for text in ours if text in held)
    elif place := route_place(part.placement):
        yield from hits.get(place["acl"], {}).values()
