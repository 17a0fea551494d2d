"""What `ost2` was called with: ordinary arguments, or all of them in one, quotes and all.

dCache starts it with a single argument, `'--srcSite Caltech --dstSite Fermilab --travelTime 600 '`, in which
the quotes are characters.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from lambdastation.ost2.trouble import Trouble

USAGE = """usage: ost2 [option value]...
  --srcSite NAME       one end's site; the station's own if absent
  --srcClient NAME     its PBR client
  --dstSite NAME       the other end's site
  --dstClient NAME     its PBR client
  --boardTime YYYYMMDDHHMMSS  from when, UTC; now if absent
  --travelTime N       for how many seconds
  --localPath NAME     the path at this site
  --remotePath NAME    the path at the other site
  --srcIP LIST         addresses of one end: address/mask, separated by commas
  --dstIP LIST         addresses of the other end
  --statusWait [N]     wait until the path is there, at most N seconds
  --verbose            tell on standard error what is done
  --help               this
"""

DEFAULT_WAIT_SECONDS = 60
LONGEST_WAIT_SECONDS = 600
_LONGEST_VALUE = 8192
_NAMES = frozenset({"srcSite", "srcClient", "dstSite", "dstClient", "localPath", "remotePath"})
_LISTS = frozenset({"srcIP", "dstIP"})
_TIMES = frozenset({"boardTime", "travelTime"})
_FLAGS = frozenset({"verbose", "help"})


class Wanted(NamedTuple):
    """What is asked for.

    Attributes:
        fields: elements of svcTicket by name, as the wire has them.
        wait_seconds: how long to wait for the path to be there, 0 for not at all.
    """

    fields: Mapping[str, str]
    wait_seconds: int = 0
    verbose: bool = False
    help: bool = False


def read_arguments(arguments: Sequence[str]) -> Wanted:
    """What these arguments ask for.

    Raises:
        Trouble: they are not understood.
    """
    fields: dict[str, str] = {}
    flags: set[str] = set()
    wait_seconds = 0
    seen: set[str] = set()
    for option, values in _options(_words(arguments)):
        if option in seen:
            raise Trouble("usage", f"--{option} is there twice")
        seen.add(option)
        if option in _FLAGS:
            _expect(option, values, most=0)
            flags.add(option)
        elif option == "statusWait":
            wait_seconds = _wait(values)
        elif option in _LISTS:
            fields[option] = ",".join(re.split(r"[\s,]+", _text(option, values).strip(", ")))
        elif option in _NAMES | _TIMES:
            _expect(option, values, most=1)
            fields[option] = _READ.get(option, str)(_text(option, values))
        else:
            raise Trouble("usage", f"there is no option --{option[:40]}")
    return Wanted(fields, wait_seconds, verbose="verbose" in flags, help="help" in flags)


def _words(arguments: Sequence[str]) -> list[str]:
    if len(arguments) != 1 and not (arguments and arguments[0].startswith("'")):
        return list(arguments)
    text = " ".join(arguments).strip()
    if text.startswith("'") or text.endswith("'"):
        if len(text) < 2 or not (text.startswith("'") and text.endswith("'")):
            raise Trouble("usage", "a quote is opened and not closed")
        text = text[1:-1]
    return text.split()


def _options(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with the words up to the next one."""
    at = 0
    while at < len(words):
        if not words[at].startswith("--"):
            raise Trouble("usage", f"an option begins with --, not {words[at][:40]}")
        option, equals, value = words[at][2:].partition("=")
        values = [value] if equals else []
        at += 1
        while at < len(words) and not words[at].startswith("--"):
            values.append(words[at])
            at += 1
        yield option, values


def _expect(option: str, values: Sequence[str], *, most: int) -> None:
    if len(values) > most:
        what = "no value" if most == 0 else "one value"
        raise Trouble("usage", f"--{option} takes {what}")


def _text(option: str, values: Sequence[str]) -> str:
    text = " ".join(values).strip()
    if not text:
        raise Trouble("usage", f"--{option} takes a value")
    if len(text) > _LONGEST_VALUE or not text.isprintable():
        raise Trouble("usage", f"the value of --{option} is too long or holds characters that are none")
    return text


def _number(option: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise Trouble("usage", f"--{option} is a whole number of seconds")
    return int(text)


def _wait(values: Sequence[str]) -> int:
    _expect("statusWait", values, most=1)
    if not values:
        return DEFAULT_WAIT_SECONDS
    return min(_number("statusWait", values[0]), LONGEST_WAIT_SECONDS)


def _travel_time(text: str) -> str:
    return str(_number("travelTime", text))


def _board_time(text: str) -> str:
    spelled = re.sub(r"^(....)(..)(..)(..)(..)(..)$", r"\1-\2-\3T\4:\5:\6Z", text, flags=re.ASCII)
    try:
        datetime.fromisoformat(spelled if re.fullmatch("[0-9]{14}", text) else "no time")
    except ValueError as error:
        raise Trouble("usage", "--boardTime is written YYYYMMDDHHMMSS, in UTC") from error
    return spelled


_READ = {"boardTime": _board_time, "travelTime": _travel_time}
