"""Lines inside an access list of NX-OS: `config-acl` and `config-ipv6-acl`."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from netconfig.simulator.grammar import Rule, tokens_of
from netconfig.simulator.ios_acl import AccessList
from netconfig.simulator.ios_mode import Act, Call, Step
from netconfig.simulator.nxos_acl import COUNTING, HIGHEST_SEQUENCE, NxosAccessList, NxosAce, read_nxos_ace
from netconfig.simulator.packet import Family

_SEQUENCE = f"<1-{HIGHEST_SEQUENCE}>"

Edit = Callable[[NxosAccessList, Call], AccessList]


def _editing(family: Family, edit: Edit) -> Act:
    def act(call: Call) -> Step:
        name = call.mode.key[1]
        # Another session may have removed the list meanwhile; the line then begins it anew.
        known = call.config.access_list(family, name) or NxosAccessList(family, name)
        return call.stay(call.config.put(call.mode.key, edit(cast("NxosAccessList", known), call)))

    return act


def _entry(access_list: NxosAccessList, call: Call) -> NxosAce:
    condition = call.values[-1]
    start = max(token.column for token in tokens_of(call.line) if token.column < condition.column)
    return read_nxos_ace(call.line, start, access_list.family)


def _sequence(call: Call) -> int | None:
    return int(call.texts[0]) if len(call.values) == 2 else None


def _counting(*, on: bool) -> Edit:
    return lambda access_list, _call: replace(access_list, counts=on)


_EDITS: dict[str, Edit] = {
    COUNTING: _counting(on=True),
    f"no {COUNTING}": _counting(on=False),
    "permit LINE": lambda held, call: held.add(_entry(held, call)),
    "deny LINE": lambda held, call: held.add(_entry(held, call)),
    f"{_SEQUENCE} permit LINE": lambda held, call: held.add(_entry(held, call), _sequence(call)),
    f"{_SEQUENCE} deny LINE": lambda held, call: held.add(_entry(held, call), _sequence(call)),
    "remark LINE": lambda held, call: held.add_remark(call.texts[-1]),
    f"{_SEQUENCE} remark LINE": lambda held, call: held.add_remark(call.texts[-1], _sequence(call)),
    f"no {_SEQUENCE}": lambda held, call: held.remove_sequence(int(call.texts[0])),
    "no permit LINE": lambda held, call: held.remove_entry(_entry(held, call)),
    "no deny LINE": lambda held, call: held.remove_entry(_entry(held, call)),
    f"no {_SEQUENCE} permit LINE": lambda held, call: held.remove_entry(_entry(held, call), _sequence(call)),
    f"no {_SEQUENCE} deny LINE": lambda held, call: held.remove_entry(_entry(held, call), _sequence(call)),
    "no remark LINE": lambda held, call: held.remove_remark(call.texts[-1]),
    f"no {_SEQUENCE} remark LINE": lambda held, call: held.remove_remark(call.texts[-1], _sequence(call)),
}

IPV4_ACL_RULES = tuple(Rule(pattern, _editing(4, edit)) for pattern, edit in _EDITS.items())
IPV6_ACL_RULES = tuple(Rule(pattern, _editing(6, edit)) for pattern, edit in _EDITS.items())
