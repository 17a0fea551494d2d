"""From a configuration text of NX-OS to a configuration."""

from netconfig.simulator.ios_boot import Loader, blocks_of
from netconfig.simulator.ios_config import IosConfig
from netconfig.simulator.ios_mode import Mode, Step
from netconfig.simulator.nxos_commands import apply_in_mode
from netconfig.simulator.nxos_config import NxosConfig, interface_name


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
        return apply_in_mode(config, mode, line)

    @staticmethod
    def interface_name(name: str) -> str | None:
        return interface_name(name)
