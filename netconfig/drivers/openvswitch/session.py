"""Both ways to a switch: its database, and OpenFlow at the bridge's management socket beside it."""

from pathlib import PurePosixPath

from netconfig.drivers.openvswitch.bridge import STATUS, Bridge, Settings, labels_of
from netconfig.drivers.openvswitch.lines import DatabaseLine, FlowLine
from netconfig.drivers.openvswitch.names import Names
from netconfig.errors import StateUnknown
from netconfig.transport.openflow import OpenFlow
from netconfig.transport.openflow_entry import Entry, Place
from netconfig.transport.ovsdb import Ovsdb, Row, TransactionRefused, map_of, set_of
from netconfig.vlanflows import MARK, SwitchPorts

_EMPTY = (["set", []], ["map", []])


class Session:
    """One bridge of one switch; opened when it is first needed, and anew where it broke."""

    def __init__(self, device: str, ovsdb: str, bridge: str, *, patience: float) -> None:
        """`patience`, in seconds, is for each answer."""
        self._device = device
        self._bridge = bridge
        folder = PurePosixPath(ovsdb.removeprefix("unix:")).parent
        self._database = Ovsdb(device, ovsdb, patience=patience)
        self._switch = OpenFlow(device, f"unix:{folder / bridge}.mgmt", patience=patience)

    def open(self) -> None:
        """Be connected both ways; what finds them ended later opens none.

        Raises:
            Unreachable: nobody answers.
            StateUnknown: what is said makes no sense.
        """
        self._database.open()
        self._switch.open()

    def read(self, names: Names, ports: SwitchPorts) -> Bridge:
        """The bridge as it is now.

        Raises:
            Unreachable: no session, or it broke.
            StateUnknown: there is no such bridge, or what is said makes no sense.
        """
        self.open()
        try:
            row = self._row()
            controllers = tuple(self._controller(uuid) for _, uuid in set_of(row["controller"]))
        except (TransactionRefused, KeyError, TypeError, ValueError) as error:
            raise StateUnknown(self._device, f"its database refused to tell: {error}") from error
        external_ids = map_of(row["external_ids"])
        marks = {names.mark, *(label.mark for label in labels_of(external_ids, names).values())}
        return Bridge(
            fail_mode=str(next(iter(set_of(row["fail_mode"])), "")),
            external_ids=external_ids,
            controllers=controllers,
            ports=self._switch.ports(),
            entries=tuple(self._entries(marks, ports).values()),
            datapath_id=self._switch.datapath_id(),
        )

    def counts(self, names: Names) -> dict[Place, tuple[int, int]]:
        """Packets and octets that met our flows, as far as the switch knows by now.

        Raises:
            Unreachable: no session, or it broke.
            StateUnknown: what is said makes no sense.
        """
        self.open()
        return self._switch.counts(cookie=names.mark << 32, mask=MARK)

    def configure(self, line: DatabaseLine) -> None:
        """Do what a line says, and see the switch take it over.

        Raises:
            TransactionRefused: the database took nothing of it.
            Unreachable, StateUnknown: as `Ovsdb.configure`.
        """
        self._database.configure(*line.operations)

    def change(self, lines: list[FlowLine]) -> None:
        """Change all these flows in one bundle; what is removed goes first.

        Raises:
            BundleRefused: nothing was changed.
            Unreachable, StateUnknown: as `OpenFlow.change`.
        """
        self._switch.change(
            remove=[line.entry for line in lines if line.removal],
            add=[line.entry for line in lines if not line.removal],
        )

    def close(self) -> None:
        """End it. Safe at any time, from any thread."""
        self._database.close()
        self._switch.close()

    def _row(self) -> Row:
        columns = ["controller", "external_ids", "fail_mode"]
        rows = self._database.select("Bridge", [["name", "==", self._bridge]], columns)
        if not rows:
            raise StateUnknown(self._device, f"there is no bridge {self._bridge}")
        return rows[0]

    def _controller(self, uuid: str) -> Settings:
        (row,) = self._database.select("Controller", [["_uuid", "==", ["uuid", uuid]]])
        return {name: value for name, value in row.items() if name not in STATUS and value not in _EMPTY}

    def _entries(self, marks: set[int], ports: SwitchPorts) -> dict[Place, Entry]:
        """Not all there are: a controller may have put a great many of its own there."""
        found: dict[Place, Entry] = {}
        for port in (ports.alien, ports.ofelia):
            found |= {one.place: one for one in self._switch.entries(match={"in_port": port})}
        for mark in sorted(marks):
            found |= {one.place: one for one in self._switch.entries(cookie=mark << 32, mask=MARK)}
        return found
