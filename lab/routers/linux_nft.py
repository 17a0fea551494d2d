"""A Linux router, as a small site has it: a namespace, and an sshd that leads there to one program alone."""

import shlex
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import asyncssh

from lab.processes import PATIENCE, CommandRefused, require_programs, run, search_path
from lab.routers.kind import Login, Place, Running
from lab.sites import DEVICES, STATION
from netconfig.drivers.linux_nft import HELPER

PROGRAMS = {"sshd": "openssh-server"}
LOOPBACK = "127.0.0.1"
_PROTOCOL = "201"
"""Of the routes and rules that the driver makes."""
_ENTRANCE = """\
#!/bin/sh
LAMBDASTATION_KEPT={kept}
export LAMBDASTATION_KEPT
exec nsenter --net={network} {helper} "$@"
"""
_LET_IN = """\
cd "$1"
mount --no-mtab -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd "$1"
mount --no-mtab --no-canonicalize --bind . "$1"
exec "$2" -i -e -f "$1/sshd.conf"
"""
"""With a /run of its own, where Debian's sshd wants an empty folder; a lab below /run is there too."""
_SSHD = """\
HostKey "{folder}/host_key"
AuthorizedKeysFile "{tokens}/authorized_keys"
PidFile none
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
PrintLastLog no
SetEnv HOME="{folder}"
ForceCommand {entrance}
"""
"""Its home is none, so that root's shell reads nothing there before each command."""


@dataclass(frozen=True, slots=True)
class Linux:
    """A kind of router that is no simulation."""

    platform: str
    interfaces: Mapping[str, str]
    families: tuple[int, ...]

    @contextmanager
    def start(self, place: Place) -> Iterator[Running]:
        require_programs(PROGRAMS, root=True)
        with _RunningRouter(place) as router:
            yield router


class _RunningRouter:
    """Lets in who has the key, each by an sshd of their own; all end with the `with` block, or with us."""

    def __init__(self, place: Place) -> None:
        self._folder = place.folder
        self._network = place.network
        self._sessions: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self._over = False
        self.host = LOOPBACK
        self.host_key = self._write_files()
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port = int(self._listening.getsockname()[1])
        self.login = Login("root", private_key=place.folder / "client_key")
        self._thread = threading.Thread(target=self._let_in, name="sshd", daemon=True)

    def __enter__(self) -> "_RunningRouter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._over = True
        # What waits for somebody who comes is woken by this alone.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()
        self._end_sessions()

    def refresh(self) -> None:
        """Nothing: the kernel is what is configured."""

    def reboot(self) -> None:
        """Lose power, as far as it is the service's: of marks, rules and routes what was kept comes back."""
        self._end_sessions()
        with suppress(CommandRefused):
            self._network.run("nft", "delete", "table", "inet", f"lambdastation_{STATION}")
        for family in ("-4", "-6"):
            self._network.run("ip", family, "rule", "flush", "protocol", _PROTOCOL)
            self._network.run("ip", family, "route", "flush", "table", "all", "protocol", _PROTOCOL)
        with suppress(CommandRefused):
            # What cannot be had back is brought by the service.
            run(str(self._folder / "entrance"), "restore")

    def _write_files(self) -> str:
        folder = self._folder
        host, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        for name, key in (("host_key", host), ("client_key", client)):
            (folder / name).touch(mode=0o600)
            key.write_private_key(folder / name)
        words = {"kept": folder / "kept", "network": self._network.path, "helper": HELPER}
        entrance = folder / "entrance"
        entrance.write_text(
            _ENTRANCE.format(**{name: shlex.quote(str(word)) for name, word in words.items()})
        )
        entrance.chmod(0o700)
        (folder / "authorized_keys").write_text(client.export_public_key().decode())
        tokens = str(folder).replace("%", "%%")
        conf = _SSHD.format(folder=folder, tokens=tokens, entrance=shlex.quote(str(entrance)))
        (folder / "sshd.conf").write_text(conf)
        return " ".join(host.export_public_key().decode().split()[:2])

    def _let_in(self) -> None:
        sshd = shutil.which("sshd", path=search_path()) or "sshd"
        inside = ("unshare", "--mount", "sh", "-euc", _LET_IN, "sh", str(self._folder), sshd)
        command = ("setpriv", "--pdeathsig", "KILL", *inside)
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            end = connection.fileno()
            with connection, self._lock, (self._folder / "sshd.log").open("ab") as log:
                if self._over:
                    return
                self._sessions = [one for one in self._sessions if one.poll() is None]
                self._sessions.append(subprocess.Popen(command, stdin=end, stdout=end, stderr=log))

    def _end_sessions(self) -> None:
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for sshd in sessions:
            sshd.kill()
            sshd.wait(PATIENCE)


KIND = Linux("linux_nft", {device: device for device in DEVICES}, (4, 6))
