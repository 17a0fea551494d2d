"""The simulator over real SSH: to netmiko it is a Cisco."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import paramiko
import pytest
from netmiko.exceptions import (
    ConfigInvalidException,
    NetmikoAuthenticationException,
    NetmikoBaseException,
    ReadTimeout,
)

from netconfig.simulator import Action, Fault, IosRouter, RunningSimulator, SimulatorLoop

Connect = Callable[..., Any]

TICKET = [
    "ip access-list extended LS-1",
    " 10 permit tcp 131.225.204.0 0.0.0.255 192.84.86.0 0.0.0.255 range 5000 6000 dscp 32",
    "exit",
    "route-map LS permit 10",
    " match ip address LS-1",
    " set ip next-hop 192.0.2.1",
    "exit",
    "interface TenGigabitEthernet1/1",
    " ip policy route-map LS",
    "exit",
]


@pytest.mark.parametrize("fast_cli", [True, False])
def test_netmiko_reads_and_configures(router: IosRouter, connect: Connect, fast_cli: bool) -> None:
    connection = connect(fast_cli=fast_cli)
    assert connection.find_prompt() == "border-1#"
    assert connection.send_command("show running-config").endswith(f"!\n{router.running_config()}")
    connection.send_config_set(TICKET, error_pattern=r"^%")
    assert "dscp cs4" in connection.send_command("show ip access-lists LS-1")
    assert "[OK]" in connection.save_config()
    connection.disconnect()
    router.reboot()
    assert router.state.route_map("LS")


def test_many_lines_in_one_burst_are_answered_one_by_one(router: IosRouter, connect: Connect) -> None:
    connection = connect()
    connection.config_mode()
    connection.write_channel("\n".join([*TICKET, "hostname border-2"]) + "\n")
    printed = connection.read_until_pattern(r"border-2\(config\)#")
    prompts = [
        "",
        "-ext-nacl",
        "-ext-nacl",
        "",
        "-route-map",
        "-route-map",
        "-route-map",
        "",
        "-if",
        "-if",
        "",
    ]
    told = [f"border-1(config{mode})#{line}" for mode, line in zip(prompts, [*TICKET, ""], strict=True)]
    # Netmiko has read the first prompt already.
    assert printed.splitlines()[1:10] == told[1:10]
    assert [entry.line for entry in router.journal] == [*TICKET, "hostname border-2"]
    assert router.pushes == 1


def test_refused_line_raises_in_netmiko(connect: Connect) -> None:
    connection = connect()
    with pytest.raises(ConfigInvalidException):
        connection.send_config_set(
            ["ip access-list extended EDGE-IN", "10 permit ip any any"], error_pattern=r"^%"
        )


def test_copying_answers_the_question(router: IosRouter, connect: Connect) -> None:
    router.apply(["hostname border-1", "no ip access-list extended EDGE-IN"])
    connection = connect()
    connection.save_config(cmd="copy running-config startup-config", confirm=True)
    assert router.startup_config() == router.running_config()


def test_enable_secret_is_asked_for(connect_to: Connect) -> None:
    router = IosRouter("", clock=lambda: datetime.now(UTC), enable_secret="deeper")
    with RunningSimulator(router, username="admin", password="simulated") as simulator:
        connection = connect_to(simulator.host, simulator.port, secret="deeper")
        assert not connection.check_enable_mode()
        connection.enable()
        assert connection.check_enable_mode()


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"username": "root"}])
def test_only_the_account_gets_in(connect: Connect, router: IosRouter, wrong: dict[str, str]) -> None:
    with pytest.raises(NetmikoAuthenticationException):
        connect(**wrong)
    assert router.sessions == 0


def test_known_hosts_line_is_the_servers(
    simulator: RunningSimulator, connect: Connect, tmp_path: Path
) -> None:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"{simulator.host_key_line}\n")
    connection = connect(
        ssh_strict=True, system_host_keys=False, alt_host_keys=True, alt_key_file=str(known_hosts)
    )
    assert connection.is_alive()


def test_host_key_is_kept_in_its_file(router: IosRouter, tmp_path: Path) -> None:
    path = tmp_path / "host_key"
    first = RunningSimulator(router, username="admin", password="simulated", host_key_file=path)
    again = RunningSimulator(router, username="admin", password="simulated", host_key_file=path)
    assert first.host_key_line == again.host_key_line
    assert path.stat().st_mode & 0o777 == 0o600


def test_public_key_gets_in(router: IosRouter, tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key")
    key.write_public_key(tmp_path / "key.pub")
    with RunningSimulator(
        router, username="admin", password="simulated", authorized_keys=tmp_path / "key.pub"
    ) as simulator:
        client = _client(simulator)
        client.connect(
            simulator.host,
            simulator.port,
            "admin",
            pkey=paramiko.Ed25519Key.from_private_key_file(str(tmp_path / "key")),
            allow_agent=False,
            look_for_keys=False,
        )
        client.close()


def _client(simulator: RunningSimulator) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    entry = paramiko.hostkeys.HostKeyEntry.from_line(simulator.host_key_line)
    assert entry
    client.get_host_keys().add(f"[{simulator.host}]:{simulator.port}", entry.key.get_name(), entry.key)
    return client


def test_command_without_a_terminal_is_answered_whole(simulator: RunningSimulator, router: IosRouter) -> None:
    router.apply([f"ip route 10.{number}.0.0 255.255.0.0 192.0.2.1" for number in range(50)])
    client = _client(simulator)
    client.connect(
        simulator.host, simulator.port, "admin", "simulated", allow_agent=False, look_for_keys=False
    )
    _, output, _ = client.exec_command("show running-config", timeout=20)
    assert output.read().decode().replace("\r\n", "\n").endswith(f"{router.running_config()}\n")
    client.close()


def test_long_output_waits_for_a_key(simulator: RunningSimulator, router: IosRouter) -> None:
    router.apply([f"ip route 10.{number}.0.0 255.255.0.0 192.0.2.1" for number in range(50)])
    client = _client(simulator)
    client.connect(
        simulator.host, simulator.port, "admin", "simulated", allow_agent=False, look_for_keys=False
    )
    channel = client.invoke_shell()
    channel.settimeout(20)
    channel.sendall(b"show running-config | include ^ip route\n")
    assert _read_until(channel, "--More-- ").count("ip route 10.") == 23
    channel.sendall(b" ")
    assert _read_until(channel, "--More-- ").count("ip route 10.") == 23
    channel.sendall(b"\r")
    assert _read_until(channel, "--More-- ").count("ip route 10.") == 1
    channel.sendall(b"q")
    assert _read_until(channel, "border-1#").count("ip route 10.") == 0
    channel.sendall(b"conf t\rhostname border-2\x1a")
    assert "border-2#" in _read_until(channel, "border-2#")
    client.close()


def _read_until(channel: paramiko.Channel, end: str) -> str:
    seen = ""
    while not seen.endswith(end):
        received = channel.recv(4096).decode()
        assert received, f"closed after {seen!r}"
        seen += received
    return seen


def test_router_that_drops_is_gone_and_comes_back(router: IosRouter, connect: Connect) -> None:
    router.faults.add(Fault(Action.DROP_AFTER, number=3))
    connection = connect()
    # Netmiko does not see that a channel is closed: it reads until its time is up.
    connection.read_timeout_override = 2
    with pytest.raises((NetmikoBaseException, OSError)):
        connection.send_config_set(TICKET, error_pattern=r"^%")
    assert [entry.line for entry in router.journal] == TICKET[:3]
    connect().send_config_set(TICKET, error_pattern=r"^%")
    assert router.state.route_map("LS")


def test_router_that_hangs_never_answers(router: IosRouter, connect: Connect) -> None:
    router.faults.add(Fault(Action.HANG, where="exec", line="show clock"))
    connection = connect()
    connection.read_timeout_override = None
    with pytest.raises(ReadTimeout):
        connection.send_command("show clock", read_timeout=0.5)
    assert "border-1" in connect().find_prompt()


def test_slow_router_answers_in_the_end(router: IosRouter, connect: Connect) -> None:
    router.faults.add(Fault(Action.SLOW, delay=timedelta(milliseconds=50), times=None))
    connect().send_config_set(TICKET, error_pattern=r"^%")
    assert router.state.route_map("LS")


def test_neighbour_that_takes_its_time_keeps_no_other_session_waiting(
    router: IosRouter, connect: Connect
) -> None:
    asked, released = threading.Event(), threading.Event()

    def in_its_own_time(_: object) -> bool:
        asked.set()
        return released.wait(60)

    router.next_hops.ask = in_its_own_time
    waiting, other = connect(), connect()
    waiting.write_channel("ping 192.0.2.1\n")
    assert asked.wait(60)
    assert "UTC" in other.send_command("show clock")
    released.set()
    assert "Success rate is 100 percent" in waiting.read_until_pattern(r"\(5/5\).*ms")


def test_reboot_breaks_every_session(router: IosRouter, connect: Connect) -> None:
    one, two = connect(), connect()
    router.reboot()
    for connection in (one, two):
        connection.read_timeout_override = 2
        with pytest.raises((NetmikoBaseException, OSError)):
            connection.send_command("show clock")


def test_many_simulators_share_a_loop(connect_to: Connect) -> None:
    with SimulatorLoop() as loop:
        simulators = [
            RunningSimulator(
                IosRouter("", hostname=f"r{number}", clock=lambda: datetime.now(UTC)),
                username="admin",
                password="simulated",
                loop=loop,
            )
            for number in range(50)
        ]
        for simulator in simulators:
            simulator.__enter__()
        try:
            assert [thread.name for thread in threading.enumerate()].count("simulator") == 1
            assert len({simulator.port for simulator in simulators}) == 50
            last = simulators[-1]
            assert connect_to(last.host, last.port).find_prompt() == "r49#"
        finally:
            for simulator in simulators:
                simulator.__exit__(None, None, None)


def test_router_comes_back_on_its_port(router: IosRouter, connect_to: Connect) -> None:
    simulator = RunningSimulator(router, username="admin", password="simulated")
    with simulator:
        port = simulator.port
        connect_to(simulator.host, port)
    with simulator:
        assert simulator.port == port
        assert connect_to(simulator.host, port).find_prompt() == "border-1#"


def test_port_that_is_taken_is_an_error(simulator: RunningSimulator, router: IosRouter) -> None:
    with (
        pytest.raises(OSError, match=r"\S"),
        RunningSimulator(router, username="admin", password="simulated", port=simulator.port),
    ):
        pass
