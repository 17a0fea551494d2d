"""The modes of configuration, and the shape of what a line does in one."""

from collections.abc import Callable
from dataclasses import dataclass

from netconfig.simulator.grammar import Token
from netconfig.simulator.ios_config import IosConfig, Key


@dataclass(frozen=True, slots=True)
class Mode:
    """Where the next configuration line is read: `name` is what the prompt shows between its brackets.

    `key` is the section being edited, `sequence` the entry of a route-map.
    """

    name: str
    key: Key = ()
    sequence: int = 0


GLOBAL = Mode("config")


@dataclass(frozen=True, slots=True)
class Step:
    """What a line led to. `output` is what the router prints, mostly nothing."""

    config: IosConfig
    mode: Mode
    output: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A line understood, with what it is applied to."""

    config: IosConfig
    mode: Mode
    line: str
    values: tuple[Token, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(value.text for value in self.values)

    def stay(self, config: IosConfig) -> Step:
        """The configuration changed, the mode did not."""
        return Step(config, self.mode)


Act = Callable[[Call], Step]
