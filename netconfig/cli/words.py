"""What a platform's command line says in its own words, as a value, and how its answers are read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

SUCCESS_RATE = re.compile(
    r"^Success rate is \d+(?:\.\d+)? percent \((?P<received>\d+)/(?P<sent>\d+)\)(?:,.*)?\s*$",
    re.MULTILINE,
)
"""What IOS and those that took after it say of echo requests."""

DENIED = r".*\b(?:authorization failed|not authorized|permission denied|access denied)\b"
"""What a router says, without a percent sign, of a line that its AAA server does not let us type."""

NOTICE = r"(?:warning|caution|note|notice|info)\b"
"""How a device begins, behind a percent sign or none, that has something to say of a line it took."""

_NOTICE = re.compile(rf"\s*%? ?{NOTICE}", re.IGNORECASE)


@dataclass(frozen=True, eq=False, kw_only=True)
class Words:
    """One platform's words.

    Attributes:
        device: what it is to its operators: a router, a switch.
        refusal: what a refusal looks like, from the beginning of a line.
        log_message: a line of the log that goes out to every terminal, with its end.
        save: what makes a configuration survive a reboot.
        saved: found in the answer if it does; empty where that differs from release to release, and only a
            failure is told alike.
        ping: by address family, what sends `count` echo requests to an `address` and waits a second for each.
        pinged: the line that says what came of it: how many were `sent`, and how many replies `received`.
    """

    device: str = "router"
    refusal: re.Pattern[str]
    log_message: re.Pattern[str] = re.compile(r"^(?! ).*%[A-Z0-9_-]+-[0-7]-[A-Z0-9_]+:.*\n?", re.MULTILINE)
    save: str
    saved: str
    ping: Mapping[Literal[4, 6], str]
    pinged: re.Pattern[str] = SUCCESS_RATE


def refusal(answer: str, words: Words) -> str:
    """The device's words if it refused a line, or nothing. Notices and log messages are no refusals."""
    found = words.refusal.search(without_log_messages(answer, words))
    return found[0].strip() if found else ""


def puzzle(answer: str, words: Words, notices: Sequence[str] = ()) -> str:
    """The first words behind a line of configuration that nobody knows, or nothing.

    A line that is taken is followed by nothing, or by a notice, which may have several lines; or by lines
    that begin as one of the site's own `notices`. Whatever else is said may be a refusal in another language.
    """
    for line in without_log_messages(answer, words).splitlines():
        if _NOTICE.match(line):
            break
        said = line.strip(" ^")
        if said and not said.startswith(tuple(notices)):
            return said
    return ""


def without_log_messages(text: str, words: Words) -> str:
    """What a device printed, without the log messages that went out to the terminal meanwhile."""
    return words.log_message.sub("", text)
