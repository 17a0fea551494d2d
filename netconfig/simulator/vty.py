"""The line discipline of a router's terminal line: keys in, echo and whole lines out. Pure.

Every key is echoed as it is read, unless the router asked for a secret. Return or line feed ends a line, a
line feed right behind a return is swallowed. Backspace rubs out, Ctrl-U the whole line, Ctrl-Z ends the line
and leaves configuration mode, Ctrl-C gives the line up.
"""

from dataclasses import dataclass
from enum import Enum

MORE = " --More-- "
WIPE_MORE = "\b" * len(MORE) + " " * len(MORE) + "\b" * len(MORE)


class End(Enum):
    """How a line came to its end; the value is what is shown."""

    RETURN = "\n"
    LEAVE = "^Z\n"
    GIVE_UP = "^C\n"


_ENDS = {"\r": End.RETURN, "\n": End.RETURN, "\x1a": End.LEAVE, "\x03": End.GIVE_UP}
_RUB_OUT = "\b \b"


@dataclass(frozen=True, slots=True)
class Keystroke:
    """What a key led to: what is shown, and the line if it ended one."""

    echo: str
    line: str | None = None
    end: End = End.RETURN


class LineEditor:
    """Collects keys into a line."""

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._after_return = False

    def press(self, key: str, *, secret: bool = False) -> Keystroke:
        """Take one key; of a secret nothing is shown."""
        after_return, self._after_return = self._after_return, key == "\r"
        if key == "\n" and after_return:
            return Keystroke("")
        if key in _ENDS:
            return self._end(_ENDS[key])
        echo = self._edit(key)
        return Keystroke("" if secret else echo)

    def _edit(self, key: str) -> str:
        if key in {"\x08", "\x7f"}:
            gone, self._keys = self._keys[-1:], self._keys[:-1]
            return _RUB_OUT * len(gone)
        if key == "\x15":
            gone, self._keys = self._keys, []
            return _RUB_OUT * len(gone)
        if key.isprintable():
            self._keys.append(key)
            return key
        return ""

    def _end(self, end: End) -> Keystroke:
        line = "" if end is End.GIVE_UP else "".join(self._keys)
        self._keys = []
        return Keystroke(end.value, line, end)


def on_wire(text: str) -> str:
    """With the line ends a terminal wants."""
    return text.replace("\n", "\r\n")


def cut(text: str, count: int) -> tuple[str, str]:
    """The first lines of a text, and the rest."""
    lines = text.splitlines(keepends=True)
    return "".join(lines[:count]), "".join(lines[count:])
