"""FRR as a second opinion: its command parser, written by others, behind a real sshd.

One daemon of FRR that keeps route maps and access lists, without a port and without a hand on the kernel, and
an sshd on a loopback port that lets nobody do anything but `vtysh`. Both end with the tests, in a folder of
their own.
"""

import getpass
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import netmiko
import pytest

from netconfig.driver import DeviceDriver
from netconfig.drivers.cisco_ios import CiscoIos
from netconfig.inventory import Device
from netconfig.transport.cli import Timeouts
from tests.contract.drivers.bench import OWNERSHIP
from tests.ports import held_port

PATIENCE = 60.0
BGPD = "/usr/lib/frr/bgpd"


@dataclass(frozen=True)
class Vtysh:
    """Where FRR's command line is to be had, and with which keys."""

    port: int
    host_key: str
    key_file: Path

    def driver(self) -> DeviceDriver:
        """The driver as it is; nothing of it knows that this is no IOS."""
        device = Device(
            name="frr-1",
            platform="cisco_ios",
            host="127.0.0.1",
            port=self.port,
            username=getpass.getuser(),
            password="env:NOT_ASKED_FOR",
            host_key=self.host_key,
            save=False,
        )
        return CiscoIos(device, OWNERSHIP, timeouts=Timeouts(PATIENCE, PATIENCE, PATIENCE))


@pytest.fixture(scope="module")
def vtysh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vtysh]:
    """FRR and its sshd, up."""
    for program in (BGPD, "vtysh", "/usr/sbin/sshd"):
        assert shutil.which(program), f"{program} is missing: `tools/setup test` installs it"
    folder = tmp_path_factory.mktemp("frr")
    sockets = folder / "vty"
    sockets.mkdir()
    (folder / "bgpd.conf").write_text("hostname frr-1\n", encoding="ascii")
    (folder / "vtysh.conf").write_text("hostname frr-1\n", encoding="ascii")
    host, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    for name, key in (("host", host), ("client", client)):
        key.write_private_key(folder / name)
        (folder / name).chmod(0o600)
    (folder / "authorized").write_bytes(client.export_public_key())
    if os.geteuid() == 0:
        # The folder that sshd puts itself into before anybody has logged in; Debian's service would make it.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    bgpd = (BGPD, "--no_zebra", "--no_kernel", "--bgp_port", "0", "--vty_port", "0", "--skip_runas")
    files = ("--vty_socket", sockets, "--pid_file", folder / "pid", "--config_file", folder / "bgpd.conf")
    running: list[subprocess.Popen[bytes]] = []
    with held_port() as port:
        try:
            running.append(start(folder / "bgpd.log", *bgpd, *files, "--log", "stdout"))
            running.append(start_sshd(folder, sshd_settings(folder, port)))
            wait_until(running, folder, lambda: (sockets / "bgpd.vty").exists() and listens(folder))
            public = " ".join(host.export_public_key().decode().split()[:2])
            yield Vtysh(port, public, folder / "client")
        finally:
            for process in running:
                process.terminate()
                process.wait(PATIENCE)


@pytest.fixture
def router(vtysh: Vtysh, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeviceDriver]:
    """The driver on FRR. Only how it logs in differs: a test has no account with a password."""
    monkeypatch.setenv("NOT_ASKED_FOR", "nothing")

    def connect(**options: Any) -> Any:
        return netmiko.ConnectHandler(**{**options, "use_keys": True, "key_file": str(vtysh.key_file)})

    monkeypatch.setattr("netconfig.transport.cli.ConnectHandler", connect)
    driver = vtysh.driver()
    yield driver
    driver.close()


def sshd_settings(folder: Path, port: int) -> str:
    """An sshd for one account, one key and one command."""
    command = f"exec vtysh --vty_socket {folder / 'vty'} --config_dir {folder} --histfile /dev/null"
    return f"""\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder / "host"}
AuthorizedKeysFile {folder / "authorized"}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
PrintLastLog no
ForceCommand VTYSH_PAGER=cat {command}
"""


def start(log: Path, *command: object) -> subprocess.Popen[bytes]:
    """A program that the kernel ends if we are gone."""
    with log.open("wb") as words:
        ends_with_us = ("setpriv", "--pdeathsig", "TERM")
        return subprocess.Popen([*ends_with_us, *map(str, command)], stdout=words, stderr=words)


def start_sshd(folder: Path, settings: str) -> subprocess.Popen[bytes]:
    """An sshd with these settings."""
    (folder / "sshd.conf").write_text(settings, encoding="ascii")
    return start(folder / "sshd.log", "/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd.conf")


def listens(folder: Path) -> bool:
    """Whether the sshd of this folder says that it does."""
    return "Server listening on 127.0.0.1 port " in (folder / "sshd.log").read_text(errors="replace")


def wait_until(running: list[subprocess.Popen[bytes]], folder: Path, fact: Any) -> None:
    """Wait for a fact, unless one of the programs has ended."""
    latest = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > latest or any(process.poll() is not None for process in running):
            logs = (path.read_text(errors="replace") for path in folder.glob("*.log"))
            raise RuntimeError("it does not start:\n" + "\n".join(logs))
        threading.Event().wait(0.02)
