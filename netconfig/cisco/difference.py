"""The difference of two sets of blocks.

hier-config tells which lines go and which come within a block; the order in which that is safe is the
plan's business. Whole blocks, which are nearly all, are compared here: hier-config writes its index anew for
every block it negates, so that 5,000 tickets leaving together would take it 18 s.
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
    changed = [header for header, lines in have.items() if header in want and want[header] != lines]
    rules = _PlainRules()
    running = _load(rules, {header: have[header] for header in changed})
    delta = running.config_to_get_to(_load(rules, {header: want[header] for header in changed}))
    return {
        **{f"no {header}": () for header in have if header not in want},
        **{block.text: tuple(line.text for line in block.children) for block in delta.children},
        **{header: lines for header, lines in want.items() if header not in have},
    }


def _load(rules: HConfigDriverBase, blocks: Blocks) -> HConfig:
    return get_hconfig_fast_load(
        rules, [line for header, lines in blocks.items() for line in (header, *(f" {x}" for x in lines))]
    )
