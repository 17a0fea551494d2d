"""The resource manager: its documented words, each a few of the core's verbs in one transaction.

Who asks has been found to be allowed to; what is asked for is judged here. No device is touched: what a
gateway is to carry is written down, and the worker brings it there when the slot begins.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from reservation import calendar
from reservation.errors import SiteReplaced
from reservation.lifecycle import State
from reservation.model import TimeSlot
from tbam import islands
from tbam.booking import Allocation as Asked
from tbam.booking import AskedAgain, allocate
from tbam.errors import (
    BadArgs,
    Busy,
    IslandRMNotAllocated,
    IslandRMNotUnivocal,
    Unavailable,
)
from tbam.lifetime import Renewal, act, delete, provision, renew
from tbam.reading import IslandReader, Served
from tbam.refusals import in_geni_words
from tbam.requests import asked_slot
from tbam.slivers import (
    Found,
    Resolved,
    find,
    find_locked,
    slice_key,
    slivers_of,
    slivers_of_locked,
    tell,
)
from tbam.tables import ShutSliceRow, SliverRow
from tbam.values import (
    Action,
    Allocation,
    IslandRequest,
    Operational,
    Owner,
    Sliver,
)

TRIES = 5
"""How often a request is looked at anew because something came between."""

T = TypeVar("T")

log = structlog.get_logger("tbam")


class IslandManager(IslandReader):
    """One site's islands. Safe to call from any number of threads.

    Every verb raises `TbamError`s and nothing else. Where `sliver_urns` are given they are of the slice, and
    the verb is about those alone; else about all that the slice has. `by` is who asks, for the log of moves.
    """

    def reserve_aggregate(
        self,
        slice_urn: str,
        request: IslandRequest,
        *,
        owner: Owner,
        latest: datetime,
        end_by: datetime | None = None,
    ) -> Sliver:
        """Allocate: take an island for a slice, or change what the slice has of it, all of it or nothing.

        It is kept for as long as the settings say, and not beyond its slot or `latest`, when the credential
        ends; sooner if `end_by` says so. What is provisioned stays so, and what runs goes on running.

        Raises:
            BadArgs, MissingArgs: something of the request is not as it must be.
            OutOfRange: the slot is past, too long or too far ahead.
            IslandRMAlreadyReserved: the island is another slice's in that time, which is named.
            IslandRMNotUnivocal: what the slice had of it before is still being taken off.
            Unavailable: the gateway cannot carry it, or is in maintenance.
            RefusedHere: the slice was shut down.
            Expired, Busy, DbError.
        """

        def reserve(served: Served) -> Sliver:
            now = self._clock()
            asked = Asked(slice_urn, request, owner, latest, end_by, served.settings, served.version, now)

            def work(session: Session) -> Sliver:
                number = allocate(session, asked)
                found = slivers_of(session, slice_urn, now=now)
                return tell(session, [one for one in found if one.row.reservation_id == number])[0]

            return self._store.write(work)

        sliver = self._on_site_in_force(reserve)
        log.info("island allocated", sliver=sliver.sliver_urn, aggregate=sliver.aggregate, slice=slice_urn)
        return sliver

    def approve_aggregate(
        self,
        slice_urn: str,
        *,
        sliver_urns: Sequence[str] = (),
        slot: TimeSlot | None = None,
        latest: datetime | None = None,
        end_by: datetime | None = None,
        by: str | None = None,
    ) -> tuple[Sliver, ...]:
        """Provision: make what is allocated firm; until the end of its slot.

        It lives to the end of its slot or of the credential, or to `end_by`. With a `slot`, that must be the
        one that was allocated. Of a slice with several islands those that are provisioned stay so.

        Raises:
            IslandRMNotAllocated: nothing is allocated.
            IslandRMNotUnivocal: all of it is provisioned already, as the documents have it.
            BadArgs: the slot is another one.
            Expired: the slot or the credential is over.
            RefusedHere, DbError.
        """

        def approve(session: Session, found: tuple[Found, ...], now: datetime) -> None:
            waiting = [one for one in found if one.view.state is State.HELD]
            if not waiting:
                raise IslandRMNotUnivocal(f"{slice_urn} is provisioned already", field="urns")
            for one in waiting:
                if slot not in {None, one.view.slot, asked_slot(one.row.request)}:
                    has = one.view.slot
                    raise BadArgs(
                        f"{one.row.aggregate} is allocated from {has.start:%Y-%m-%dT%H:%M:%SZ} to "
                        f"{has.end:%Y-%m-%dT%H:%M:%SZ}; provision that, or allocate it anew",
                        field="timeslot",
                    )
                ends = latest or one.row.credential_until
                actor = by or one.row.owner_urn
                provision(session, one, latest=ends, end_by=end_by, now=now, actor=actor)
            gateways = {one.row.reservation_id: one.row.gateway for one in waiting}
            islands.say_what_they_wait_for(session, gateways)

        slivers = self._change(Resolved(slice_urn, tuple(sliver_urns)), approve)
        log.info("slice provisioned", slice=slice_urn, slivers=len(slivers))
        return slivers

    def delete_aggregate(
        self, slice_urn: str, *, sliver_urns: Sequence[str] = (), by: str | None = None
    ) -> tuple[Sliver, ...]:
        """Delete: end slivers, whatever state they are in. They are found no more; gateways follow.

        Returns what they were, unallocated.

        Raises:
            IslandRMNotAllocated, RefusedHere, DbError.
        """

        def work(session: Session) -> tuple[Sliver, ...]:
            now = self._clock()
            found = find_locked(session, Resolved(slice_urn, tuple(sliver_urns)), now=now)
            were = tell(session, found)
            for one in found:
                delete(session, one, now=now, actor=by or one.row.owner_urn)
            return tuple(map(_unallocated, were))

        with in_geni_words():
            slivers = self._store.write(work)
        log.info("slice deleted", slice=slice_urn, slivers=len(slivers))
        return slivers

    def renew(
        self,
        slice_urn: str,
        *,
        until: datetime,
        latest: datetime,
        sliver_urns: Sequence[str] = (),
        extend_alap: bool = False,
    ) -> tuple[Sliver, ...]:
        """Renew: let slivers expire at another time; past the end of a slot that is extended.

        With `extend_alap` one that cannot last so long lasts as long as it can.

        Raises:
            OutOfRange: past, or beyond what the credential or the settings allow.
            IslandRMAlreadyReserved: an island is another's by then.
            IslandRMNotAllocated, Unsupported, Expired, RefusedHere, Busy, DbError.
        """

        def work(session: Session, found: tuple[Found, ...], now: datetime) -> None:
            asked = Renewal(until, latest, extend_alap, self.settings, now)
            for one in found:
                renew(session, one, asked)

        return self._change(Resolved(slice_urn, tuple(sliver_urns)), work)

    def act(
        self, slice_urn: str, action: Action, *, sliver_urns: Sequence[str] = (), by: str | None = None
    ) -> tuple[Sliver, ...]:
        """PerformOperationalAction: switch off what gateways carry, or on again, or off and then on.

        The slice keeps its islands meanwhile.

        Raises:
            Unsupported: a slot has not begun.
            IslandRMNotAllocated, RefusedHere, DbError.
        """

        def work(session: Session, found: tuple[Found, ...], now: datetime) -> None:
            for one in found:
                act(session, one, action, now=now, actor=by or one.row.owner_urn)

        slivers = self._change(Resolved(slice_urn, tuple(sliver_urns)), work)
        log.info("slice acted on", slice=slice_urn, action=action)
        return slivers

    def shutdown(self, slice_urn: str, *, by: str) -> None:
        """Shutdown: end all that a slice has, and refuse whatever is asked of it from now on.

        Asked again it changes nothing. What was written when this fails half-way the worker finishes.

        Raises:
            BadArgs: that is no slice.
            DbError.
        """
        key, now = slice_key(slice_urn), self._clock()

        def shut(session: Session) -> None:
            # Under the locks of all islands: whoever takes one has done so, or finds the slice shut.
            pools = map(islands.island_pool, islands.island_names(self.settings))
            calendar.lock_resources(session, pools)
            if session.get(ShutSliceRow, key) is None:
                session.add(ShutSliceRow(slice_key=key, at=now, actor=by))
            there = SliverRow.slice_key == key, ~SliverRow.deleted
            session.execute(update(SliverRow).where(*there).values(due_at=now))

        def end(session: Session) -> None:
            for one in slivers_of_locked(session, slice_urn, now=now):
                delete(session, one, now=now, actor=by, reason="its slice was shut down")

        with in_geni_words():
            self._store.write(shut)
            self._store.write(end)
        log.warning("slice shut down", slice=slice_urn, by=by)

    def reopen(self, slice_urn: str, *, by: str) -> None:
        """Take a Shutdown back, by hand: the slice has nothing, and may allocate anew.

        Raises:
            BadArgs: that is no slice.
            IslandRMNotAllocated: it was not shut down.
            DbError.
        """
        key = slice_key(slice_urn)

        def work(session: Session) -> None:
            row = session.get(ShutSliceRow, key)
            if row is None:
                raise IslandRMNotAllocated(f"{slice_urn} was not shut down", field="slice_urn")
            session.delete(row)

        with in_geni_words():
            self._store.write(work)
        log.warning("slice opened again", slice=slice_urn, by=by)

    def _change(
        self, asked: Resolved, work: Callable[[Session, tuple[Found, ...], datetime], None]
    ) -> tuple[Sliver, ...]:
        """Do something with all slivers that are asked for, or with none; as they are afterwards."""

        def changed(session: Session) -> tuple[Sliver, ...]:
            now = self._clock()
            work(session, find_locked(session, asked, now=now), now)
            return tell(session, find(session, asked, now=now))

        with in_geni_words():
            return self._store.write(changed)

    def _on_site_in_force(self, work: Callable[[Served], T]) -> T:
        for _ in range(TRIES):
            try:
                with in_geni_words():
                    return work(self._served)
            except AskedAgain:
                continue
            except SiteReplaced as error:
                if not self._catch_up():
                    raise Unavailable(f"{error}, which is served here; try again later") from error
        raise Busy("the slice or the site is being changed again and again; try again")


def _unallocated(sliver: Sliver) -> Sliver:
    return replace(sliver, allocation=Allocation.UNALLOCATED, operational=Operational.NOT_READY, error="")
