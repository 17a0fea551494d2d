"""What a lab makes of the kernel's is gone with it."""

import socket
import threading
from pathlib import Path

from hosttools.hops import read_hops
from lab.network import Host, PrivateNetwork
from lab.openvswitch import OpenVSwitch
from lab.processes import wait_for
from lab.sites import ALTERNATES, EAST, PRODUCTION, WEST
from lab.wires import Wires, are_up

RED = ALTERNATES[0]
NETWORK = Path("/proc/thread-self/ns/net")


def devices() -> set[str]:
    """Of the network that we are in."""
    return {name for _, name in socket.if_nameindex()}


def test_private_network_is_this_threads_and_of_what_it_starts() -> None:
    home, seen = NETWORK.readlink(), []
    with PrivateNetwork():
        assert NETWORK.readlink() != home
        assert devices() == {"lo"}
        # A thread that is started in there is in there.
        thread = threading.Thread(target=lambda: seen.append(NETWORK.readlink()))
        thread.start()
        thread.join()
        assert seen == [NETWORK.readlink()]
    assert NETWORK.readlink() == home


def test_links_take_packets_from_the_first_moment() -> None:
    with Wires() as wires:
        assert all(map(are_up, (*wires.routers.values(), *wires.hosts.values())))
        # A lab is not there before this says so, so it has to be able to say no.
        wires.hosts["east-1"].run("ip", "link", "set", "eth0", "down")
        assert not are_up(wires.hosts["east-1"])


def test_routers_answer_traceroute_at_once_from_where_its_probes_came_in() -> None:
    with Wires() as wires:
        near = wires.hosts[WEST.host(1)]
        steer = "add chain inet steer in { type filter hook prerouting priority mangle; }"
        rule = f"add rule inet steer in udp dport 5002 meta mark set {RED.mark}"
        wires.routers[WEST.name].run("nft", f"add table inet steer; {steer}; {rule}")
        for family in (4, 6):
            far = EAST.address(family, 1)
            for port, path in ((5001, PRODUCTION), (5002, RED)):
                options = ("-n", "-U", "-q", "3", "-w", "10", "-p", str(port))
                hops = read_hops(near.run("traceroute", *options, str(far)))
                asked = WEST.address(family), path.address(EAST, family), far
                assert [[reply.address for reply in hop.replies] for hop in hops] == [
                    [str(address)] * 3 for address in asked
                ]


def test_hosts_cables_and_bridges_go_with_what_they_belong_to() -> None:
    with PrivateNetwork():
        with Host() as host:
            host.plug("far", near="near", address="10.0.0.1/24", mac="02:00:00:00:00:01")
            assert devices() == {"lo", "near"}
            assert "10.0.0.1/24" in host.run("ip", "-brief", "address", "show", "far")
        with OpenVSwitch() as switch:
            switch.add_bridge("one")
            switch.add_bridge("two")
            switch.stop_switch(crash=True)
            assert {"one", "two"} <= devices()
        assert not {"one", "two"} & devices()
        assert not switch.folder.exists()
        # The kernel takes its time with a namespace that nobody is in.
        wait_for("the cable to go", lambda: "near" not in devices())
