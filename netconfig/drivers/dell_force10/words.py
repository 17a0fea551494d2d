"""FTOS's words."""

import re

from netconfig.cli.words import DENIED, NOTICE, Words

FTOS = Words(
    device="switch",
    refusal=re.compile(rf"^(?: *%(?! ?{NOTICE})|{DENIED}).*", re.IGNORECASE | re.MULTILINE),
    log_message=re.compile(r"^(?! ).*%[A-Z0-9_]+-[0-7]-[A-Z0-9_]+:.*\n?", re.MULTILINE),
    save="write memory",
    # What is said when it is done differs from release to release; a failure is an error in all.
    saved="",
    ping=dict.fromkeys((4, 6), "ping {address} count {count} timeout 1"),
)
