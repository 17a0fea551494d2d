"""Islands in the calendar, and what their gateways carry.

An island is a pool with a single label: who has the label has the island, and the next one waits with its
slot begun until the former is off the gateway.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NoReturn

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import Session

from netconfig.gateway import ControllerProxy, UserAccess, VlanMap, VlanPair
from netconfig.intent import dump_intent
from reservation import labels, offering, parts, pauses, service
from reservation.device_reports import capabilities_of, device_reports
from reservation.errors import CapacityBooked, LabelsTaken
from reservation.lifecycle import FINAL, State
from reservation.model import LabelRequest, PartRequest, TimeSlot
from tbam.aggregate import AggregateManager, Island
from tbam.errors import BadArgs, IslandRMAlreadyReserved, IslandRMNotUnivocal, MissingArgs, Unavailable
from tbam.slivers import KIND, slice_key
from tbam.tables import SliverRow
from tbam.values import IslandRequest, IslandView, Link, Reserved, Switch

ISLAND_PREFIX = "island:"
THE_ONE = 1
"""The label of an island."""
FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)

Intent = ControllerProxy | VlanMap | UserAccess


def island_pool(name: str) -> str:
    """Name of an island's resource in the calendar."""
    return f"{ISLAND_PREFIX}{name}"


def island_label(name: str) -> LabelRequest:
    """What whoever books an island asks of the calendar."""
    return LabelRequest(island_pool(name), frozenset({THE_ONE}))


def island_names(settings: AggregateManager | None) -> tuple[str, ...]:
    """The islands of a site, in the order of the file; none where it has no manager."""
    return () if settings is None else tuple(island.name for island in settings.islands)


def ensure_islands(session: Session, settings: AggregateManager | None, *, now: datetime) -> None:
    """Put the site's islands into the calendar.

    Raises:
        CapacityBooked: one that is promised from `now` on is not among them.
    """
    pools = sorted(map(island_pool, island_names(settings)))
    for pool in pools:
        labels.offer_labels(session, pool, [THE_ONE], now=now)
    offering.withdraw_others(session, pools, prefix=ISLAND_PREFIX, now=now)


def missing_islands(
    session: Session, settings: AggregateManager | None, *, now: datetime
) -> tuple[CapacityBooked, ...]:
    """The islands that are promised from `now` on and are not among the site's, by name."""
    offered = {island_pool(name): 1 for name in island_names(settings)}
    return offering.overbooked(session, offered, prefix=ISLAND_PREFIX, now=now)


def moved_gateways(session: Session, settings: AggregateManager | None) -> tuple[tuple[str, str], ...]:
    """The islands that slices have, or will have, on another gateway than is said here, with that gateway."""
    known = () if settings is None else settings.islands
    elsewhere = or_(
        false(), *(and_(SliverRow.aggregate == one.name, SliverRow.gateway != one.gateway) for one in known)
    )
    among = select(SliverRow.reservation_id).where(elsewhere)
    left = service.list_reservations(session, kind=KIND, states=set(State) - FINAL, among=among)
    rows = session.scalars(select(SliverRow).where(SliverRow.reservation_id.in_([one.id for one in left])))
    return tuple(sorted({(row.aggregate, row.gateway) for row in rows}))


def choose_island(settings: AggregateManager, name: str | None) -> Island:
    """The island that is asked for.

    Raises:
        MissingArgs: none is named and there are several.
        BadArgs: there is none of that name.
    """
    known = ", ".join(island.name for island in settings.islands)
    if name is None:
        if len(settings.islands) > 1:
            raise MissingArgs(f"say which aggregate; there is {known}", field="aggregate")
        return settings.islands[0]
    found = next((island for island in settings.islands if island.name == name), None)
    if found is None:
        raise BadArgs(f"there is no aggregate {name[:80]!r}; there is {known}", field="aggregate")
    return found


def intents(request: IslandRequest, *, login: bool) -> tuple[Intent, ...]:
    """What the gateway is to carry, access for the project's users only where they may log in.

    VLANs whose OFELIA side is not set yet are left out.

    Raises:
        BadArgs: the project or the VLANs are not as they must be.
    """
    try:
        access = UserAccess(request.project.group)
    except ValueError as error:
        raise BadArgs(str(error), field="project") from error
    set_already = [vlan for vlan in request.vlans if vlan.ofelia is not None]
    try:
        pairs = tuple(VlanPair(vlan.ofelia or 0, vlan.alien) for vlan in set_already)
        vlans = (VlanMap(pairs),) if pairs else ()
    except ValueError as error:
        raise BadArgs(str(error), field="VLAN") from error
    return (*((access,) if login else ()), request.controller, *vlans)


def gateway_parts(gateway: str, request: IslandRequest, *, login: bool) -> tuple[PartRequest, ...]:
    """The same as parts of a reservation: all on one device, at once.

    Raises:
        BadArgs: as `intents`.
    """
    return tuple(PartRequest(gateway, 0, dump_intent(intent)) for intent in intents(request, login=login))


