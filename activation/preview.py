"""What a pass over a device would do now, without doing it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from activation.detours import Carried, carried_now
from activation.wanted import known_reservations, read_wanted
from netconfig.driver import Config, DeviceDriver, PartIntent, Plan
from netconfig.intent import load_intent
from reservation.lifecycle import FINAL
from reservation.parts import FORMER
from reservation.tables import DeviceRow, PartRow, ReservationRow
from store import Store


@dataclass(frozen=True, slots=True)
class Preview:
    """A device as it is, as it should be, and the lines in between."""

    actual: Config
    desired: Config
    plan: Plan


def preview(
    store: Store, device: str, driver: DeviceDriver, *, as_if: int | None = None, actual: Config | None = None
) -> Preview:
    """Read the device and plan for it; nothing is pushed or written, and no next hop asked for.

    A next hop that is known to be down is taken so; of any other it is supposed that it answers.

    `as_if` plans as if that reservation were active too; `actual` plans against an earlier reading.

    Raises:
        DeviceError: the device cannot be read, or has no room for a part.
        StoreUnavailable: the database is away.
    """
    carried = store.read(lambda session: _carried(session, device, as_if))
    actual = actual or driver.read()
    parts = carried.parts
    placements = driver.place(actual, parts)
    placed = [replace(part, placement=placements.get(part.part_id, part.placement)) for part in parts]
    desired = driver.render(placed)
    known = store.read(lambda session: known_reservations(session, actual))
    plan = carried.still_to_do(driver.plan(actual, desired, known=known))
    return Preview(actual=actual, desired=desired, plan=plan)


def _carried(session: Session, device: str, as_if: int | None) -> Carried:
    wanted = read_wanted(session, device)
    parts = wanted.parts if as_if is None else _with(session, device, wanted.parts, as_if)
    kept = frozenset(part.part_id for part in parts)
    return carried_now(parts, wanted.hops, detours=wanted.detours, kept=kept)


def _with(session: Session, device: str, now: Sequence[PartIntent], as_if: int) -> tuple[PartIntent, ...]:
    upcoming = session.scalars(
        select(PartRow)
        .join(DeviceRow, PartRow.device_id == DeviceRow.id)
        .join(ReservationRow, PartRow.reservation_id == ReservationRow.id)
        .where(DeviceRow.name == device, PartRow.reservation_id == as_if, ReservationRow.state.not_in(FINAL))
        .where(~FORMER)
        .order_by(PartRow.id)
    )
    wanted = tuple(
        PartIntent(
            part_id=part.id,
            reservation_id=part.reservation_id,
            intent=load_intent(part.intent),
            wanted=not part.superseded,
            placement=part.placement,
        )
        for part in upcoming
    )
    theirs = {part.part_id for part in wanted}
    return (*(part for part in now if part.part_id not in theirs), *wanted)
