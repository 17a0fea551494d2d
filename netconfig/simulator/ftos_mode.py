"""The modes of FTOS's configuration, and the shape of what a line does in one."""

from collections.abc import Callable
from dataclasses import dataclass

from netconfig.simulator.ftos_config import Block, FtosConfig
from netconfig.simulator.grammar import Token
from netconfig.simulator.ios_mode import Mode

GLOBAL = Mode("conf")


@dataclass(frozen=True, slots=True)
class Step:
    """What a line led to."""

    config: FtosConfig
    mode: Mode
    output: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A line understood, with what it is applied to."""

    config: FtosConfig
    mode: Mode
    line: str
    values: tuple[Token, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(value.text for value in self.values)

    @property
    def block(self) -> Block:
        """The block that is edited; another session may have removed it meanwhile."""
        header = self.mode.key[0]
        return self.config.find(header) or Block(header)

    def put(self, block: Block) -> Step:
        return Step(self.config.put(block), self.mode)


Act = Callable[[Call], Step]
