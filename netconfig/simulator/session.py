"""An operator's line on a router, and what comes of a line typed there: the same for every command line.

A session is in user exec, privileged exec or configuration mode, or the router has just asked something
(`Proceed with reload? [confirm]`) and the next line is the reply.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from netconfig.simulator.ios_mode import GLOBAL, Mode
from netconfig.simulator.ping import Ping

# IOS cuts the hostname in the prompts of configuration mode.
CONFIG_PROMPT_NAME = 20
DEFAULT_LENGTH = 24

Configuration = TypeVar("Configuration")


class Question(Enum):
    """What the router has asked; the value is how."""

    PASSWORD = "Password: "  # noqa: S105 - the prompt, not a password
    DESTINATION = "Destination filename [startup-config]? "
    SAVE_FIRST = "System configuration has been modified. Save? [yes/no]: "
    RELOAD = "Proceed with reload? [confirm]"


class Effect(Enum):
    """What an answer does beyond the session and the running configuration."""

    SAVE = "save"
    RELOAD = "reload"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Session:
    """One operator's line. `mode` is None outside configuration mode; `length` 0 means no paging."""

    number: int
    user: str
    privileged: bool = True
    mode: Mode | None = None
    length: int = DEFAULT_LENGTH
    question: Question | None = None

    def prompt(self, hostname: str) -> str:
        if self.question:
            return self.question.value
        if self.mode:
            return f"{hostname[:CONFIG_PROMPT_NAME]}({self.mode.name})#"
        return f"{hostname}{'#' if self.privileged else '>'}"

    def configures(self, line: str) -> bool:
        """Whether a line is one of configuration: not a reply, not a comment, not `do`, not the way out."""
        words = line.split()
        if self.mode is None or self.question or not words:
            return False
        return words[0] != "do" and words[0][0] != "!" and not self.leaves(line)

    def leaves(self, line: str) -> bool:
        """Whether a line typed in configuration mode leads out of it."""
        words = line.split()
        return words == ["end"] or (words == ["exit"] and self.mode == GLOBAL)


@dataclass(frozen=True, slots=True)
class Answer(Generic[Configuration]):
    """What comes of a line: `config` and `effects` only where something changes.

    `accepted` is False when the router refused the line. With `ping` a neighbour has to be asked first, and
    its words are the output.
    """

    session: Session
    output: str = ""
    config: Configuration | None = None
    effects: tuple[Effect, ...] = ()
    accepted: bool = True
    ping: Ping | None = None
