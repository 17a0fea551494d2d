"""A Linux router of the kernel's own: a network namespace with real links, and an sshd that leads into it.

Both of its links end in the same namespace, in `peer0` and `peer1`. A packet is put on one of them as a
neighbour would; whose address the frame has that comes out tells which next hop the kernel chose.
"""

import os
import select
import shlex
import socket
import struct
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

import asyncssh

from lab.network import PrivateNetwork
from netconfig.drivers.linux_nft import HELPER
from netconfig.simulator import Packet
from tests.contract.drivers.linux_nft_frames import frame_for, on_one_processor, received
from tests.contract.drivers.linux_nft_neighbours import PEER, Neighbours
from tests.contract.drivers.linux_nft_scripts import (
    ADDRESSES,
    ENTRANCE,
    FLUSH,
    HASH,
    LINKS,
    NEIGHBOUR_LINES,
    NEIGHBOURS,
    SITE,
    SSHD,
    SYSCTLS,
    TEXT,
    WAYS,
)

PASSWORD = "correct horse battery staple"
USER = "lambda"
BARRIER = Packet("131.225.250.250", "203.0.113.250", "udp", 9, 9)
"""Goes behind each packet that is asked about, and always comes out: then the other has, or never will."""
PATIENCE = 60.0
_numbers = count(1)
_MEMORY = next((folder for folder in ("/dev/shm",) if Path(folder).is_dir()), None)  # noqa: S108
"""What is kept is written through to the disk, which in tests is none."""


