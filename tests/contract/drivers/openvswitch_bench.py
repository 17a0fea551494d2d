"""The bench of Open vSwitch: bridges of a real one, whose ports are made up and whose frames are traced."""

import atexit
import json
import re
import shlex
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from netconfig.controllers import ControllerPolicy
from netconfig.driver import DeviceDriver, Ownership, PartIntent, Plan, PlanLine
from netconfig.drivers.openvswitch import OpenVSwitch
from netconfig.drivers.openvswitch.lines import DatabaseLine, FlowLine
from netconfig.gateway import ControllerProxy, VlanMap, VlanPair
from netconfig.inventory import Device
from netconfig.simulator import SimulatorLoop
from netconfig.transport.ovsdb import Ovsdb, Row, set_of
from netconfig.vlanflows import cookie_of, mark_of
from tests.contract.drivers.bench import DATABASE, OWNERSHIP, Obstacle, Ticket, Trait, Trouble
from tests.contract.drivers.openvswitch_relay import Hitches, Relay
from tests.functional.ofgw.openvswitch import OpenVSwitch as Switch

ALIEN, OFELIA = 2, 3
DEFAULT = "tcp:127.0.0.7:7"
LOST = "00000000-0000-0000-0000-000000000000"
SITE_FLOWS = (
    "priority=7,in_port=3,dl_vlan=99,actions=output:2",
    "cookie=0x1234,priority=30000,ip,in_port=LOCAL,nw_dst=192.0.2.0/24,actions=output:3",
    "table=5,priority=1,actions=NORMAL",
)
STRANGERS = ((OFELIA, 99), (OFELIA, 77), (OFELIA, 0), (ALIEN, 66))
"""Port and VLAN (0: untagged) of frames that no ticket is for."""
_numbers = count(1)


def pairs(part_id: int, reservation: int, *numbers: tuple[int, int]) -> PartIntent:
    return PartIntent(part_id, reservation, VlanMap(tuple(VlanPair(*pair) for pair in numbers)))


def key(number: int, station: str = OWNERSHIP.station, database: str = DATABASE) -> str:
    return f"LS-{station}-{number}-{mark_of(station, database):08x}"


def cookie(number: int, database: str = DATABASE) -> str:
    return f"{cookie_of(mark_of(OWNERSHIP.station, database), number):#x}"


