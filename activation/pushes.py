"""Sending a plan to a device, written down before and after, word for word."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from activation.clock import Clock
from activation.log import logger
from activation.outcomes import Visit
from activation.wanted import INTERRUPTED, PUSHED
from netconfig.driver import DeviceDriver, Plan, Transcript, transcript_of
from netconfig.errors import DeviceError
from reservation.tables import DeviceChangeRow
from store import Store

log = logger("reconcile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushes:
    """The pushes of one pass over a device.

    Attributes:
        owners: the reservation of each part, by part id.
        is_leased: tells without the database whether the lease can still be ours; asked all the time.
        repairs: nothing is to be expected but what somebody else changed.
    """

    store: Store
    driver: DeviceDriver
    clock: Clock
    visit: Visit
    owners: Mapping[int, int]
    is_leased: Callable[[], bool]
    repairs: bool

    def push(self, plan: Plan, begin: Callable[[Session], int | None]) -> Transcript | None:
        """Send the plan, or save if it is empty; what was said.

        `begin` writes down that it begins, in a transaction, and tells the number of that; or None where
        nothing may be sent: the only place where that is decided, and then the answer is None too.
        """
        change = self.store.write(begin)
        if change is None:
            return None
        if plan and self.repairs:
            log.warning("device drifted, repairing", device=self.visit.device, plan=str(plan))
        began = time.monotonic()
        transcript, outcome = "", INTERRUPTED
        try:
            said = self.driver.push(plan, may_go_on=self.is_leased) if plan.due else self.driver.save()
            transcript = str(said)
            outcome = PUSHED
        except DeviceError as error:
            transcript, outcome = str(transcript_of(error)), error.code
            raise
        finally:
            took = round((time.monotonic() - began) * 1000)
            log.info(
                "device pushed",
                device=self.visit.device,
                lines=len(plan.due),
                outcome=outcome,
                duration_ms=took,
            )
            self.store.write(lambda session: _end(session, change, transcript, outcome, took))
        return said

    def change(self, device_id: int, plan: Plan) -> DeviceChangeRow:
        """What is written down of a plan before it is sent."""
        touched = {line.reservation_id for line in plan.lines if line.reservation_id is not None}
        touched |= {self.owners[part] for line in plan.lines for part in line.parts if part in self.owners}
        return DeviceChangeRow(
            device_id=device_id,
            at=self.clock.now(),
            generation=self.visit.generation,
            reservations=sorted(touched),
            plan=str(plan),
        )

    def begin(self, session: Session, device_id: int, plan: Plan) -> int:
        """Write down that this plan is sent from now on; the number of that."""
        change = self.change(device_id, plan)
        session.add(change)
        session.flush()
        return change.id


def _end(session: Session, change: int, transcript: str, outcome: str, duration_ms: int) -> None:
    row = session.get_one(DeviceChangeRow, change)
    row.transcript, row.outcome, row.duration_ms = transcript, outcome, duration_ms
