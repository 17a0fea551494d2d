"""Where each part goes on a switch: the names of redirect lists, the numbers of permits.

A list that is applied is never written to: a part whose list was changed by hand gets a new one under a new
name, which is applied before the old one goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict, cast

from netconfig.carried import RouterPart
from netconfig.cli.permits import PermitPlacer
from netconfig.driver import Placement
from netconfig.drivers.dell_force10.entries import write_permit, write_redirect
from netconfig.drivers.dell_force10.grounds import Hindrance, ground_of, hindrance, never
from netconfig.drivers.dell_force10.names import LONGEST, Names
from netconfig.drivers.dell_force10.running import REDIRECT_LIST, AccessList, Running
from netconfig.drivers.dell_force10.strangers import is_strange
from netconfig.errors import Rejected
from netconfig.intent import AccessPermit, PolicyRoute


class RoutePlace(TypedDict):
    """Placement of a PolicyRoute."""

    list: str


def route_list(placement: Placement) -> str | None:
    """The redirect list of a placed PolicyRoute, or None before its first placement."""
    return cast("RoutePlace", placement)["list"] if "list" in placement else None


def redirects(intent: PolicyRoute) -> tuple[str, ...]:
    """The entries of its list, in order."""
    return tuple(write_redirect(flow, intent.next_hop) for flow in intent.flows)


def place_parts(
    device: str, names: Names, running: Running, parts: Sequence[RouterPart]
) -> dict[int, Placement]:
    """Placements of the wanted parts, by part id.

    A part that was placed before is placed again though what it stands on is missing now: that may pass, and
    the plan tells it.

    Raises:
        Rejected: the switch as read has nothing to put a new part on, or no room for a part; only the ids of
            those are in the error.
        StateUnknown: a permit that we remember stands twice in its list.
    """
    wanted = sorted((part for part in parts if part.wanted), key=_former_place)
    for part in wanted:
        if words := never(part.intent):
            raise Rejected(device, words, line=part.intent.kind, parts=_alike(part, wanted, words))
    _check_grounds(device, running, [part for part in wanted if not part.placement])
    answer = PermitPlacer(device, running.access_lists, parts, _write).place_all()
    placer = _ListPlacer(device, names, running, parts)
    return answer | {
        part.part_id: placer.place(part) for part in wanted if isinstance(part.intent, PolicyRoute)
    }


def _write(intent: AccessPermit, _held: AccessList) -> Sequence[str]:
    return [write_permit(flow) for flow in intent.flows]


def _alike(part: RouterPart, wanted: Sequence[RouterPart], words: str) -> frozenset[int]:
    return frozenset({part.part_id, *(one.part_id for one in wanted if never(one.intent) == words)})


def _check_grounds(device: str, running: Running, new: Sequence[RouterPart]) -> None:
    hindered: dict[Hindrance, set[int]] = {}
    for part in new:
        if wrong := hindrance(ground_of(part), running):
            hindered.setdefault(wrong, set()).add(part.part_id)
    for wrong, ids in hindered.items():
        raise Rejected(device, wrong.words, line=wrong.line, parts=frozenset(ids))


def _former_place(part: RouterPart) -> tuple[bool, int]:
    return route_list(part.placement) is None, part.part_id


@dataclass
class _ListPlacer:
    device: str
    names: Names
    running: Running
    parts: Sequence[RouterPart]
    _holder: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        placed = ((route_list(part.placement), part) for part in self.parts if not part.over)
        # The wanted last: a name that one of them has now is no longer that of a part that left.
        ordered = sorted(placed, key=lambda pair: pair[1].wanted)
        self._holder = {name: part.part_id for name, part in ordered if name}

    def place(self, part: RouterPart) -> Placement:
        stored = route_list(part.placement)
        if stored and self._is_usable(stored, part):
            return dict(RoutePlace(list=stored))
        number = part.reservation_id
        name = self.names.redirect_list(number, taken=lambda one: not self._is_usable(one, part))
        if name is None:
            words = (
                f"no name of at most {LONGEST} characters, which is what FTOS takes, is left for a redirect"
                f" list of reservation {number}: they would begin with {self.names.prefix}{number}"
            )
            line = f"{REDIRECT_LIST}{self.names.prefix}{number}"
            raise Rejected(self.device, words, line=line, parts=frozenset({part.part_id}))
        self._holder[name] = part.part_id
        return dict(RoutePlace(list=name))

    def _is_usable(self, name: str, part: RouterPart) -> bool:
        """Whether a part's list may stand under this name without an applied list being written to."""
        if self._holder.get(name, part.part_id) != part.part_id:
            return False
        applied = bool(self.running.interfaces_of(name))
        held = self.running.redirect_lists.get(name)
        if held is None:
            return not applied
        if is_strange(held, self.names):
            return False
        return not applied or held.texts == redirects(cast("PolicyRoute", part.intent))
