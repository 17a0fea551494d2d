"""Redirect lists that another database left, taken over as they stand; see `cli.adoption`.

Their fingerprint is their description.
"""

from collections.abc import Sequence
from dataclasses import replace

from netconfig.cli import adoption
from netconfig.cli.adoption import as_ours
from netconfig.cli.fingerprint import Owner
from netconfig.driver import Placement
from netconfig.drivers.dell_force10.entries import read_redirect, write_permit
from netconfig.drivers.dell_force10.names import Names
from netconfig.drivers.dell_force10.place import RoutePlace
from netconfig.drivers.dell_force10.running import AccessList, RedirectList, Running
from netconfig.intent import AccessPermit, Steering


def as_adopted(running: Running, former: frozenset[Owner], names: Names) -> Running:
    """The switch as if the lists with these fingerprints had ours already."""
    if not former:
        return running
    lists = as_ours(running.redirect_lists, former, names.ownership.database)
    return replace(running, redirect_lists=lists)


class Adoption(adoption.Adoption[RedirectList]):
    """The redirect lists of one number."""

    def __init__(self, device: str, names: Names, running: Running, number: int, database: str) -> None:
        super().__init__(device, number, database, into=names.ownership.database)
        self._names = names
        self._running = running

    def _objects(self) -> list[RedirectList]:
        lists = [
            held
            for held in self._running.redirect_lists.values()
            if self._names.reservation_of(held.name) == self._number
        ]
        for held in lists:
            self._check_owner(held)
        return sorted(lists, key=lambda held: (len(held.name), held.name))

    def _steering(self, found: RedirectList) -> Steering:
        interfaces = self._running.interfaces_of(found.name)
        if len(interfaces) != 1:
            raise self._unreadable(f"{found.header} is applied to {len(interfaces)} interfaces, not one")
        entries = [(text, read_redirect(text)) for text in found.texts]
        strange = [text for text, read in entries if read is None]
        if strange:
            raise self._unreadable(f"{found.header} holds {strange[0]!r}, which is not as we write them")
        redirects = [read for _, read in entries if read is not None]
        next_hops = {next_hop for _, next_hop in redirects}
        if len(next_hops) != 1:
            raise self._unreadable(f"{found.header} leads to {len(next_hops)} next hops, not one")
        flows = tuple(flow for flow, _ in redirects)
        return Steering(interfaces=interfaces, next_hop=next_hops.pop(), flows=flows)

    def _list_of(self, found: RedirectList) -> RedirectList:
        return found

    def _place(self, found: RedirectList) -> Placement:
        return dict(RoutePlace(list=found.name))

    def _permits(self, intent: AccessPermit) -> tuple[AccessList | None, Sequence[str]]:
        return self._running.access_lists.get(intent.access_list), [write_permit(x) for x in intent.flows]
