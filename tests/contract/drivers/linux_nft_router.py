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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import asyncssh

from lab.network import PrivateNetwork
from netconfig.drivers.linux_nft import HELPER
from netconfig.simulator import Packet

PASSWORD = "correct horse battery staple"
_HASH = "$5$rounds=1000$lambdastation$1i/nrCOEjVPLKhNeg39nwNXZLL7h9c916WqZQ4FLGK3"
USER = "lambda"
BARRIER = Packet("131.225.250.250", "203.0.113.250", "udp", 9, 9)
"""Goes behind each packet that is asked about, and always comes out: then the other has, or never will."""
PATIENCE = 60.0
NEIGHBOURS = {
    f"02:00:00:00:02:{number:02x}": (interface, address)
    for number, (interface, address) in enumerate(
        (
            ("eth0", "192.0.2.9"),
            ("eth0", "2001:db8:1::9"),
            ("eth0", "192.0.2.1"),
            ("eth0", "192.0.2.2"),
            ("eth0", "192.0.2.3"),
            ("eth0", "2001:db8:1::2"),
            ("eth1", "198.51.100.1"),
            ("eth1", "198.51.100.2"),
        )
    )
}
DEFAULTS = ("192.0.2.9", "2001:db8:1::9")
NEIGHBOUR_LINES = {
    device: [
        f"neighbour replace {ip} lladdr {mac} dev {on}"
        for mac, (on, ip) in NEIGHBOURS.items()
        if on == device
    ]
    for device in ("eth0", "eth1")
}
_SYSCTLS = (
    "ipv4/ip_forward=1",
    "ipv4/conf/all/rp_filter=0",
    "ipv4/conf/default/rp_filter=0",
    "ipv4/conf/all/send_redirects=0",
    "ipv4/conf/default/send_redirects=0",
    "ipv6/conf/default/accept_dad=0",
    "ipv6/conf/all/forwarding=1",
)
_LINKS = """\
link set lo up
link add eth0 address 02:00:00:00:01:00 type veth peer name peer0
link add eth1 address 02:00:00:00:01:01 type veth peer name peer1
link set eth0 addrgenmode none
link set eth1 addrgenmode none
link set peer0 up arp off addrgenmode none
link set peer1 up arp off addrgenmode none
"""
_ADDRESSES = """\
link set eth7 down
link set eth7 name eth1
link set eth0 up
link set eth1 up
address replace 192.0.2.254/24 dev eth0
address replace 2001:db8:1::1/64 dev eth0 nodad
address replace 198.51.100.254/24 dev eth1
route replace default via 192.0.2.9 proto static
route replace default via 2001:db8:1::9 proto static
"""
SITE = """\
table inet filter {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ip saddr 131.225.0.0/16 accept comment "campus, G\xe4ste"
		ip saddr 192.84.86.7 tcp dport 8000-8100 accept comment "very-private"
		meta nfproto ipv6 accept
		counter drop
	}
}
table ip6 filter6 {
	chain forward6 {
		type filter hook forward priority filter + 10; policy drop;
		ip6 saddr 2001:db8:fe::/47 accept
	}
}
"""
_FLUSH = """\
nft flush ruleset
ip -4 -force -batch {folder}/ways
ip -6 -force -batch {folder}/ways
# Some of it is there already, and no link is called eth7 that nobody has renamed.
ip -force -batch {folder}/addresses 2>{folder}/words || true
nft -f {folder}/site.nft
"""
_WAYS = """\
rule flush
rule add priority 32766 lookup main
route flush table all proto 201
route flush table all proto boot
"""
_TEXT = """\
nft -s list ruleset
for family in -4 -6; do
  printf 'rule show\nroute show table all\naddress show\n' | ip $family -batch -
done
"""
_ENTRANCE = """\
#!/bin/sh
# Before the program that is tested: what befalls it, as `{folder}/fault` has it.
folder={folder}
verb=${{SSH_ORIGINAL_COMMAND#lambdastation-router }}
echo "${{BENCH_SESSION:-0}} $verb" >>$folder/calls
cut_off() {{ [ -z "$BENCH_SSHD" ] || kill -9 "$BENCH_SSHD"; exit 77; }}
hang() {{ [ -z "$BENCH_SSHD" ] || while [ -e $folder/held ]; do sleep 0.05; done; exit 77; }}
strikes=
if [ -e $folder/fault ]; then
  read -r kind where number line <$folder/fault
  case $where:$verb in
  read:read | push:ip4 | push:ip6 | push:nft | push:save*)
    if [ "$number" -gt 1 ]; then
      echo "$kind $where $((number - 1)) $line" >$folder/fault
    else
      rm $folder/fault
      strikes=$kind
    fi
    ;;
  esac
fi
printf 'You are welcome, dear G\\344ste of %s\\n' "$(cat $folder/name)"
echo "last login: never" >&2
export LAMBDASTATION_KEPT=$folder/kept
case $strikes:$verb in
drop-before:*) cut_off ;;
hang:*) hang ;;
forget:*) sh $folder/reboot; cut_off ;;
garbage:read) echo 'lambdastation-router 1'; echo '{{"nftables": ['; exit 0 ;;
garbage:*) echo 'Error: nothing at all'; echo '/dev/stdin:1:1-1: Error: nothing at all' >&2 ;;
refuse:read) echo 'Error: Operation not permitted' >&2; exit 1 ;;
refuse:nft) sed "${{line}}s/\\$/ nosuch0/" | nsenter --net={namespace} {helper}; exit $? ;;
refuse:*) sed "${{line}}s/.*/route add default dev nosuch0/" | nsenter --net={namespace} {helper}; exit $? ;;
:*) exec nsenter --net={namespace} {helper} ;;
esac
nsenter --net={namespace} {helper}
status=$?
case $strikes in
drop-after) cut_off ;;
hang-after) hang ;;
esac
exit $status
"""
_SSHD = """\
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
Banner {folder}/banner
PidFile none
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication yes
PermitRootLogin yes
PrintMotd no
PrintLastLog no
ForceCommand {folder}/entrance
"""
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
        told, text = self._told, self.run(_TEXT).decode("latin-1")
        self._told = told
        return text

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
        entrance = self._sockets["peer0" if interface == "eth0" else "peer1"]
        with _on_one_processor():
            entrance.send(_frame(interface, packet, mark))
            entrance.send(_frame(interface, BARRIER, behind))
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

    def _frames(self) -> list[bytes]:
        return [frame for sock in self._sockets.values() for frame in _received(sock)]

    def _make_network(self) -> None:
        try:
            with PrivateNetwork():
                self._namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
                settings = "\n".join(
                    f"echo {value} >/proc/sys/net/{name}"
                    for name, value in (setting.split("=") for setting in _SYSCTLS)
                )
                script = f"{settings}\nip -batch -"
                subprocess.run(["/bin/sh", "-euc", script], input=_LINKS.encode(), check=True)
                for name in ("peer0", "peer1"):
                    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
                    sock.bind((name, 3))
                    sock.setblocking(False)
                    self._sockets[name] = sock
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            self._failure = error

    @property
    def _where(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self._namespace}"

    def _write_files(self) -> str:
        host = asyncssh.generate_private_key("ssh-ed25519")
        host.write_private_key(self.folder / "host")
        self.client = asyncssh.generate_private_key("ssh-ed25519")
        words = {
            "authorized": self.client.export_public_key().decode(),
            "addresses": _ADDRESSES
            + "".join(f"{line}\n" for many in NEIGHBOUR_LINES.values() for line in many),
            "banner": "Authorised users only!\nlambdastation-router 1\n",
            "name": "border-4",
            "sshd.conf": _SSHD.format(folder=self.folder),
            "ways": _WAYS,
            "flush": _FLUSH.format(folder=self.folder),
            "reboot": (
                f"nsenter --net={self._where} sh {self.folder}/flush\n"
                f"unset SSH_ORIGINAL_COMMAND\nexport LAMBDASTATION_KEPT={self.folder}/kept\n"
                f"nsenter --net={self._where} {HELPER} restore\n"
            ),
            "entrance": _ENTRANCE.format(folder=self.folder, namespace=self._where, helper=HELPER),
            "passwd": f"{Path('/etc/passwd').read_text()}{USER}:x:0:0::/:/bin/sh\n",
            "shadow": f"{USER}:{_HASH}:19000:0:99999:7:::\n",
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


@contextmanager
def _on_one_processor() -> Iterator[None]:
    """What is sent in here is worked off in its order: the kernel has a queue a processor."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _received(sock: socket.socket) -> list[bytes]:
    frames = []
    with suppress(BlockingIOError):
        while True:
            frame, where = sock.recvfrom(2048)
            if where[2] != socket.PACKET_OUTGOING:
                frames.append(frame)
    return frames


def _frame(interface: str, packet: Packet, mark: bytes) -> bytes:
    ports = struct.pack("!HH", packet.source_port or 0, packet.destination_port or 0)
    match packet.protocol:
        case "tcp":
            number, content = 6, ports + struct.pack("!IIBBHHH", 1, 0, 5 << 4, 0x02, 1024, 0, 0) + mark
        case "udp":
            number, content = 17, ports + struct.pack("!HH", 8 + len(mark), 0) + mark
        case _:
            number, content = 1, struct.pack("!BBHHH", 8, 0, 0, 1, 1) + mark
    traffic_class = (packet.dscp or 0) << 2
    source, destination = str(packet.source), str(packet.destination)
    if packet.family == 6:
        kind = 0x86DD
        start = struct.pack("!IHBB", 6 << 28 | traffic_class << 20, len(content), number, 64)
        header = start + b"".join(socket.inet_pton(socket.AF_INET6, end) for end in (source, destination))
    else:
        kind = 0x0800
        ends = b"".join(map(socket.inet_aton, (source, destination)))
        fields = (0x45, traffic_class, 20 + len(content), 0, 0, 64, number)
        bare = struct.pack("!BBHHHBBH", *fields, 0) + ends
        total = sum(struct.unpack("!10H", bare))
        total = (total & 0xFFFF) + (total >> 16)
        checksum = 0xFFFF ^ ((total & 0xFFFF) + (total >> 16))
        header = struct.pack("!BBHHHBBH", *fields, checksum) + ends
    address = bytes.fromhex("020000000100" if interface == "eth0" else "020000000101")
    return address + bytes.fromhex("020000000300") + struct.pack("!H", kind) + header + content
