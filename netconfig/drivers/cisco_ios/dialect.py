"""IOS's words, as its command references have them."""

import re

from netconfig.cisco.dialect import Dialect, SecondMatch
from netconfig.cli.words import DENIED, NOTICE

IOS = Dialect(
    device_type="cisco_ios",
    list_header={4: "ip access-list extended", 6: "ipv6 access-list"},
    prefixes=False,
    rule={4: "{number} {text}", 6: "sequence {number} {text}"},
    remark_takes_number={4: False, 6: True},
    second_match={4: SecondMatch.ADDED, 6: SecondMatch.REPLACES},
    whole=re.compile(r"(?:\A|\n)\s*end\s*\Z"),
    refusal=re.compile(rf"^(?:%(?! ?{NOTICE})|command rejected|{DENIED}).*", re.IGNORECASE | re.MULTILINE),
    save="write memory",
    saved="[OK]",
    ping={
        4: "ping ip {address} repeat {count} timeout 1",
        6: "ping ipv6 {address} repeat {count} timeout 1",
    },
    hides_numbers=True,
    shown_lists={4: "show ip access-lists", 6: "show ipv6 access-list"},
)
