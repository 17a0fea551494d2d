"""The network of the demonstration: one host each side of the gateway, and real switches between them.

    facility host                gateway                     island host
      f10 --VLAN 10-\\                                    /--untagged-- i0
                     facility --3 [switch] 2-- 1 [island]
      f30 --VLAN 30-/                                    \\--VLAN 20--- i20

`switch` is the gateway's bridge, which maps VLANs or drops; `island` is the OpenFlow switch that forwards
as its controller says. `facility`, and `edge` behind the island, are plain: they have the VLANs of the hosts'
ports, so the hosts send and receive without tags.
"""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from lab.network import Host
from lab.openvswitch import OpenVSwitch

GATEWAY, ISLAND, FACILITY, EDGE = "switch", "island", "facility", "edge"
DPID = 0x15
ALIEN, OFELIA = 2, 3
ADDRESSES = {10: "10.0.10.2", 30: "10.0.30.2"}
"""Of the island's host, by the VLAN of the facility that it is pinged from."""
_CABLES = {10: ("f10", "i0"), 30: ("f30", "i20")}


class Wires:
    """All of it, in the network that we are in, while the `with` block lasts."""

    switch: OpenVSwitch
    facility: Host

    def __enter__(self) -> Self:
        """Make it; the island's switch looks for its controller at 127.0.0.1:6633 from now on."""
        with ExitStack() as opening:
            self.facility = opening.enter_context(Host())
            island = opening.enter_context(Host())
            self.switch = opening.enter_context(OpenVSwitch())
            self._connect(island)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def map(self) -> list[str]:
        """The flows by which the gateway maps VLANs now, as the switch tells them."""
        flows = self.switch.ofctl("dump-flows", "--no-stats", GATEWAY).splitlines()
        return [flow.strip() for flow in flows if "dl_vlan" in flow or "vlan_tci" in flow]

    def _connect(self, island: Host) -> None:
        for number, (vlan, (near, far)) in enumerate(_CABLES.items(), start=1):
            here, there = f"10.0.{vlan}.1", ADDRESSES[vlan]
            mac, other = f"02:00:00:00:01:0{number}", f"02:00:00:00:02:0{number}"
            self.facility.plug("e" + near, near=near, address=f"{here}/24", mac=mac)
            island.plug("e" + far, near=far, address=f"{there}/24", mac=other)
            # Whoever has to ask first, and is not heard, asks again a second later at the earliest.
            self.facility.know("e" + near, there, other)
            island.know("e" + far, here, mac)
        switch = self.switch
        # OpenFlow 1.0 too: only in that Open vSwitch tells how flows come and go.
        switch.add_bridge(GATEWAY, protocols="OpenFlow10,OpenFlow13")
        switch.add_bridge(ISLAND, dpid=DPID)
        for name in (FACILITY, EDGE):
            switch.add_bridge(name, secure=False)
        for name, device, vlan in ((FACILITY, "f10", 10), (FACILITY, "f30", 30), (EDGE, "i20", 20)):
            switch.vsctl("add-port", name, device, f"tag={vlan}")
        switch.add_device(ISLAND, "i0", number=2)
        for (one, port), (other, peer) in (
            ((FACILITY, 1), (GATEWAY, OFELIA)),
            ((GATEWAY, ALIEN), (ISLAND, 1)),
            ((ISLAND, 3), (EDGE, 1)),
        ):
            switch.add_patch(one, f"{one}-{other}", f"{other}-{one}", number=port)
            switch.add_patch(other, f"{other}-{one}", f"{one}-{other}", number=peer)
        create = ("--id=@it", "create", "controller", 'target="tcp:127.0.0.1:6633"', "max_backoff=1000")
        switch.vsctl(*create, "--", "set", "bridge", ISLAND, "controller=@it")
