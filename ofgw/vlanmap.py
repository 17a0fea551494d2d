"""The VLAN map of the gateway's own switch, which carries one slice at a time and drops all that is not its.

The switch is dialled, at its management socket or a `ptcp:` target, so that nothing in its database points at
this agent. What others put on the bridge is left as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netconfig.errors import Rejected, StateUnknown
from netconfig.gateway import VlanMap
from netconfig.transport.openflow import BundleRefused, OpenFlow
from netconfig.transport.openflow_entry import Entry, Place, entry_of
from netconfig.vlanflows import (
    MARK,
    Flow,
    SwitchPorts,
    cookie_of,
    drop_flows,
    map_flows,
    map_of,
    mark_of,
    reservation_of,
)

NOBODY = 0
"""Reservation of the flows that drop what is no slice's."""
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class MappedVlans:
    """A map that the switch has.

    Attributes:
        reservation: of the slice it is for, which its flows carry in their cookies.
    """

    vlans: VlanMap
    reservation: int


class MapBroken(StateUnknown):
    """The switch has flows with our mark that are no whole map.

    Attributes:
        reservation: of the one slice they are for; `NOBODY` where they are for several.
    """

    def __init__(self, device: str, words: str, *, reservation: int) -> None:
        super().__init__(device, words)
        self.reservation = reservation


class VlanMapper:
    """One bridge, between its ALIEN and its OFELIA port. Used by one thread at a time."""

    def __init__(
        self,
        address: str,
        ports: SwitchPorts | None = None,
        *,
        owner: str = "ofgw",
        patience: float = _PATIENCE,
    ) -> None:
        """Nothing is opened yet.

        Args:
            address: `unix:PATH` of the bridge's management socket, or `tcp:HOST:PORT` where it listens.
            ports: its two sides; port 2 is ALIEN and port 3 OFELIA if nothing is said.
            owner: a word from which the mark of this agent's flows is made.
            patience: for each answer of the switch, in seconds.
        """
        self._address = address
        self._ports = ports or SwitchPorts()
        self._mark = mark_of(owner)
        self._switch = OpenFlow("switch", address, patience=patience)

    @property
    def is_connected(self) -> bool:
        """Whether the switch is the one that was last spoken to: a daemon that restarts drops the session.

        And with it it forgot its flows, so `apply` is due again.
        """
        return self._switch.is_connected

    def read(self) -> MappedVlans | None:
        """What the switch has now; None if it maps nothing.

        Raises:
            Unreachable: no session with it, or it broke.
            MapBroken: its flows with our mark are no map, or not all there; `apply` mends that.
            StateUnknown: what it says makes no sense.
        """
        self._switch.open()
        ours = self._ours()
        dropping = set(map(entry_of, self._flows(None, NOBODY)))
        reservations = {reservation_of(entry.cookie, self._mark) for entry in ours} - {NOBODY}
        if not reservations:
            return None
        if len(reservations) > 1:
            shown = ", ".join(map(str, sorted(filter(None, reservations))))
            words = f"it has flows of several slices: reservations {shown}"
            raise MapBroken("switch", words, reservation=NOBODY)
        reservation = next(iter(reservations)) or NOBODY
        flows = [entry.flow for entry in ours if reservation_of(entry.cookie, self._mark) == reservation]
        try:
            found = map_of(frozenset(filter(None, flows)), self._ports)
        except ValueError as error:
            raise MapBroken("switch", str(error), reservation=reservation) from error
        if found is None or None in flows or not dropping.issubset(ours):
            words = "its flows with our mark are not as we write them"
            raise MapBroken("switch", words, reservation=reservation)
        return MappedVlans(found, reservation)

    def apply(self, vlans: VlanMap | None, reservation: int) -> bool:
        """Have it map this for a slice, or nothing; returns whether anything had to be changed.

        All flows come and go in one moment, and are read back. Frames of no slice are dropped from then on.
        To be repeated whenever the switch may have forgotten them: it does so when its daemon is restarted.

        Raises:
            Rejected: the switch refused it, or an entry that is not ours stands in its place; nothing was
                changed.
            Unreachable: no session with it, or it broke; whether it was done is not known.
            StateUnknown: it took all, and reads back otherwise.
        """
        self._switch.open()
        wanted = {entry.place: entry for entry in map(entry_of, self._flows(vlans, reservation))}
        remove, add = self._difference(wanted)
        if not remove and not add:
            return False
        self._refuse_overlaid(add)
        try:
            self._switch.change(remove=remove, add=add)
        except BundleRefused as refused:
            changes = [*remove, *add]
            line = str(changes[refused.index]) if refused.index is not None else self._address
            raise Rejected("switch", str(refused), line=line, parts=frozenset()) from refused
        if any(self._difference(wanted)):
            raise StateUnknown("switch", "it took every flow, and reads back otherwise")
        return True

    def close(self) -> None:
        """End the session, if there is one. Safe at any time, from any thread."""
        self._switch.close()

    def _flows(self, vlans: VlanMap | None, reservation: int) -> Iterable[Flow]:
        yield from drop_flows(self._ports, cookie_of(self._mark, NOBODY))
        if vlans is not None:
            yield from map_flows(vlans, self._ports, cookie_of(self._mark, reservation))

    def _difference(self, wanted: Mapping[Place, Entry]) -> tuple[list[Entry], list[Entry]]:
        have = {entry.place: entry for entry in self._ours()}
        remove = [entry for place, entry in have.items() if place not in wanted]
        add = [entry for place, entry in wanted.items() if have.get(place) != entry]
        return remove, add

    def _ours(self) -> tuple[Entry, ...]:
        return self._switch.entries(cookie=self._mark << 32, mask=MARK)

    def _refuse_overlaid(self, add: Iterable[Entry]) -> None:
        news = {entry.place: entry for entry in add}
        for port in (self._ports.alien, self._ports.ofelia):
            for entry in self._switch.entries(match={"in_port": port}):
                if entry.place in news and entry.cookie >> 32 != self._mark:
                    raise Rejected(
                        "switch",
                        f"an entry that is not ours stands there already, with cookie {entry.cookie:#x}",
                        line=str(news[entry.place]),
                        parts=frozenset(),
                    )
