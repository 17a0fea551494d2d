"""What a gateway carries and what it should, each as a text of one line a thing. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from netconfig.carried import GatewayPart
from netconfig.driver import ADOPTED, Config, Ownership, Placement
from netconfig.gateway import ControllerProxy, UserAccess, VlanMap, VlanPair
from netconfig.slicestate import Carried, Held, Item, ItemIntent, Report, SliceKey, SliceState, item_of
from netconfig.slicewire import dump_time, load_time

SLICE = "slice"
"""In a placement: the reservation that has the gateway."""
_ARROW = " <-> "
_UNTAGGED = "untagged"


@dataclass(frozen=True, slots=True)
class Reading(Config):
    """A gateway as it was read.

    Attributes:
        held: every slice that something is there of, whoever's.
        hindered: why something of the wanted slice has no effect though it is there.
    """

    held: tuple[Held, ...] = ()
    hindered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wish(Config):
    """What a gateway shall carry.

    Attributes:
        wanted: None for nothing.
        needs: the part behind each thing that is wanted.
        leaving: ids of the parts that are to go, by reservation and thing.
        former: slices that were adopted, and so are ours though their fingerprint is not.
    """

    wanted: SliceState | None = None
    needs: Mapping[Item, int] = field(default_factory=dict)
    leaving: Mapping[tuple[int, Item], frozenset[int]] = field(default_factory=dict)
    former: frozenset[SliceKey] = frozenset()

    @property
    def every_part(self) -> frozenset[int]:
        """Of the wanted slice."""
        return frozenset(self.needs.values())


def read_report(report: Report, ownership: Ownership, facts: Mapping[str, object]) -> Reading:
    """A reading of what an agent told."""
    ours = [held for held in report.held if is_ours(held.state.key, ownership)]
    stations = [held for held in report.held if held.state.key.station == ownership.station]
    return Reading(
        text="".join(write_slice(held.state) for held in ours),
        found={held.state.key.reservation: held.state.key.database for held in reversed(stations)},
        facts=facts,
        held=report.held,
        hindered=report.hindered,
    )


def as_reading(config: Config, ownership: Ownership) -> Reading:
    """A reading, or a configuration that might be one."""
    if isinstance(config, Reading):
        return config
    return with_text((), config.text, ownership)


def with_text(others: Iterable[Held], text: str, ownership: Ownership) -> Reading:
    """A gateway that carries of ours what the text says, and these slices of others."""
    states = read_slices(text, ownership)
    found = {state.key.reservation: ownership.database for state in states}
    return Reading(text, found=found, held=(*others, *map(Held, states)))


def is_ours(key: SliceKey, ownership: Ownership) -> bool:
    """Whether it carries our fingerprint."""
    return key.is_of(ownership.station, ownership.database)


def make_wish(parts: Sequence[GatewayPart], ownership: Ownership) -> Wish:
    """What these parts want: of several of one kind in a reservation the newest, which replaces the others.

    Of several reservations, which `place` refuses, the one that is there or else the first.
    """
    leaving: dict[tuple[int, Item], frozenset[int]] = {}
    for part in parts:
        if not part.wanted:
            thing = part.reservation_id, item_of(part.intent)
            leaving[thing] = leaving.get(thing, frozenset()) | {part.part_id}
    former = frozenset(
        key for part in parts if (key := former_key(part.placement, ownership.station)) is not None
    )
    wanted = [part for part in parts if part.wanted]
    if not wanted:
        return Wish("", leaving=leaving, former=former)
    reservation = min(wanted, key=lambda part: (not part.placement, part.reservation_id)).reservation_id
    newest = sorted((part for part in wanted if part.reservation_id == reservation), key=lambda p: p.part_id)
    state = SliceState(
        key=SliceKey(ownership.station, ownership.database, reservation),
        until=next((part.until for part in reversed(newest) if part.until), None),
        carried=Carried.of(part.intent for part in newest),
    )
    needs = {item_of(part.intent): part.part_id for part in newest}
    return Wish(
        text=write_slice(state),
        serves={
            (write_head(state), f" {line}"): frozenset({needs[item]})
            for item in Item
            for line in write_item(state.carried.get(item))
        },
        wanted=state,
        needs=needs,
        leaving=leaving,
        former=former,
    )


def former_key(placement: Placement, station: str) -> SliceKey | None:
    """Whose the slice was before its part took it over."""
    reservation, _, database = str(placement.get(ADOPTED, "")).partition(" ")
    return SliceKey(station, database, int(reservation)) if reservation.isdigit() else None


def write_slice(state: SliceState) -> str:
    """A header, and a line for each thing."""
    lines = [f" {line}\n" for item in Item for line in write_item(state.carried.get(item))]
    return f"{write_head(state)}\n{''.join(lines)}"


def write_head(state: SliceState) -> str:
    """Which slice, and until when."""
    head = f"slice {state.key.reservation}"
    return head if state.until is None else f"{head} until {dump_time(state.until)}"


def write_item(intent: ItemIntent | None) -> tuple[str, ...]:
    """The lines of one thing."""
    match intent:
        case ControllerProxy():
            return (f"controller {intent}",)
        case VlanMap():
            return tuple(
                f"vlan {pair.ofelia}{_ARROW}{pair.alien or _UNTAGGED}" for pair in sorted(intent.pairs)
            )
        case UserAccess():
            return (f"access {intent.group}",)
        case None:
            return ()


def read_slices(text: str, ownership: Ownership) -> tuple[SliceState, ...]:
    """The slices of a text of `write_slice`, as ours."""
    found: list[SliceState] = []
    things: list[ItemIntent] = []
    pairs: list[VlanPair] = []

    def finish() -> None:
        if found:
            vlans = [VlanMap(tuple(pairs))] if pairs else []
            found[-1] = SliceState(found[-1].key, found[-1].until, Carried.of([*things, *vlans]))
        things.clear()
        pairs.clear()

    for line in text.splitlines():
        words = line.split()
        match words:
            case ["slice", number, *rest]:
                finish()
                key = SliceKey(ownership.station, ownership.database, int(number))
                found.append(SliceState(key, _until(rest), Carried()))
            case ["controller", url]:
                things.append(ControllerProxy.parse(url))
            case ["access", group]:
                things.append(UserAccess(group))
            case ["vlan", ofelia, "<->", alien]:
                pairs.append(VlanPair(int(ofelia), 0 if alien == _UNTAGGED else int(alien)))
    finish()
    return tuple(found)


def _until(words: Sequence[str]) -> datetime | None:
    return load_time(words[1], "until") if len(words) == 2 else None
