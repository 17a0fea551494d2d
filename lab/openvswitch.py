"""A real Open vSwitch: a database and a switch daemon of one's own, with the userspace datapath.

Both programs have their files and sockets in one private folder, and end with us. Ports of the
userspace datapath are devices of the kernel, the bridge's own one too: it is a tap named as the bridge. So
names of bridges are made unique, or the daemon has a network namespace of its own; it then reaches
controllers of that namespace alone. Needs root; but for one whose ports are made up, as Open
vSwitch's own tests have them: that has no device of the kernel, and frames are only traced.
"""

import contextlib
import itertools
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.processes import (
    ENDS_WITH_US,
    PATIENCE,
    CommandRefused,
    LabError,
    MissingProgram,
    require_programs,
    search_path,
)

SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
PROGRAMS = {
    **dict.fromkeys(("ovsdb-server", "ovsdb-tool", "ovs-vswitchd"), "openvswitch-switch"),
    **dict.fromkeys(("ovs-vsctl", "ovs-ofctl", "ovs-appctl"), "openvswitch-switch"),
    "ip": "iproute2",
    "setpriv": "util-linux",
}
"""What it takes, and the Debian package of each."""

_numbers = itertools.count(1)


class OpenVSwitch:
    """One Open vSwitch; a context manager that leaves nothing behind.

    Attributes:
        folder: where its sockets and logs are: `db.sock`, `BRIDGE.mgmt`, `vswitchd.ctl`, `*.log`.
    """

    def __init__(self, *, namespace: str | None = None, made_up: bool = False) -> None:
        """Make the database, start both programs.

        Args:
            namespace: network namespace for the switch daemon; None is the one that we are in.
            made_up: ports are no devices of the kernel.

        Raises:
            MissingProgram: one is missing, or this is not root.
        """
        require_openvswitch(root=not made_up)
        # Short: the name of a socket has room for 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="ovs-"))
        self._namespace = namespace
        self._options = ("--enable-dummy=override",) if made_up else ()
        self._database: subprocess.Popen[bytes] | None = None
        self._switch: subprocess.Popen[bytes] | None = None
        try:
            self._start_database()
            self.start_switch()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def processes(self) -> list[int]:
        """The two programs, as far as they run."""
        return [one.pid for one in (self._database, self._switch) if one is not None]

    def vsctl(self, *words: str) -> str:
        """`ovs-vsctl` on our database; returns when the switch has done it (at once after `--no-wait`)."""
        return self._run("ovs-vsctl", f"--db=unix:{self.folder}/db.sock", f"--timeout={PATIENCE:.0f}", *words)

    def ofctl(self, *words: str, protocol: str = "OpenFlow13") -> str:
        """`ovs-ofctl`; a bridge goes by its name."""
        return self._run("ovs-ofctl", "-O", protocol, *words)

    def appctl(self, *words: str) -> str:
        """`ovs-appctl` on the switch daemon."""
        return self._run("ovs-appctl", "--target", str(self.folder / "vswitchd.ctl"), *words)

    def add_bridge(
        self, name: str, *, dpid: int | None = None, protocols: str = "OpenFlow13", secure: bool = True
    ) -> None:
        """A bridge of the userspace datapath; forwards nothing by itself if `secure`, else as any switch."""
        mode = "secure" if secure else "standalone"
        settings = ["datapath_type=netdev", f"fail_mode={mode}", f"protocols={protocols}"]
        if dpid is not None:
            settings.append(f"other-config:datapath-id={dpid:016x}")
        self.vsctl("add-br", name, "--", "set", "bridge", name, *settings)

    def add_patch(self, bridge: str, port: str, peer: str, *, number: int) -> None:
        """A patch port with that OpenFlow number; two that name each other are a cable."""
        self.vsctl(
            *("add-port", bridge, port, "--", "set", "interface", port),
            *("type=patch", f"options:peer={peer}", f"ofport_request={number}"),
        )

    def add_device(self, bridge: str, device: str, *, number: int) -> None:
        """A device of the switch's network namespace (`ethtool -K DEVICE tx off` first) as a port."""
        self.vsctl("add-port", bridge, device, "--", "set", "interface", device, f"ofport_request={number}")

    def management(self, bridge: str) -> str:
        """Where a bridge can be dialled without being configured for it: `unix:PATH`."""
        return f"unix:{self.folder / bridge}.mgmt"

    def start_switch(self) -> None:
        """Start the switch daemon; return when it has made the database's bridges, empty of flows."""
        control = self.folder / "vswitchd.ctl"
        control.unlink(missing_ok=True)
        inside = ("ip", "netns", "exec", self._namespace) if self._namespace else ()
        self._switch = self._start(
            "ovs-vswitchd",
            *inside,
            *("ovs-vswitchd", *self._options, f"unix:{self.folder}/db.sock", f"--unixctl={control}"),
        )
        self._wait_until(lambda: self._switch, control.exists)
        # A change of whatever kind, to wait for it and for all that stood there before.
        self.vsctl("set", "open_vswitch", ".", f"external-ids:started={next(_numbers)}")

    def stop_switch(self, *, crash: bool = False) -> None:
        """End the switch daemon, or kill it; the database stays."""
        if self._switch is not None:
            _end(self._switch, crash=crash)
            self._switch = None

    @contextlib.contextmanager
    def down(self, *, crash: bool = False) -> Iterator[None]:
        """Without the switch daemon for the block."""
        self.stop_switch(crash=crash)
        try:
            yield
        finally:
            self.start_switch()

    def close(self) -> None:
        """End both programs and leave nothing."""
        bridges = self._bridges()
        self.stop_switch()
        # Else they stay: a bridge's device is made to outlive the daemon.
        where = ("-n", self._namespace) if self._namespace else ()
        for bridge in bridges:
            with contextlib.suppress(CommandRefused):
                self._run("ip", *where, "link", "delete", bridge)
        if self._database is not None:
            _end(self._database)
            self._database = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _bridges(self) -> list[str]:
        """Those that have a device of the kernel."""
        if self._database is None or self._options:
            return []
        with contextlib.suppress(CommandRefused, subprocess.TimeoutExpired):
            return self.vsctl("--no-wait", "list-br").split()
        return []

    def _start_database(self) -> None:
        file, socket = self.folder / "conf.db", self.folder / "db.sock"
        self._run("ovsdb-tool", "create", str(file), str(SCHEMA))
        self._database = self._start(
            "ovsdb-server",
            *("ovsdb-server", str(file), f"--remote=punix:{socket}", f"--unixctl={self.folder}/ovsdb.ctl"),
        )
        self._wait_until(lambda: self._database, socket.exists)
        self.vsctl("--no-wait", "init")

    def _start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [*ENDS_WITH_US, *command],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment(),
                start_new_session=True,
            )

    def _wait_until(
        self, process: Callable[[], subprocess.Popen[bytes] | None], fact: Callable[[], bool]
    ) -> None:
        latest = time.monotonic() + PATIENCE
        while not fact():
            running = process()
            if time.monotonic() > latest or running is None or running.poll() is not None:
                logs = (path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))
                raise LabError("Open vSwitch does not start:\n" + "\n".join(logs))
            threading.Event().wait(0.01)

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=self._environment(),
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode:
            raise CommandRefused(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        where = {
            name: str(self.folder) for name in ("OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR", "OVS_SYSCONFDIR")
        }
        return {"PATH": search_path(), "LC_ALL": "C.UTF-8", **where}


def require_openvswitch(*, root: bool = True) -> None:
    """Say what is missing to run a switch of one's own, as `root` or not.

    Raises:
        MissingProgram: something is.
    """
    require_programs(PROGRAMS, root=root)
    if not SCHEMA.exists():
        raise MissingProgram(f"{SCHEMA} is not there (Debian: apt-get install openvswitch-switch)")


def _end(process: subprocess.Popen[bytes], *, crash: bool = False) -> None:
    if crash:
        process.kill()
    else:
        process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE)
        raise
