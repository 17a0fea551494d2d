"""Days of two stations in minutes: requests through the door, the worker's passes, and whatever goes wrong.

Time is simulated and everything runs in this process, one thing at a time: the real `TicketService`, store,
tick, settle and reconcile, with the examples' site files; behind them boxes that behave as devices do, not
simulated IOS, whose sessions would take most of the time. What goes wrong is drawn from a seed.
"""

import gc
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select

from lambdastation.caller import Caller
from lambdastation.errors import LambdaStationError
from lambdastation.ticket import Mode, TicketRequest
from lambdastation.tickets import TicketService, ensure_resources
from netconfig.errors import Unreachable
from pathservice.sitefile import load_site_file
from reservation.lifecycle import FINAL, State
from reservation.tables import ClaimRow, PartRow, ReservationRow
from store import Store, StoreUnavailable
from tests.unit.activation.conftest import Box, House

EXAMPLES = Path(__file__).parents[1] / "examples"
STEP = timedelta(minutes=2)
DAY = timedelta(days=1)
REQUESTS_A_DAY = 500
FAULT_EVERY = timedelta(minutes=45)
LASTS = (timedelta(minutes=2), timedelta(minutes=30))
CALLER = Caller(subject="CN=soak", issuer="CN=soak", local=True)


class Killed(BaseException):
    """SIGKILL: no statement is executed any more, whatever clears up on the way out."""


@dataclass
class Day:
    """What came of one day at one site."""

    asked: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    objects: int = 0
    resident: int = 0


