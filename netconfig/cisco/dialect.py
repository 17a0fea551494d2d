"""What the platforms say each in its own words, as a value.

Words that they share (`ip policy route-map`, `match ip address`, `set ip next-hop`) are in `running`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from netconfig.cli.words import Words

Family = Literal[4, 6]


class SecondMatch(Enum):
    """What a second `match ... address` does in an entry that has one."""

    ADDED = "packets that either list permits match"
    REPLACES = "the first is forgotten"
    AVOIDED = "nobody should rely on either: a changed list is matched by an entry of its own"


@dataclass(frozen=True, eq=False, kw_only=True)
class Dialect(Words):
    """One platform's words.

    Attributes:
        device_type: netmiko's name for it.
        list_header: what the block of a named access list begins with; its name follows.
        prefixes: networks are written `10.0.0.0/8` and `10.0.0.1/32`, else with a wildcard mask and `host`.
        rule: a rule of a list with its number, to be formatted with `number` and `text`.
        remark_takes_number: whether a remark has a line number of its own.
        counting: the line by which a list counts what its rules match; empty where it does by itself.
        second_match: see `SecondMatch`.
        feature: the line that policy routing must have been switched on with; empty where it always is.
        whole: found in what `show running-config` answers, and not in what something else would.
        hides_numbers: whether a running configuration may not say the numbers of rules.
        shown_lists: the commands that show lists with the numbers and counters of their rules.
    """

    device_type: str
    list_header: Mapping[Family, str]
    prefixes: bool
    rule: Mapping[Family, str]
    remark_takes_number: Mapping[Family, bool]
    second_match: Mapping[Family, SecondMatch]
    whole: re.Pattern[str]
    hides_numbers: bool
    shown_lists: Mapping[Family, str]
    counting: str = ""
    feature: str = ""

    def numbered(self, number: int, text: str, family: Family) -> str:
        """A rule as it is typed into a list."""
        return self.rule[family].format(number=number, text=text)