TICKETS = (
    Ticket(pairs(1, 42, (10, 0), (30, 20)), (OFELIA, 10), "2:0"),
    Ticket(pairs(2, 43, (11, 21)), (ALIEN, 21), "3:11"),
    Ticket(pairs(3, 44, (13, 23)), (OFELIA, 13), "2:23"),
    Ticket(PartIntent(4, 42, ControllerProxy("127.0.0.9", 9)), "controller", "tcp:127.0.0.9:9"),
)
VARIANTS = (
    Ticket(pairs(11, 42, (31, 24)), (ALIEN, 24), "3:31"),
    Ticket(pairs(12, 43, (32, 32)), (OFELIA, 32), "2:32"),
)
SUCCESSORS = (
    Ticket(pairs(21, 42, (10, 0), (40, 26)), (OFELIA, 10), "2:0"),
    Ticket(pairs(23, 44, (13, 23), (12, 27)), (OFELIA, 13), "2:23"),
)
HAND_EDITS = (
    ("ofctl --strict del-flows MGMT priority=20000,in_port=3,dl_vlan=10",),
    ("ofctl mod-flows MGMT in_port=3,dl_vlan=10,actions=output:2",),
    ("ofctl del-flows MGMT in_port=2",),
    (f"ofctl add-flow MGMT cookie={cookie(42)},priority=20000,in_port=3,dl_vlan=50,actions=drop",),
    (f"ofctl add-flow MGMT cookie={cookie(42)},table=3,tcp,nw_src=10.0.0.0/8,tp_dst=80,actions=NORMAL",),
    (f"ofctl add-flow MGMT cookie={cookie(42)},idle_timeout=9999,in_port=2,dl_vlan=20,actions=output:3",),
    (f"vsctl remove bridge BRIDGE external_ids {key(42)}",),
    (f"vsctl set bridge BRIDGE external_ids:{key(42)}=by-hand",),
    (f"vsctl remove bridge BRIDGE external_ids {key(42)}-was",),
    ("vsctl set-controller BRIDGE tcp:127.0.0.8:8",),
)
FOREIGN = {
    "of reservation 99, which it does not know": (
        f"ofctl add-flow MGMT cookie={cookie(99)},priority=20000,in_port=3,dl_vlan=500,actions=output:2",
    ),
    "is of a reservation that this database does not know": (
        f"vsctl set bridge BRIDGE external_ids:{key(98)}={DATABASE}",
    ),
    "carries the fingerprint of another database": (
        f"vsctl set bridge BRIDGE external_ids:{key(42, database=LOST)}={LOST}",
        f"ofctl add-flow MGMT cookie={cookie(42, LOST)},in_port=3,dl_vlan=500,actions=output:2",
    ),
    "station word in the site file, FNAL, seems to have changed": (
        f"vsctl set bridge BRIDGE external_ids:{key(42, station='FERMILAB')}={DATABASE}",
    ),
}
OBSTACLES = (
    Obstacle(
        "fail_mode is standalone",
        frozenset({1, 2, 3, 4}),
        ("vsctl set-fail-mode BRIDGE standalone",),
        ("vsctl set-fail-mode BRIDGE secure",),
    ),
    Obstacle(
        "the bridge has no port 2",
        frozenset({1, 2, 3}),
        ("vsctl del-port BRIDGE BRIDGEp2",),
        ("vsctl add-port BRIDGE BRIDGEp2 -- set interface BRIDGEp2 type=dummy ofport_request=2",),
    ),
    Obstacle(
        "an entry that is not ours stands where one of its flows must",
        frozenset({3}),
        ("ofctl add-flow MGMT cookie=0x7,priority=20000,in_port=3,dl_vlan=13,actions=drop",),
        ("ofctl del-flows MGMT cookie=0x7/-1",),
    ),
)


