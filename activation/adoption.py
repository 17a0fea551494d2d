"""A reservation that is on its devices already: started with the parts placed where they stand."""

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from netconfig.driver import ADOPTED, Placement
from reservation import labels, parts
from reservation.lifecycle import ON_DEVICES, Cause
from reservation.moves import lock_reservation, move
from reservation.tables import DeviceRow, PartRow, ReservationRow

Placements = Mapping[str, Sequence[Placement]]
"""By device, in the order of the reservation's parts there; empty for what is not there."""


class NotAdopted(Exception):
    """What is on the devices cannot become a reservation's now."""

    code = "not-adopted"


def start_adopted(
    session: Session, reservation_id: int, placements: Placements, *, now: datetime, actor: str
) -> None:
    """Start a reservation that was made in this transaction, all its parts at once.

    Not stage by stage: a pass would take off what is not wanted yet. What is missing comes with the next.

    Raises:
        NotAdopted: an operator wants its objects gone, or another still has its label.
    """
    row = lock_reservation(session, reservation_id)
    if (held := labels.still_held(session, reservation_id)) is not None:
        raise NotAdopted(f"its packets are told by {held}")
    of_reservation = parts.parts_of(session, reservation_id)
    devices = parts.lock_devices(session, [part.device.name for part in of_reservation])
    for device in devices.values():
        if reservation_id in device.evictions:
            raise NotAdopted(f"an operator has ordered a worker to take {reservation_id} off {device.name}")
    move(session, row, Cause.START, now=now, actor=actor)
    row.next_action_at = row.end
    for name, placed in placements.items():
        there = [part for part in of_reservation if part.device.name == name]
        for part, placement in zip(there, placed, strict=True):
            part.placement = dict(placement)
    parts.switch(session, of_reservation, wanted=True)
    session.flush()


def adopted_since(session: Session, device: str, generation: int) -> frozenset[int]:
    """The reservations whose parts on the device were switched after that generation of it."""
    asked = {"device": device, "generation": generation}
    return frozenset(session.scalars(_switched_since(), asked))


@functools.cache
def _switched_since() -> Select[int]:
    # Built once: every pass over a device that carries something asks it.
    return (
        select(PartRow.reservation_id)
        .join(DeviceRow, PartRow.device_id == DeviceRow.id)
        .where(DeviceRow.name == bindparam("device"), PartRow.generation > bindparam("generation"))
    )


def is_adopted(session: Session, number: int, database: str) -> bool:
    """Whether a reservation that is on devices took over what that database left under its number."""
    found = session.execute(
        select(PartRow.placement)
        .join(ReservationRow, PartRow.reservation_id == ReservationRow.id)
        .where(PartRow.reservation_id == number, ReservationRow.state.in_(ON_DEVICES))
    )
    return any(database in str(row.placement.get(ADOPTED, "")) for row in found)
