"""Lines inside an access list: `config-ext-nacl` and `config-ipv6-acl`."""

import re
from collections.abc import Callable

from netconfig.simulator.grammar import InvalidInput, Rule, tokens_of
from netconfig.simulator.ios_ace import Ace, read_ace
from netconfig.simulator.ios_acl import HIGHEST_SEQUENCE, AccessList
from netconfig.simulator.ios_mode import Act, Call, Step
from netconfig.simulator.packet import Family

_SEQUENCE = f"<1-{HIGHEST_SEQUENCE}>"

Edit = Callable[[AccessList, Call], AccessList]


def _editing(family: Family, edit: Edit) -> Act:
    def act(call: Call) -> Step:
        name = call.mode.key[1]
        # Another session may have removed the list meanwhile; the line then begins it anew.
        current = call.config.access_list(family, name) or AccessList(family, name)
        return call.stay(call.config.put(call.mode.key, edit(current, call)))

    return act


def _add(access_list: AccessList, call: Call) -> AccessList:
    ace, trailing = _entry(access_list.family, call)
    return access_list.add(ace, _leading_sequence(call) or trailing)


def _remove(access_list: AccessList, call: Call) -> AccessList:
    ace, trailing = _entry(access_list.family, call)
    return access_list.remove_entry(ace, _leading_sequence(call) or trailing)


def _remove_sequence(access_list: AccessList, call: Call) -> AccessList:
    return access_list.remove_sequence(int(call.texts[0]))


def _add_remark(access_list: AccessList, call: Call) -> AccessList:
    return access_list.add_remark(call.texts[-1], _leading_sequence(call))


def _remove_remark(access_list: AccessList, call: Call) -> AccessList:
    return access_list.remove_remark(call.texts[-1], _leading_sequence(call))


def _remove_remarks(access_list: AccessList, call: Call) -> AccessList:
    return access_list.remove_remark(sequence=int(call.texts[0]))


def _leading_sequence(call: Call) -> int | None:
    return int(call.texts[0]) if len(call.values) == 2 else None


def _entry(family: Family, call: Call) -> tuple[Ace, int | None]:
    """The entry of a line, and the number behind it: `permit ipv6 any any sequence 20`."""
    condition = call.values[-1]
    start = max(token.column for token in tokens_of(call.line) if token.column < condition.column)
    numbered = re.search(r"\ssequence\s+(\d+)\s*$", call.line) if family == 6 else None
    if numbered is None:
        return read_ace(call.line, start, family), None
    sequence = int(numbered[1])
    if not 0 < sequence <= HIGHEST_SEQUENCE:
        raise InvalidInput(numbered.start(1))
    return read_ace(call.line[: numbered.start()], start, family), sequence


def _rules(family: Family, number: str) -> tuple[Rule[Act], ...]:
    edits: dict[str, Edit] = {
        "permit LINE": _add,
        "deny LINE": _add,
        f"{number} permit LINE": _add,
        f"{number} deny LINE": _add,
        "remark LINE": _add_remark,
        f"{number} remark LINE": _add_remark,
        f"no {number}": _remove_sequence,
        "no permit LINE": _remove,
        "no deny LINE": _remove,
        f"no {number} permit LINE": _remove,
        f"no {number} deny LINE": _remove,
        "no remark LINE": _remove_remark,
        f"no {number} remark": _remove_remarks,
        f"no {number} remark LINE": _remove_remark,
    }
    return tuple(Rule(pattern, _editing(family, edit)) for pattern, edit in edits.items())


IPV4_ACL_RULES = _rules(4, _SEQUENCE)
IPV6_ACL_RULES = _rules(6, f"sequence {_SEQUENCE}")
