"""The difference of two sets of blocks, by hier-config.

hier-config tells which lines go and which come; the order in which that is safe is the plan's business.
"""

from collections.abc import Mapping

from hier_config import HConfig, get_hconfig_fast_load
from hier_config.platforms.driver_base import HConfigDriverBase, HConfigDriverRules

Blocks = Mapping[str, tuple[str, ...]]


class _PlainRules(HConfigDriverBase):
    """No rule of hier-config's own: its IOS rules drop remarks and number access lists anew."""

    @staticmethod
    def _instantiate_rules() -> HConfigDriverRules:
        return HConfigDriverRules(indentation=1)


def difference(have: Blocks, want: Blocks) -> dict[str, tuple[str, ...]]:
    """Lines that lead from one to the other: a block that goes as `no <header>`, a line as `no <line>`."""
    rules = _PlainRules()
    delta = _load(rules, have).config_to_get_to(_load(rules, want))
    return {block.text: tuple(line.text for line in block.children) for block in delta.children}


def _load(rules: HConfigDriverBase, blocks: Blocks) -> HConfig:
    return get_hconfig_fast_load(
        rules, [line for header, lines in blocks.items() for line in (header, *(f" {x}" for x in lines))]
    )
