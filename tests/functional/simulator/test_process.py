"""The simulator as a process of its own: killed without warning it boots from NVRAM, as after a power cut."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from netmiko.exceptions import NetmikoBaseException

from netconfig.simulator import Action, Fault, SimulatorControl
from netconfig.simulator.control import ControlError

TIMEOUT_SECONDS = 60


@dataclass
class Simulator:
    """A running simulator process."""

    process: subprocess.Popen[str]
    host: str
    port: int
    host_key: str

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(TIMEOUT_SECONDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Simulator]]:
    (tmp_path / "config").write_text("hostname border-1\n!\ninterface Te1/1\n no ip address\n!\nend\n")
    (tmp_path / "password").write_text("simulated\n")
    command = [sys.executable, "-m", "netconfig.simulator", "--username", "admin", "--port", "0"]
    for option, name in (
        ("--config", "config"),
        ("--nvram", "nvram"),
        ("--password-file", "password"),
        ("--host-key", "host_key"),
        ("--control", "control"),
        ("--ready-file", "ready"),
    ):
        command += [option, str(tmp_path / name)]
    started: list[subprocess.Popen[str]] = []

    def launch() -> Simulator:
        root = Path(__file__).resolve().parents[3]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
        )
        started.append(process)
        assert process.stdout
        assert select.select([process.stdout], [], [], TIMEOUT_SECONDS)[0], "the simulator did not start"
        return Simulator(process, **json.loads(process.stdout.readline()))

    yield launch
    for process in started:
        process.kill()
        process.wait(TIMEOUT_SECONDS)
        assert process.stdout
        process.stdout.close()


def test_power_cut_loses_what_was_not_saved(
    start: Callable[[], Simulator], connect_to: Callable[..., Any], tmp_path: Path
) -> None:
    first = start()
    connection = connect_to(first.host, first.port)
    connection.send_config_set(["hostname saved"])
    connection.set_base_prompt()
    connection.save_config()
    connection.send_config_set(["ip access-list extended LOST"])
    assert first.end(signal.SIGKILL) == -signal.SIGKILL

    second = start()
    assert second.host_key.split()[1:] == first.host_key.split()[1:]
    with SimulatorControl(tmp_path / "control") as control:
        assert control.running_config().startswith("hostname saved\n")
        assert "LOST" not in control.running_config()
    assert connect_to(second.host, second.port).find_prompt() == "saved#"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_stops_in_order(
    start: Callable[[], Simulator], connect_to: Callable[..., Any], tmp_path: Path, number: signal.Signals
) -> None:
    simulator = start()
    connect_to(simulator.host, simulator.port)
    with SimulatorControl(tmp_path / "control") as control:
        assert control.counts().sessions == 1
        assert simulator.end(number) == 0
        with pytest.raises(ControlError, match=r"^reboot: "):
            control.reboot()


def test_ready_file_says_what_is_printed(start: Callable[[], Simulator], tmp_path: Path) -> None:
    simulator = start()
    ready = json.loads((tmp_path / "ready").read_text())
    assert ready == {"host": "127.0.0.1", "port": simulator.port, "host_key": simulator.host_key}
    assert simulator.host_key.startswith(f"[127.0.0.1]:{simulator.port} ssh-ed25519 ")


def test_control_socket_is_its_owners_alone(start: Callable[[], Simulator], tmp_path: Path) -> None:
    start()
    assert (tmp_path / "control").stat().st_mode & 0o777 == 0o600


def test_control_silences_a_neighbour(
    start: Callable[[], Simulator], connect_to: Callable[..., Any], tmp_path: Path
) -> None:
    simulator = start()
    connection = connect_to(simulator.host, simulator.port)
    with SimulatorControl(tmp_path / "control") as control:
        control.silence("192.0.2.1")
        assert "(0/5)" in connection.send_command("ping 192.0.2.1")
        assert "(5/5)" in connection.send_command("ping 192.0.2.2")
        control.wake("192.0.2.1")
        assert "(5/5)" in connection.send_command("ping 192.0.2.1")
        with pytest.raises(ControlError, match="does not appear to be"):
            control.silence("nobody")


def test_control_reads_and_meddles(
    start: Callable[[], Simulator], connect_to: Callable[..., Any], tmp_path: Path
) -> None:
    simulator = start()
    with SimulatorControl(tmp_path / "control") as control:
        control.apply(["ip access-list extended BY-HAND", "permit ip any any"])
        assert "ip access-list extended BY-HAND\n 10 permit ip any any\n" in control.running_config()
        assert "BY-HAND" not in control.startup_config()

        control.add_fault(Fault(Action.DROP_BEFORE, line="hostname"))
        connection = connect_to(simulator.host, simulator.port)
        # Netmiko does not see that a channel is closed: it reads until its time is up.
        connection.read_timeout_override = 2
        with pytest.raises((NetmikoBaseException, OSError)):
            connection.send_config_set(["hostname r2"])
        control.add_fault(Fault(Action.REFUSE))
        control.clear_faults()
        connect_to(simulator.host, simulator.port).send_config_set(["interface Te1/1", "shutdown"])
        told = [(entry.session, entry.line, entry.accepted) for entry in control.journal()]
        assert told == [
            (0, "ip access-list extended BY-HAND", True),
            (0, "permit ip any any", True),
            (2, "interface Te1/1", True),
            (2, "shutdown", True),
        ]
        assert (control.counts().sessions, control.counts().pushes) == (2, 1)

        control.reboot()
        assert control.running_config() == control.startup_config()
        kept = control.startup_config().replace("hostname border-1", "hostname border-0")
        control.reboot(kept)
        assert control.running_config() == control.startup_config() == kept


def test_control_refuses_in_words(start: Callable[[], Simulator], tmp_path: Path) -> None:
    start()
    with SimulatorControl(tmp_path / "control") as control:
        with pytest.raises(ControlError, match=r"apply: ValueError: bogus: % Invalid input"):
            control.apply(["bogus"])
        with pytest.raises(ControlError, match="fly"):
            control._ask("fly")
        with pytest.raises(ControlError, match="TypeError"):
            control._ask("apply", nonsense=1)
        assert control.counts().pushes == 0


def test_nobody_at_the_socket_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"\S"):
        SimulatorControl(tmp_path / "nobody")
