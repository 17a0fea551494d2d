"""From a configuration text of NX-OS to a configuration."""

import re

from netconfig.simulator.grammar import InvalidInput, Refused
from netconfig.simulator.ios_boot import Loader, blocks_of
from netconfig.simulator.ios_config import IosConfig
from netconfig.simulator.ios_mode import Mode, Step
from netconfig.simulator.nxos_commands import apply_in_mode
from netconfig.simulator.nxos_config import NxosConfig, interface_name

# What policy routing cannot do is not kept as a line that is not understood: it would be taken at its word.
_POLICY = re.compile(r" *(?:ip|ipv6) policy ")


def load_nxos(text: str) -> IosConfig:
    """Read a configuration text; nothing in it is refused."""
    loader = _NxosLoader()
    # Sections are kept as IOS indents them.
    lines = (line[1:] if line.startswith("  ") else line for line in text.splitlines())
    for block in blocks_of("\n".join(lines)):
        loader.take(block)
    return loader.config


class _NxosLoader(Loader):
    @staticmethod
    def empty() -> IosConfig:
        return NxosConfig()

    @staticmethod
    def apply(config: IosConfig, mode: Mode, line: str) -> Step:
        try:
            return apply_in_mode(config, mode, line)
        except InvalidInput:
            if _POLICY.match(line):
                raise Refused("policy routing is off there") from None
            raise

    @staticmethod
    def interface_name(name: str) -> str | None:
        return interface_name(name)