class SoakedSite:
    """One station of the examples, its worker and its one border router, a box."""

    def __init__(
        self, store: Store, site_file: str, *, seed: int, fault_every: timedelta = FAULT_EVERY
    ) -> None:
        self._fault_every = fault_every
        self._chance = random.Random(f"{site_file} {seed}")  # noqa: S311 - the same every time
        site = load_site_file(EXAMPLES / site_file).site
        (device,) = {name for group in site.groups for name in group.devices}
        self.house = House(store, device)
        self.box: Box = self.house.boxes[device]
        self.theirs = list(self.box.lines)
        self.box.saved = list(self.box.lines)
        store.write(lambda session: ensure_resources(session, site, now=self.now))
        self._tickets = TicketService(store, site, clock=self.house.clock.now, audit=lambda _record: None)
        self._client, self._peer = site.clients[0].name, site.peers[0].name
        self._accepted: set[int] = set()
        self._hand_edits = 0
        self._over_at: datetime | None = None
        self._statements_left: int | None = None
        self._away = False
        event.listen(store.engine, "do_execute", self._execute)
        event.listen(store.engine, "do_execute_no_params", self._execute)

    @property
    def now(self) -> datetime:
        """The simulated instant."""
        return self.house.clock.at

    def live(self, *, days: float, requests_a_day: int = REQUESTS_A_DAY) -> Day:
        """So many days of requests and faults, told together."""
        day, end = Day(), self.now + days * DAY
        while self.now < end:
            self._have_faults(day)
            for _ in range(self._how_many(requests_a_day * (STEP / DAY))):
                self._ask(day)
            self._work()
            self.house.clock.forward(STEP)
        gc.collect()
        day.objects, day.resident = len(gc.get_objects()), _resident()
        return day

    def finish(self) -> None:
        """Nothing goes wrong any more and nobody asks; until every slot is over, or a week is."""
        self._heal()
        latest = self.now + 7 * DAY
        while self.now < latest and self._live_tickets():
            self._work()
            self.house.clock.forward(10 * STEP)
        # The router is read once more, as it always is in the end.
        self._work()

    def troubles(self) -> list[str]:
        """What was lost and what is left; nothing, where all went well."""
        store, told = self.house.store, []
        rows = store.read(lambda session: list(session.scalars(select(ReservationRow))))
        if lost := self._accepted - {row.id for row in rows}:
            told.append(f"tickets lost: {sorted(lost)}")
        if unknown := {row.id for row in rows} - self._accepted:
            told.append(f"tickets nobody was told of: {sorted(unknown)}")
        told += [
            f"ticket {row.id} is {row.state}, outcome {row.outcome}"
            for row in rows
            if row.state not in FINAL or (row.state is State.RELEASED and row.outcome is None)
        ]
        claims = store.read(lambda s: s.scalar(select(func.count()).select_from(ClaimRow)))
        wanted = store.read(lambda s: s.scalar(select(func.count()).where(PartRow.wanted)))
        if claims or wanted:
            told.append(f"{claims} claims and {wanted} wanted parts are left")
        if self.box.lines != self.theirs:
            told.append(f"the router is not what it was: {self.box.lines} instead of {self.theirs}")
        if any(line.startswith("LS-") for line in self.box.saved):
            told.append("the router would come back from a reboot with lines of ours")
        return told

    def outcomes(self) -> Counter[str]:
        """How many tickets ended how."""
        rows = self.house.store.read(lambda session: list(session.scalars(select(ReservationRow))))
        return Counter(str(row.outcome or row.state) for row in rows)

    def _live_tickets(self) -> int:
        query = select(func.count()).where(ReservationRow.state.not_in(FINAL))
        return self.house.store.read(lambda session: session.scalar(query)) or 0

    def _how_many(self, mean: float) -> int:
        return int(mean) + (self._chance.random() < mean % 1)

    def _ask(self, day: Day) -> None:
        day.asked += 1
        try:
            if self._accepted and self._chance.random() < 0.1:
                self._tickets.cancel_ticket(self._chance.choice(sorted(self._accepted)[-20:]), caller=CALLER)
            else:
                self._open()
                day.accepted += 1
        except LambdaStationError as error:
            # Full, over, nothing to extend, or the database is away: it was told, and nothing was written.
            day.refused[error.code] += 1
        except Killed:
            self._statements_left = None

    def _open(self) -> None:
        chance = self._chance
        # Few ports, so that many ask for what others have.
        request = TicketRequest(
            src_client=self._client,
            dst_site=self._peer,
            dst_port=f"tcp eq {5000 + chance.randrange(40)}",
            out_bandwidth=f"{chance.choice((10, 100, 1000))}M",
            in_bandwidth="10M",
            board_at=chance.choice((None, self.now + timedelta(minutes=chance.randrange(1, 600)))),
            travel_seconds=60 * chance.randrange(1, 180),
        )
        mode = chance.choice((Mode.NEW, Mode.AUTO, Mode.AUTO, Mode.EXTEND))
        self._accepted.add(self._tickets.open_ticket(request, caller=CALLER, mode=mode).ticket_id)

    def _work(self) -> None:
        """The worker at this instant, started again when it was killed."""
        try:
            self.house.run()
        except Killed:
            self._statements_left = None
            self.house.run()
        except StoreUnavailable:
            # It asks again at its next strike.
            pass

    def _have_faults(self, day: Day) -> None:
        if self._over_at is not None and self._over_at <= self.now:
            self._heal()
        if self._over_at is None and self._chance.random() < STEP / self._fault_every:
            name, fault = self._chance.choice(sorted(self._faults().items()))
            day.faults[name] += 1
            self._over_at = self.now + self._chance.uniform(*(last / STEP for last in LASTS)) * STEP
            fault()

    def _heal(self) -> None:
        self._over_at, self._away, self._statements_left = None, False, None
        self.box.refuses, self.box.ignores = set(), set()
        self.box.away = self.box.full = False
        self.box.before_line = self.box.after_line = None

    def _faults(self) -> dict[str, Callable[[], None]]:
        return {
            "unreachable": lambda: setattr(self.box, "away", True),
            "refusal": lambda: self.box.refuses.add(f"LS-FNAL-{max(self._accepted, default=1)}-"),
            "taken without effect": lambda: self.box.ignores.add(f"-{max(self._accepted, default=1)}-"),
            "dropped in mid-push": self._drop,
            "hang": self._hang,
            "cannot save": lambda: setattr(self.box, "full", True),
            "reboot": self._reboot,
            "hand edit": self._edit_by_hand,
            "worker killed": lambda: setattr(self, "_statements_left", self._chance.randrange(1, 60)),
            "database away": lambda: setattr(self, "_away", True),
        }

    def _drop(self) -> None:
        left = [self._chance.randrange(1, 6)]

        def drop(_line: str) -> None:
            left[0] -= 1
            self.box.away = self.box.away or left[0] <= 0

        self.box.after_line = drop

    def _hang(self) -> None:
        def time_out(_line: str) -> None:
            raise Unreachable(self.box.name, "said nothing for too long")

        self.box.before_line = time_out

    def _reboot(self) -> None:
        self.box.lines = list(self.box.saved)
        self.theirs = [line for line in self.box.lines if not line.startswith("LS-")]

    def _edit_by_hand(self) -> None:
        if self.box.ours and self._chance.random() < 0.7:
            self.box.lines.remove(self._chance.choice(self.box.ours))
            return
        self._hand_edits += 1
        line = f"ntp server 192.0.2.{self._hand_edits % 250}"
        self.box.lines.append(line)
        self.theirs.append(line)

    def _execute(self, *_arguments: Any) -> None:
        if self._statements_left is not None:
            self._statements_left -= 1
            if self._statements_left <= 0:
                raise Killed
        if self._away:
            raise self.house.store.engine.dialect.loaded_dbapi.OperationalError("the database is away")


def _resident() -> int:
    """Memory of this process that is in use, in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096
