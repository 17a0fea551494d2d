"""What is wanted of the gateway, kept on disk, and the making of it so.

There is one wish, replaced whole: a slice or none. What is there is looked at, again and again, and made
equal to it: first everything that is not of the slice is taken off, then what is missing is brought. Whatever
goes wrong is told and tried again, so nothing has to be undone and a restart forgets nothing.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from netconfig.slicestate import LEGACY, Carried, Held, Item, ItemIntent, Order, Report, SliceKey, SliceState
from netconfig.slicewire import dump_time
from ofgw.backend import BackEnd, Found
from ofgw.errors import BackEndFailed, FaultCode, Refused, StateUnwritable
from ofgw.statefile import Memo, StateFile

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ON_ORDER = (Item.GROUP, Item.CONTROLLER, Item.VLANS)
"""Traffic comes last, and goes first."""
LONGEST_PAUSE = timedelta(seconds=30)
TURN_WAITED_FOR = 30.0
"""Seconds in which a call gets its turn; the back ends need not be quick."""


class Keeper:
    """Keeps one slice on the gateway, or none. Any thread may call it; one at a time is served."""

    def __init__(
        self,
        back_ends: Sequence[BackEnd],
        file: StateFile,
        *,
        clock: Callable[[], datetime],
        look_every: timedelta = timedelta(seconds=5),
        agent: str = "",
    ) -> None:
        """Take up what the file has; nothing is done before the first turn.

        Args:
            look_every: pause between two looks at what is there, where nothing is wrong.
            agent: what a report says of us.
        """
        by_item = {one.item: one for one in back_ends}
        self._back_ends = [by_item[item] for item in ON_ORDER if item in by_item]
        self._file = file
        self._clock = clock
        self._look_every = look_every
        self._agent = agent
        self._lock = threading.Lock()
        self._memo = file.load()
        self._troubles: dict[Item, str] = {}
        self._failures = 0
        self._is_kept = True
        self.wake = threading.Event()
        """Set whenever the next turn may be due earlier than was said."""

    def follow(self, order: Order) -> Report:
        """Want this and nothing else, make it so, and tell what there is then.

        What could not be done is in the report, and is tried again. A manager that wants nothing gets rid of
        what is its own, or of what it names; anybody else's slice stays.

        Raises:
            Refused: not done at all, nothing was changed: NOT_YOURS, SLOT_OVER, BAD_VALUE with the thing, or
                NOT_DONE if what is wanted cannot be kept.
        """
        with self._turn():
            now = self._clock()
            if self._may_replace(order, now):
                self._check(order.wanted, now)
                self._want(order.wanted)
                self._make_so()
                self.wake.set()
            return self._report(now)

    def change(self, item: Item, intent: ItemIntent | None) -> None:
        """Want this thing, or not, beside the others that were set one by one.

        Raises:
            Refused: NOT_YOURS while a manager's slice is on, BAD_VALUE; NOT_DONE: it is wanted now, and
                tried again, but could not be done.
        """
        with self._turn():
            now = self._clock()
            there = self._memo.wanted
            if there is not None and there.key != LEGACY and not there.is_over(now):
                raise Refused(FaultCode.NOT_YOURS, f"the gateway is taken: {there.key}")
            before = there.carried if there is not None and there.key == LEGACY else Carried()
            carried = before.having(item, intent)
            wanted = SliceState(LEGACY, None, carried) if carried else None
            self._check(wanted, now)
            self._want(wanted)
            self._make_so()
            self.wake.set()
            if item in self._troubles:
                raise Refused(FaultCode.NOT_DONE, f"{self._troubles[item]}; it is tried again", item=item)

    def one_by_one(self) -> Carried:
        """What was set without naming a reservation."""
        with self._turn():
            there = self._memo.wanted
            return there.carried if there is not None and there.key == LEGACY else Carried()

    def report(self) -> Report:
        """What there is, looked at now."""
        with self._turn():
            return self._report(self._clock())

    def turn(self) -> timedelta:
        """End the slice if it is over, make so what is wanted; returns when to come again."""
        with self._turn():
            now = self._clock()
            there = self._memo.wanted
            if there is not None and there.until is not None and there.is_over(now):
                log.warning("slot-over", slice=str(there.key))
                words = f"{there.key}: ended at {dump_time(there.until)}, as told"
                self._keep_if_possible(Memo(leaving=there, ended=words))
            self._make_so()
            return self._pause(now)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=TURN_WAITED_FOR):
            raise Refused(FaultCode.BUSY, "the agent is still at work; ask again")
        try:
            yield
        finally:
            self._lock.release()

    def _may_replace(self, order: Order, now: datetime) -> bool:
        """Whether the order has a say in what is there."""
        there = self._memo.wanted
        if there is None or there.is_over(now) or there.key == order.instead_of:
            return True
        if order.wanted is None or there.key.is_of(order.station, order.database):
            return there.key.is_of(order.station, order.database)
        raise Refused(FaultCode.NOT_YOURS, f"the gateway is taken: {there.key}")

    def _check(self, wanted: SliceState | None, now: datetime) -> None:
        if wanted is None:
            return
        if wanted.until is not None and wanted.is_over(now):
            words = f"the slot ended at {dump_time(wanted.until)}; the gateway's clock says {dump_time(now)}"
            raise Refused(FaultCode.SLOT_OVER, words)
        able = {one.item: one for one in self._back_ends}
        for item in Item:
            if (intent := wanted.carried.get(item)) is None:
                continue
            if item not in able:
                raise Refused(FaultCode.BAD_VALUE, "this gateway is not set up for it", item=item)
            try:
                able[item].check(intent)
            except ValueError as error:
                raise Refused(FaultCode.BAD_VALUE, str(error), item=item) from None

    def _want(self, wanted: SliceState | None) -> None:
        old = self._memo.wanted
        if old == wanted:
            return
        is_other = old is not None and (wanted is None or wanted.key != old.key)
        memo = replace(self._memo, wanted=wanted, leaving=old if is_other else self._memo.leaving)
        if wanted is None:
            self._keep_if_possible(memo)
        else:
            try:
                self._keep(memo)
            except StateUnwritable as error:
                raise Refused(FaultCode.NOT_DONE, str(error)) from None
        self._failures = 0
        log.info("wanted", slice=str(wanted.key) if wanted else None, before=str(old.key) if old else None)

    def _keep(self, memo: Memo) -> None:
        self._file.save(memo)
        self._memo, self._is_kept = memo, True

    def _keep_if_possible(self, memo: Memo) -> None:
        """What is to go goes all the same; it is kept as soon as it can be."""
        try:
            self._keep(memo)
        except StateUnwritable as error:
            log.error("state-not-kept", error=str(error))  # noqa: TRY400 - the words say all
            self._memo, self._is_kept = memo, False

    def _make_so(self) -> None:
        if not self._is_kept:
            self._keep_if_possible(self._memo)
        found, troubles = self._look()
        wanted, leaving = self._memo.wanted, self._memo.leaving
        is_blocked = leaving is not None and bool(troubles)
        for back_end in reversed(self._back_ends):
            item = back_end.item
            if (there := found.get(item)) is None or self._belongs(item, there):
                continue
            if self._tried(troubles, item, back_end.clear):
                log.info("taken-off", item=item, reservation=there.reservation)
                found[item] = None
            else:
                is_blocked = True
        if leaving is not None and not is_blocked:
            self._keep_if_possible(replace(self._memo, leaving=None))
        for back_end in self._back_ends if wanted else ():
            self._bring(back_end, found, troubles, is_blocked=is_blocked)
        self._note(troubles)

    def _bring(
        self,
        back_end: BackEnd,
        found: dict[Item, Found | None],
        troubles: dict[Item, str],
        *,
        is_blocked: bool,
    ) -> None:
        item, wanted = back_end.item, self._memo.wanted
        if wanted is None or (intent := wanted.carried.get(item)) is None or item in troubles:
            return
        thing = Found(intent, wanted.key.reservation)
        if is_blocked:
            troubles[item] = "waits: what was there before is not off yet"
        elif found.get(item) != thing and self._tried(troubles, item, lambda: back_end.carry(thing)):
            log.info("carried", item=item, slice=str(wanted.key), reservation=wanted.key.reservation)

    def _belongs(self, item: Item, there: Found) -> bool:
        """Whether what is there is something of the wanted slice, if perhaps not as it should be."""
        wanted, leaving = self._memo.wanted, self._memo.leaving
        if wanted is None or wanted.carried.get(item) is None:
            return False
        # Two databases may have given the same number.
        is_of_leaving = leaving is not None and leaving.key.reservation == there.reservation
        return there.reservation == wanted.key.reservation and not is_of_leaving

    def _look(self) -> tuple[dict[Item, Found | None], dict[Item, str]]:
        found: dict[Item, Found | None] = {}
        troubles: dict[Item, str] = {}
        for back_end in self._back_ends:

            def read(one: BackEnd = back_end) -> None:
                found[one.item] = one.read()

            self._tried(troubles, back_end.item, read)
        return found, troubles

    def _tried(self, troubles: dict[Item, str], item: Item, act: Callable[[], None]) -> bool:
        try:
            act()
        except BackEndFailed as error:
            troubles[item] = str(error)
        except Exception:
            log.exception("back-end-failed", item=item)
            troubles[item] = "an error of the agent; its log has it"
        else:
            return True
        return False

    def _note(self, troubles: dict[Item, str]) -> None:
        for item, words in troubles.items():
            if self._troubles.get(item) != words:
                log.warning("not-done", item=item, error=words)
        for item in self._troubles.keys() - troubles.keys():
            log.info("mended", item=item)
        self._troubles = troubles
        self._failures = self._failures + 1 if troubles else 0

    def _pause(self, now: datetime) -> timedelta:
        pause = self._look_every
        if self._failures:
            pause = min(timedelta(seconds=2.0 ** min(self._failures - 1, 10)), LONGEST_PAUSE)
        wanted = self._memo.wanted
        if wanted is not None and wanted.until is not None:
            pause = min(pause, wanted.until - now)
        return max(pause, timedelta())

    def _report(self, now: datetime) -> Report:
        found, unread = self._look()
        wanted, leaving = self._memo.wanted, self._memo.leaving
        there = {item: one for item, one in found.items() if one is not None}
        ours = Carried.of(_whole(one for item, one in there.items() if self._belongs(item, one)))
        rest = [one for item, one in there.items() if not self._belongs(item, one)]
        held = [] if wanted is None else [Held(replace(wanted, carried=ours))]
        if leaving is not None or rest:
            key = leaving.key if leaving else SliceKey("", "", rest[0].reservation)
            state = SliceState(key, leaving.until if leaving else None, Carried.of(_whole(rest)))
            held.append(Held(state, is_wanted=False))
        return Report(
            at=now,
            held=tuple(held),
            troubles={str(item): words for item, words in {**self._troubles, **unread}.items()},
            ended=self._memo.ended,
            agent=self._agent,
            hindered={
                str(item): one.hindered
                for item, one in there.items()
                if one.hindered and self._belongs(item, one)
            },
        )


def _whole(found: Iterable[Found]) -> Iterator[ItemIntent]:
    return (one.intent for one in found if one.intent is not None)
