"""What the driver asks of a router: the words of `lambdastation-router`."""

import re
from dataclasses import dataclass

from netconfig.drivers.linux_nft.names import Names
from netconfig.drivers.linux_nft.reading import Reading, read_router
from netconfig.errors import StateUnknown
from netconfig.transport.command import CommandSession, Ended

HELPER = "lambdastation-router"
_END = "# end\n"
"""Behind what is to be done: a router that has not had this has not had all of it, and does nothing."""
_LINE = re.compile(r"^(?:/dev/stdin|-):(\d+)|^Command failed -:(\d+)", re.MULTILINE)
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused: the number of the line, from 1, if it was said; and the words."""

    line: int | None
    words: str


class Session:
    """One router."""

    def __init__(self, device: str, commands: CommandSession) -> None:
        self._device = device
        self._commands = commands

    def read(self, names: Names) -> Reading:
        """What the router has.

        Raises:
            Unreachable: no session, or it broke.
            StateUnknown: it does not tell, or what it tells makes no sense.
        """
        ended = self._commands.run(f"{HELPER} read", may_open=True)
        if ended.status != 0:
            raise StateUnknown(self._device, f"it does not tell what it has: {self._words(ended)}")
        return read_router(self._device, ended.output, names)

    def ping(self, addresses: list[str]) -> bytes:
        """What the router tells of these, which are no more than it takes; `neighbours.answering` reads it.

        Raises:
            Unreachable: no session, or it broke.
            StateUnknown: it cannot tell.
        """
        ended = self._commands.run(f"{HELPER} ping", _joined(addresses), may_open=True)
        if ended.status != 0:
            words = self._words(ended)
            raise StateUnknown(self._device, f"it does not tell which next hops answer: {words}")
        return ended.output

    def do(self, verb: str, lines: list[str]) -> Refusal | None:
        """Have lines done; what was refused, if something was.

        Raises:
            Unreachable: the session ended; how many of the lines were done is not known.
        """
        ended = self._commands.run(f"{HELPER} {verb}", _joined(lines))
        if ended.status == 0:
            return None
        words = self._words(ended)
        # A login may have said something before.
        said = _LINE.search(ended.errors.decode("utf-8", "replace"))
        return Refusal(int(said[1] or said[2]) if said else None, words)

    def save(self, names: Names, text: str) -> str:
        """Have this done at the next boot; why not, if the router cannot.

        Raises:
            Unreachable: the session ended.
        """
        ended = self._commands.run(f"{HELPER} save {names.ownership.station}", f"{text}{_END}".encode())
        return "" if ended.status == 0 else self._words(ended)

    def close(self) -> None:
        """End it. Safe at any time, from any thread."""
        self._commands.close()

    def _words(self, ended: Ended) -> str:
        said = (ended.errors.strip() or ended.output.strip()).decode("utf-8", "replace")
        lines = [line.strip() for line in said.splitlines() if not line.startswith("Command failed -:")]
        words = " ".join(" ".join(lines).replace("^", "").split())[:_LONGEST]
        return self._commands.mask(words) or f"exit status {ended.status}"


def _joined(lines: list[str]) -> bytes:
    return ("".join(f"{line}\n" for line in lines) + _END).encode()