class SwitchRig:
    """One bridge, with a relay before each of its sockets."""

    secret = "no word of any switch"

    def __init__(self, switch: Switch, bridge: str, folder: Path) -> None:
        self._switch = switch
        self._bridge = bridge
        self._looking = Ovsdb("the bench", f"unix:{switch.folder}/db.sock", patience=60)
        self._hitches = Hitches()
        self._hitches.forget = self._forget
        self._database = Relay(folder / "db.sock", switch.folder / "db.sock", self._hitches, is_database=True)
        self._openflow = Relay(
            folder / f"{bridge}.mgmt", switch.folder / f"{bridge}.mgmt", self._hitches, is_database=False
        )
        self.device = Device(
            name="island-1",
            platform="openvswitch",
            ovsdb=f"unix:{folder}/db.sock",
            bridge=bridge,
            controllers=ControllerPolicy.model_validate({"allow": ["127.0.0.0/8", "::1/128"]}),
        )
        self.nowhere = self.device.model_copy(update={"ovsdb": f"unix:{folder}/nobody.sock"})
        self._drivers: list[DeviceDriver] = []
        self._at_first = self._treatment()

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()
        self._looking.close()
        self._database.close()
        self._openflow.close()

    def over_the_wire(
        self, *, ownership: Ownership = OWNERSHIP, device: Device | None = None
    ) -> DeviceDriver:
        self._hitches.hangs_for_long = True
        return self._driver(OpenVSwitch(device or self.device, ownership, patience=2))

    def at_once(self, *, ownership: Ownership = OWNERSHIP) -> DeviceDriver:
        self._hitches.hangs_for_long = False
        return self._driver(OpenVSwitch(self.device, ownership))

    def _driver(self, driver: OpenVSwitch) -> DeviceDriver:
        self._drivers.append(driver)
        return driver

    def text(self) -> str:
        row = self._row("Bridge", ["name", "==", self._bridge])
        kept = [f"external_ids {name}={value}" for name, value in row["external_ids"][1]]
        controllers = [f"controller {json.dumps(one, sort_keys=True)}" for one in self._controllers(row)]
        flows = self._switch.ofctl("--no-stats", "--sort", "dump-flows", self._management).splitlines()
        return "\n".join([f"fail_mode {row['fail_mode']}", *sorted(kept), *sorted(controllers), *flows, ""])

    def _controllers(self, bridge: Row) -> list[Row]:
        told = {"_uuid", "_version", "is_connected", "role", "status"}
        rows = [self._row("Controller", ["_uuid", "==", uuid]) for uuid in set_of(bridge["controller"])]
        return [{name: value for name, value in row.items() if name not in told} for row in rows]

    def _row(self, table: str, where: Sequence[object]) -> Row:
        self._looking.open()
        (row,) = self._looking.select(table, [where])
        return row

    def keeps(self, original: str) -> bool:
        lines = [line for line in original.splitlines() if not line.startswith("controller ")]
        return set(lines) <= set(self.text().splitlines())

    def edit(self, *lines: str) -> None:
        for line in lines:
            said = line.replace("BRIDGE", self._bridge).replace("MGMT", self._management)
            tool, *words = shlex.split(said)
            (self._switch.ofctl if tool == "ofctl" else self._switch.vsctl)(*words)

    def rename(self, name: str) -> None:
        raise NotImplementedError("a bridge has one name")

    def reboot(self) -> None:
        self._forget()
        self._database.drop()
        self._openflow.drop()

    def _forget(self) -> None:
        """As a daemon that starts anew: no flow is left, and the site's come from a script of its own."""
        set_flows(self._switch, self._bridge)

    def trouble(self, what: Trouble, *, number: int, reading: bool = False) -> None:
        self._hitches.set((what, number, reading))

    def calm(self) -> None:
        self._hitches.set(None)

    def watch(self, look: Callable[[], None] | None) -> None:
        self._hitches.look = look
        complaint, self._hitches.complaint = self._hitches.complaint, None
        if complaint is not None:
            raise complaint

    def moments(self, plan: Plan) -> int:
        transactions = sum(isinstance(line, DatabaseLine) for line in plan.lines)
        return transactions + any(isinstance(line, FlowLine) for line in plan.lines)

    def path(self, ticket: Ticket) -> str | None:
        if ticket.packet == "controller":
            (one,) = self._controllers(self._row("Bridge", ["name", "==", self._bridge]))
            return None if one["target"] == DEFAULT else str(one["target"])
        assert isinstance(ticket.packet, tuple)
        return self._trace(*ticket.packet)

    def admits(self, ticket: Ticket) -> bool:
        return False

    def pass_packets(self, ticket: Ticket, count: int) -> None:
        assert isinstance(ticket.packet, tuple)
        port, vlan = ticket.packet
        before = self._met(port, vlan)
        tag = f"eth_type(0x8100),vlan(vid={vlan},pcp=0),encap(" if vlan else ""
        addresses = "src=192.0.2.1,dst=192.0.2.2,proto=17,tos=0,ttl=64,frag=no"
        rest = f"eth_type(0x0800),ipv4({addresses}),udp(src=1,dst=2)"
        ethernet = "eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02)"
        frame = f"in_port({port}),{ethernet},{tag}{rest}{')' if tag else ''}"
        for _ in range(count):
            _ask(self._switch, "netdev-dummy/receive", f"{self._bridge}p{port}", frame)
        latest = time.monotonic() + 60
        while self._met(port, vlan) < before + count:
            assert time.monotonic() < latest, "the switch has not counted what it was given"
            # What went by without the switch's thread is otherwise told a second later.
            _ask(self._switch, "revalidator/purge")

    def _met(self, port: int, vlan: int) -> int:
        """Frames that met the flows for that port and VLAN."""
        tag = f"dl_vlan={vlan}" if vlan else "vlan_tci=0x0000/0x1fff"
        flows = self._switch.ofctl("dump-flows", self._management, f"in_port={port},{tag}")
        return sum(map(int, re.findall(r"n_packets=(\d+)", flows)))

    def astray(self) -> Sequence[Hashable]:
        now = self._treatment()
        return [frame for frame in STRANGERS if now[frame] != self._at_first[frame]]

    @property
    def sessions(self) -> int:
        return self._openflow.accepted

    @property
    def pushes(self) -> int:
        return self._hitches.pushes

    @property
    def _management(self) -> str:
        return f"unix:{self._switch.folder / self._bridge}.mgmt"

    def _treatment(self) -> Mapping[Hashable, str | None]:
        return {frame: self._trace(*frame) for frame in STRANGERS}

    def _trace(self, port: int, vlan: int) -> str | None:
        """Port and VLAN by which a frame leaves; None if it does not."""
        tag = f"dl_vlan={vlan}" if vlan else "vlan_tci=0"
        said = _ask(self._switch, "ofproto/trace", self._bridge, f"in_port={port},{tag},dl_type=0x0800")
        out = re.findall(r"output:(\d+)", said)
        if not out:
            return None
        final = re.search(r"Final flow: (.*)", said)
        assert final
        if final[1] == "unchanged":
            return f"{out[-1]}:{vlan}"
        left = re.search(r"dl_vlan=(\d+)", final[1])
        return f"{out[-1]}:{left[1] if left else 0}"


