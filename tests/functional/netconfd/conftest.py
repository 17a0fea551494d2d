"""Debian's `netconfd` (yuma123) as a second opinion: a NETCONF server written by others, behind a real sshd.

Both end with the tests, in a folder of their own; sshd listens on a loopback port and offers nothing but the
subsystem.
"""

import getpass
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from ncclient.transport.ssh import SSHSession

from netconfig.inventory import Device
from netconfig.transport.netconf import NetconfSession, Timeouts
from tests.functional.frr.conftest import listens, start, start_sshd, wait_until
from tests.ports import held_port

PATIENCE = 60.0
SUBSYSTEM = "/usr/sbin/netconf-subsystem"


@dataclass(frozen=True)
class Netconfd:
    """Where the server is to be had, and with which keys."""

    port: int
    host_key: str
    key_file: Path
    log: Path

    def greeted(self) -> int:
        """How many hellos it has taken so far."""
        return self.log.read_text(errors="replace").count("now active")

    def session(self) -> NetconfSession:
        """Our transport as it is; only how it logs in differs: a test has no account with a password."""
        device = Device(
            name="netconfd-1",
            platform="juniper_junos",
            host="127.0.0.1",
            port=self.port,
            username=getpass.getuser(),
            password="env:NOT_ASKED_FOR",
            host_key=self.host_key,
        )
        return NetconfSession(device, "default", Timeouts(PATIENCE, PATIENCE))


@pytest.fixture(scope="module")
def netconfd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Netconfd]:
    """netconfd and its sshd, up."""
    for program in ("/usr/sbin/netconfd", SUBSYSTEM, "/usr/sbin/sshd"):
        assert shutil.which(program), f"{program} is missing: `tools/setup test` installs it"
    folder = tmp_path_factory.mktemp("netconfd")
    # Of two host keys the RSA one is asked for; this sshd does not sign by SHA-1, as `ssh-rsa` would.
    other, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    host = asyncssh.generate_private_key("ssh-rsa")
    for name, key in (("other", other), ("host", host), ("client", client)):
        key.write_private_key(folder / name)
        (folder / name).chmod(0o600)
    (folder / "authorized").write_bytes(client.export_public_key())
    if os.geteuid() == 0:
        # The folder that sshd puts itself into before anybody has logged in; Debian's service would make it.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    running: list[subprocess.Popen[bytes]] = []
    with held_port() as port:
        try:
            _start(folder, port, running)
            public = " ".join(host.export_public_key().decode().split()[:2])
            yield Netconfd(port, public, folder / "client", folder / "netconfd.log")
        finally:
            for process in running:
                process.terminate()
                process.wait(PATIENCE)


@pytest.fixture
def open_session(
    netconfd: Netconfd, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], NetconfSession]]:
    """Makes sessions that end with the test, and that ask nothing before the server has taken their hello.

    This one reads what arrives together with a hello by the hello's framing, and waits for the end of it for
    ever; RFC 6242 lets a client send both at once.
    """
    monkeypatch.setenv("NOT_ASKED_FOR", "nothing")
    connect = SSHSession.connect

    def with_key(self: Any, *arguments: Any, **options: Any) -> None:
        greeted = netconfd.greeted()
        connect(self, *arguments, **{**options, "password": None, "key_filename": str(netconfd.key_file)})
        latest = time.monotonic() + PATIENCE
        while netconfd.greeted() == greeted and time.monotonic() < latest:
            threading.Event().wait(0.01)

    monkeypatch.setattr(SSHSession, "connect", with_key)
    made: list[NetconfSession] = []

    def make() -> NetconfSession:
        made.append(netconfd.session())
        return made[-1]

    yield make
    for session in made:
        session.close()


def _start(folder: Path, port: int, running: list[subprocess.Popen[bytes]]) -> None:
    """Both programs: netconfd has to know sshd's port."""
    sock = folder / "sock"
    options = ("--no-startup", "--target=candidate", "--module=toaster", f"--superuser={getpass.getuser()}")
    places = (f"--ncxserver-sockname={sock}", f"--port={port}")
    (folder / ".yuma").mkdir()
    running.append(
        start(folder / "netconfd.log", "env", f"HOME={folder}", "/usr/sbin/netconfd", *options, *places)
    )
    running.append(start_sshd(folder, _sshd_settings(folder, port)))
    wait_until(running, folder, lambda: sock.exists() and listens(folder))


def _sshd_settings(folder: Path, port: int) -> str:
    return f"""\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder / "other"}
HostKey {folder / "host"}
AuthorizedKeysFile {folder / "authorized"}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
PrintLastLog no
Subsystem netconf {SUBSYSTEM} --ncxserver-sockname={port}@{folder / "sock"}
"""
