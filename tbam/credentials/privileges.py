"""What a credential's privileges allow, and which of them each call needs. Pure.

A privilege is the name of an operation, or of a group of them: SFA's table (`sfa/trust/rights.py`), as
far as an aggregate manager's operations go, and ProtoGENI's `instantiate`. A name that stands in no
table allows itself alone.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass

ALL = "*"


class Call(enum.Enum):
    """The calls of the API that take credentials, each with the operation that has to be allowed."""

    LIST_RESOURCES = "ListResources", None
    DESCRIBE = "Describe", "getsliceresources"
    ALLOCATE = "Allocate", "createsliver"
    PROVISION = "Provision", "createsliver"
    STATUS = "Status", "getsliceresources"
    PERFORM_OPERATIONAL_ACTION = "PerformOperationalAction", "createsliver"
    RENEW = "Renew", "renewsliver"
    DELETE = "Delete", "deleteslice"
    SHUTDOWN = "Shutdown", "shutdown"

    def __init__(self, method: str, privilege: str | None) -> None:
        self.method = method
        self.privilege = privilege


OPERATIONS = frozenset(call.privilege for call in Call if call.privilege is not None)
"""Everything that can be asked of us."""

_GROUPS = {
    ALL: OPERATIONS,
    "authority": OPERATIONS,
    "sa": OPERATIONS - {"shutdown"},
    "embed": OPERATIONS,
    "control": OPERATIONS - {"shutdown"},
    "instantiate": frozenset({"createsliver"}),
    # Known, and of no use here: `bind` is about tickets, the others about what a registry keeps.
    "bind": frozenset[str](),
    "info": frozenset[str](),
    "refresh": frozenset[str](),
    "resolve": frozenset[str](),
}


@dataclass(frozen=True, slots=True)
class Privilege:
    """One privilege of a credential, and whether its owner may hand it on."""

    name: str
    can_delegate: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name.lower())


def expand(privileges: Iterable[Privilege]) -> frozenset[str]:
    """Answer the operations that are allowed."""
    return frozenset(operation for privilege in privileges for operation in _operations(privilege.name))


def find_not_handed_on(child: Iterable[Privilege], parent: Iterable[Privilege]) -> list[str]:
    """Answer, in order, which of a delegated credential's privileges its parent does not hand on."""
    handed_on = [privilege.name for privilege in parent if privilege.can_delegate]
    allowed = {operation for name in handed_on for operation in (name, *_operations(name))}
    return sorted(
        privilege.name
        for privilege in child
        if ALL not in allowed and privilege.name not in allowed and not _is_within(privilege.name, allowed)
    )


def _is_within(name: str, allowed: set[str]) -> bool:
    """Whether a group is made of operations that are all handed on, if under other names."""
    return name != ALL and bool(_operations(name)) and _operations(name) <= allowed


def _operations(name: str) -> frozenset[str]:
    return _GROUPS.get(name, frozenset({name}))