class OpenVSwitchBench:
    """Slices that share a bridge, one of which has its controller too."""

    traits = frozenset({Trait.SHARED, Trait.LINES, Trait.COUNTING})
    troubles = frozenset(Trouble)
    refusal = "refused"

    def __init__(self) -> None:
        self.tickets: Sequence[Ticket] = TICKETS
        self.variants: Sequence[Ticket] = VARIANTS
        self.successors: Sequence[Ticket] = SUCCESSORS
        self.hand_edits: Sequence[Sequence[str]] = HAND_EDITS
        self.foreign: Mapping[str, Sequence[str]] = FOREIGN
        self.obstacles: Sequence[Obstacle] = OBSTACLES

    @contextmanager
    def start(self, loop: SimulatorLoop | None = None) -> Iterator[SwitchRig]:
        switch, bridge = _switch(), f"br{next(_numbers)}"
        add_bridge(switch, bridge)
        folder = Path(tempfile.mkdtemp(prefix="relay-"))
        try:
            rig = SwitchRig(switch, bridge, folder)
            try:
                yield rig
            finally:
                rig.close()
        finally:
            shutil.rmtree(folder)
            switch.vsctl("del-br", bridge)

    def is_shared(self, line: PlanLine) -> bool:
        return False


def add_bridge(switch: Switch, bridge: str) -> None:
    ports = (
        word
        for number in (ALIEN, OFELIA)
        for word in shlex.split(
            f"-- add-port {bridge} {bridge}p{number}"
            f" -- set interface {bridge}p{number} type=dummy ofport_request={number}"
        )
    )
    switch.vsctl(
        *shlex.split(f"add-br {bridge} -- set bridge {bridge} fail_mode=secure protocols=OpenFlow13"),
        *("datapath_type=dummy", "external_ids:site=campus"),
        *ports,
        *("--", "set-controller", bridge, DEFAULT),
        *("--", "set", "controller", bridge, "max_backoff=60000", "external_ids:note=the island's own"),
    )
    set_flows(switch, bridge)


def set_flows(switch: Switch, bridge: str) -> None:
    """The site's flows and no others."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("".join(f"{flow}\n" for flow in SITE_FLOWS))
        file.flush()
        switch.ofctl("replace-flows", f"unix:{switch.folder / bridge}.mgmt", file.name)


@cache
def _switch() -> Switch:
    """One for all tests of a process."""
    switch = Switch(made_up=True)
    atexit.register(switch.close)
    return switch


def _ask(switch: Switch, method: str, *words: str) -> str:
    """What `ovs-appctl` would print, without a process for each of thousands of frames."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(60)
        sock.connect(str(switch.folder / "vswitchd.ctl"))
        sock.sendall(json.dumps({"id": 0, "method": method, "params": list(words)}).encode())
        said = b""
        while True:
            said += sock.recv(65536)
            try:
                answer: dict[str, Any] = json.loads(said)
            except ValueError:
                continue
            assert answer["error"] is None, answer
            return str(answer["result"])
