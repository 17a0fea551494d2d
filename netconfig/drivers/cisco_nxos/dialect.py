"""NX-OS's words, as the Nexus 9000 and 7000 configuration guides have them.

"Configuring IP ACLs" (Security Configuration Guide), "Configuring Policy-Based Routing" and "Configuring
Route Policy Manager" (Unicast Routing Configuration Guide); refusals as Nexus 9000 prints them; `ping` and
`ping6` as the Fundamentals Command Reference has them.
"""

import re

from netconfig.cisco.dialect import Dialect, SecondMatch
from netconfig.cli.words import DENIED, NOTICE

NXOS = Dialect(
    device_type="cisco_nxos",
    list_header={4: "ip access-list", 6: "ipv6 access-list"},
    prefixes=True,
    rule={4: "{number} {text}", 6: "{number} {text}"},
    remark_takes_number={4: True, 6: True},
    # "A match command cannot refer to more than one ACL in a route map used for policy-based routing."
    second_match={4: SecondMatch.AVOIDED, 6: SecondMatch.AVOIDED},
    # It has no `end`: that it is whole is told by the prompt behind it.
    whole=re.compile(r"\A\s*!Command: show running-config"),
    refusal=re.compile(
        rf"^(?:%(?! ?{NOTICE})|error:|syntax error|invalid command|{DENIED}).*",
        re.IGNORECASE | re.MULTILINE,
    ),
    save="copy running-config startup-config",
    saved="Copy complete",
    ping={4: "ping {address} count {count} timeout 1", 6: "ping6 {address} count {count} timeout 1"},
    pinged=re.compile(
        r"^(?P<sent>\d+) packets transmitted, (?P<received>\d+) packets received,"
        r"(?: \+\d+ duplicates,)? \d+(?:\.\d+)?% packet loss\s*$",
        re.MULTILINE,
    ),
    hides_numbers=False,
    shown_lists={4: "show ip access-lists", 6: "show ipv6 access-lists"},
    counting="statistics per-entry",
    feature="feature pbr",
)