class KernelRouter:
    """One router; `restore` makes it as it was at first."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="linux-nft-", dir=_MEMORY)
        self.folder = Path(self._home.name)
        self._lock = threading.Lock()
        self._sessions: list[subprocess.Popen[bytes]] = []
        self._sockets: dict[str, socket.socket] = {}
        self.neighbours = Neighbours()
        self._failure: Exception | None = None
        self._told: tuple[int, bytes, bytes] | None = None
        self.is_wired = False
        thread = threading.Thread(target=self._make_network, name="namespace")
        thread.start()
        thread.join()
        if self._failure:
            raise self._failure
        self.host_key = self._write_files()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._is_closing = False
        self._porter = threading.Thread(target=self._let_in, name="sshd", daemon=True)
        self._porter.start()
        self.restore()
        self._await_links()

    def close(self) -> None:
        self._is_closing = True
        # `accept` is woken by nothing but somebody who comes.
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE).close()
        self._porter.join()
        self._listener.close()
        self.end_sessions()
        for sock in self._sockets.values():
            sock.close()
        self.neighbours.close()
        os.close(self._namespace)
        self._home.cleanup()

    def run(self, script: str, stdin: bytes = b"") -> bytes:
        """What a shell script prints that is run on the router."""
        self._told = None
        command = ["nsenter", f"--net={self._where}", "sh", "-euc", script]
        return subprocess.run(command, input=stdin, check=True, stdout=subprocess.PIPE).stdout

    def restore(self) -> None:
        """Forget everything, the next boot's too."""
        self.calm()
        self.end_sessions()
        self.is_wired = False
        self.neighbours.wake_all()
        for file in (self.folder / "kept").glob("*"):
            file.unlink()
        (self.folder / "calls").write_text("")
        self.reboot()

    def reboot(self) -> None:
        self._told = None
        self.end_sessions()
        subprocess.run(["/bin/sh", self.folder / "reboot"], check=True)

    def end_sessions(self) -> None:
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for sshd in sessions:
            sshd.kill()
            sshd.wait(PATIENCE)

    def text(self) -> str:
        """All that it is configured to do, without the kernel's own routes for multicast.

        Those stand in the order in which the links came up, which is another on each router.
        """
        told, text = self._told, self.run(TEXT).decode("latin-1")
        self._told = told
        return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("multicast "))

    def befall(self, kind: str, *, where: str, number: int, line: int = 1) -> None:
        (self.folder / "held").touch()
        (self.folder / "fault.new").write_text(f"{kind} {where} {number} {line}\n")
        (self.folder / "fault.new").rename(self.folder / "fault")

    @property
    def befalls(self) -> list[str]:
        """What is about to befall it."""
        with suppress(FileNotFoundError):
            return (self.folder / "fault").read_text().split()
        return []

    def calm(self) -> None:
        for name in ("fault", "held"):
            (self.folder / name).unlink(missing_ok=True)

    @property
    def calls(self) -> list[tuple[int, str]]:
        """Number of the session, 0 for none, and what was asked for."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [(int(number), verb) for number, _, verb in (line.partition(" ") for line in lines)]

    def ask(self, verb: str, data: bytes) -> tuple[int, bytes, bytes]:
        """What the entrance answers, without SSH between; 77 where the session would have ended.

        What the router has told is told again for as long as nothing is done to it.
        """
        if verb == "read" and self._told and not self.befalls and not self.is_wired:
            return self._told
        inside = [str(self.folder / "entrance")]
        if not self.befalls:
            with (self.folder / "calls").open("a") as calls:
                calls.write(f"0 {verb}\n")
            inside = ["nsenter", f"--net={self._where}", str(HELPER)]
            if verb.startswith("save "):
                # No test that asks hundreds of times boots from what was kept.
                return 0, b"", b""
        kept = {"LAMBDASTATION_KEPT": str(self.folder / "kept")}
        environment = {**os.environ, **kept, "SSH_ORIGINAL_COMMAND": f"lambdastation-router {verb}"}
        ended = subprocess.run(inside, check=False, input=data, env=environment, capture_output=True)
        answer = ended.returncode, ended.stdout, ended.stderr
        self._told = answer if verb == "read" and ended.returncode == 0 else None
        return answer

    def has_counted(self) -> None:
        """What it told before is so no more."""
        self._told = None

    def next_hop(self, interface: str, packet: Packet) -> str | None:
        """To which neighbour a packet goes on that comes in there; None if to none."""
        mark = struct.pack("!Q", next(_numbers))
        behind = struct.pack("!Q", next(_numbers))
        entrance = self.link(interface)
        with on_one_processor():
            entrance.send(frame_for(interface, packet, mark))
            entrance.send(frame_for(interface, BARRIER, behind))
        found = None
        while True:
            readable, _, _ = select.select(list(self._sockets.values()), [], [], PATIENCE)
            assert readable, "nothing comes out of the router any more"
            frames = self._frames()
            is_past = any(frame.endswith(behind) for frame in frames)
            # It may have come out of the other link after that was looked at.
            frames += self._frames() if is_past else []
            for frame in frames:
                if frame.endswith(mark):
                    found = NEIGHBOURS[frame[:6].hex(":")][1]
            if is_past:
                return found

    def link(self, interface: str) -> socket.socket:
        """What hears all that comes out of the router there."""
        return self._sockets[PEER[interface]]

    def _frames(self) -> list[bytes]:
        return [frame for sock in self._sockets.values() for frame in received(sock)]

    def _make_network(self) -> None:
        try:
            with PrivateNetwork():
                self._namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
                settings = "\n".join(
                    f"echo {value} >/proc/sys/net/{name}"
                    for name, value in (setting.split("=") for setting in SYSCTLS)
                )
                script = f"{settings}\nip -batch -"
                subprocess.run(["/bin/sh", "-euc", script], input=self._links(), check=True)
                self.neighbours.settle()
                for name in PEER.values():
                    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
                    sock.bind((name, 3))
                    sock.setblocking(False)
                    self._sockets[name] = sock
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            self._failure = error

    def _links(self) -> bytes:
        return "".join([LINKS, *(f"{line}\n" for line in self.neighbours.devices)]).encode()

    def _await_links(self) -> None:
        """A link that is up takes packets when the kernel has seen that its other end is."""
        latest = time.monotonic() + PATIENCE
        while self.run("ip -o link show up").count(b" state UP ") < len(PEER) * 2:
            assert time.monotonic() < latest, "the links do not come up"

    @property
    def _where(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self._namespace}"

    def _write_files(self) -> str:
        host = asyncssh.generate_private_key("ssh-ed25519")
        host.write_private_key(self.folder / "host")
        self.client = asyncssh.generate_private_key("ssh-ed25519")
        words = {
            "authorized": self.client.export_public_key().decode(),
            "addresses": ADDRESSES
            + "".join(f"{line}\n" for many in NEIGHBOUR_LINES.values() for line in many),
            "banner": "Authorised users only!\nlambdastation-router 2\n",
            "name": "border-4",
            "sshd.conf": SSHD.format(folder=self.folder),
            "ways": WAYS,
            "flush": FLUSH.format(folder=self.folder),
            "reboot": (
                f"nsenter --net={self._where} sh {self.folder}/flush\n"
                f"unset SSH_ORIGINAL_COMMAND\nexport LAMBDASTATION_KEPT={self.folder}/kept\n"
                f"nsenter --net={self._where} {HELPER} restore\n"
            ),
            "entrance": ENTRANCE.format(folder=self.folder, namespace=self._where, helper=HELPER),
            "passwd": f"{Path('/etc/passwd').read_text()}{USER}:x:0:0::/:/bin/sh\n",
            "shadow": f"{USER}:{HASH}:19000:0:99999:7:::\n",
        }
        for name, text in words.items():
            (self.folder / name).write_text(text)
        (self.folder / "site.nft").write_bytes(SITE.encode("latin-1"))
        (self.folder / "kept").mkdir()
        for name in ("host", "shadow"):
            (self.folder / name).chmod(0o600)
        (self.folder / "entrance").chmod(0o755)
        # The folder that sshd puts itself into before anybody has logged in; Debian's service would make it.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        return " ".join(host.export_public_key().decode().split()[:2])

    def _let_in(self) -> None:
        """An sshd for everybody who comes, with accounts of its own, in a mount namespace."""
        folder = shlex.quote(str(self.folder))
        for number in count(1):
            connection, _ = self._listener.accept()
            with connection:
                if self._is_closing:
                    return
                script = (
                    f"mount --bind {folder}/passwd /etc/passwd && mount --bind {folder}/shadow /etc/shadow &&"
                    f" exec /usr/sbin/sshd -i -e -f {folder}/sshd.conf"
                    f' -o "SetEnv=BENCH_SSHD=$$ BENCH_SESSION={number}"'
                )
                command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "sh", "-c", script]
                # Whoever has been let in is among the sessions before anybody ends them.
                with (self.folder / "sshd.log").open("ab") as log, self._lock:
                    line = connection.fileno()
                    self._sessions.append(subprocess.Popen(command, stdin=line, stdout=line, stderr=log))