def check_gateway(session: Session, island: Island, request: IslandRequest) -> None:
    """Return if the gateway can carry all of the request.

    Raises:
        Unavailable: it cannot, or is not in the database.
        BadArgs: as `intents`.
    """
    can = capabilities_of(session, {island.gateway})[island.gateway]
    for intent in intents(request, login=island.login):
        if intent.capability not in can:
            raise Unavailable(
                f"the gateway of {island.name} cannot do {intent.capability}", field="aggregate"
            )


def check_maintenance(session: Session, island: Island, settings: AggregateManager) -> bool:
    """Whether the gateway is in maintenance, where the site takes requests all the same.

    Raises:
        Unavailable: it is, and the site does not.
    """
    found = pauses.in_maintenance(session, {island.gateway})
    if found is not None and settings.maintenance == "refuse":
        raise Unavailable(
            f"the gateway of {island.name} is in maintenance since {found.since:%Y-%m-%d %H:%M} UTC; "
            "ask again later",
            field="aggregate",
        )
    return found is not None


def say_what_they_wait_for(session: Session, gateways: Mapping[int, str]) -> None:
    """Have reservations say that they wait for their gateway's maintenance, those for which that is so.

    The devices are the last that are locked, and all of them at once.
    """
    parts.lock_devices(session, sorted(set(gateways.values())))
    for number, gateway in gateways.items():
        pause = pauses.in_maintenance(session, {gateway})
        if pause is not None:
            pauses.wait_for(session, number, pause)


def reserved_slots(session: Session, island: str, within: TimeSlot) -> tuple[Reserved, ...]:
    """Who has an island at some instant of that time, by start; what is still being taken off is among it."""
    held = labels.holders(session, island_pool(island), within)
    numbers = {number for _, number in held}
    rows = session.execute(
        select(SliverRow.reservation_id, SliverRow.slice_urn).where(SliverRow.reservation_id.in_(numbers))
    )
    slices = {row.reservation_id: row.slice_urn for row in rows}
    return tuple(Reserved(island, slot, slices.get(number, "")) for slot, number in held)


def refuse_taken(
    session: Session, island: str, slot: TimeSlot, slice_urn: str, error: LabelsTaken, *, own: int | None
) -> NoReturn:
    """Say whose the island is in that time; `own` is the reservation that asks.

    Raises:
        IslandRMNotUnivocal: the same slice's, whose former sliver is still being taken off.
        IslandRMAlreadyReserved: another's.
    """
    held = labels.holders(session, island_pool(island), slot)
    taken = next((number for _, number in held if number != own), None)
    row = None if taken is None else session.get(SliverRow, taken)
    if row is None:
        raise IslandRMAlreadyReserved(
            f"{island} is not free throughout that slot", field="timeslot"
        ) from error
    when = next(when for when, number in held if number == taken)
    told = f"from {when.start:%Y-%m-%dT%H:%M:%SZ} to {when.end:%Y-%m-%dT%H:%M:%SZ}"
    if row.slice_key == slice_key(slice_urn):
        raise IslandRMNotUnivocal(
            f"what this slice had of {island} is still being taken off its gateway, {told} at the latest",
            field="timeslot",
        ) from error
    raise IslandRMAlreadyReserved(
        f"{island} is reserved by {row.slice_urn} {told}", field="timeslot"
    ) from error


def is_free(session: Session, island: str, slot: TimeSlot) -> bool:
    """Whether nobody has the island at any instant of the slot."""
    return not labels.holders(session, island_pool(island), slot)


def free_until(session: Session, island: str, after: TimeSlot, *, own: int) -> datetime:
    """How far into that time the island is nobody's but its own."""
    held = labels.holders(session, island_pool(island), after)
    starts = (slot.start for slot, number in held if number != own)
    return max(min(starts, default=after.end), after.start)


def island_view(session: Session, island: Island, *, now: datetime) -> IslandView:
    """An island as an advertisement tells it."""
    report = device_reports(session, {island.gateway}).get(island.gateway)
    facts = {} if report is None else report.facts
    maintained = pauses.in_maintenance(session, {island.gateway}) is not None
    return IslandView(
        name=island.name,
        available=report is not None and not maintained,
        switches=switches(facts),
        links=links(facts),
        reserved=reserved_slots(session, island.name, TimeSlot(now, FOR_EVER)),
    )


def switches(facts: Mapping[str, object]) -> tuple[Switch, ...]:
    """The switches that a gateway told of: datapath ids, by themselves or under `dpid`."""
    told = (one.get("dpid") if isinstance(one, dict) else one for one in _told(facts, "switches"))
    return tuple(Switch(one) for one in told if isinstance(one, str))


def links(facts: Mapping[str, object]) -> tuple[Link, ...]:
    """The links that a gateway told of."""
    told = [one for one in _told(facts, "links") if isinstance(one, dict)]
    return tuple(Link(*(str(one[end]) for end in _ENDS)) for one in told if set(_ENDS) <= set(one))


_ENDS = ("dpidSrc", "portSrc", "dpidDst", "portDst")


def _told(facts: Mapping[str, object], what: str) -> list[object]:
    told = facts.get(what)
    return told if isinstance(told, list) else []
