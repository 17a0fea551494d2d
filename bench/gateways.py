"""Agents of OpenFlow gateways in a process of their own: `python -m bench.gateways NUMBER FOLDER`.

They are reached over TLS as real ones; what they carry they only remember, and with it when. They share one
process; each has its own keeper, file and port.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509

from netconfig.inventory import Device, TlsFiles
from netconfig.slicestate import Item
from ofgw.backend import Found, Memory
from ofgw.calls import Calls
from ofgw.credentials import Credentials
from ofgw.keeper import Keeper
from ofgw.logs import configure_logs
from ofgw.loop import Loop
from ofgw.server import AgentServer
from ofgw.statefile import StateFile
from ofgw.topology.view import FixedTopology
from pathservice.pki import init_pki

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Moments:
    """When a gateway had all of each reservation, and nothing of it any more: seconds since 1970."""

    on: dict[int, float]
    off: dict[int, float]


class Gateways:
    """So many that run; `devices` is how they are reached, by name."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        """Wait until they answer."""
        self._process = process
        ports = json.loads(self._line())
        tls = TlsFiles(ca=folder / "ca.pem", cert=folder / "user-cert.pem", key=folder / "user-key.pem")
        self.devices = {
            name: Device(name=name, platform="ofgw_agent", host=LOOPBACK, port=port, tls=tls)
            for name, port in ports.items()
        }

    def moments(self) -> Moments:
        """What they have seen so far."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        told = json.loads(self._line())
        return Moments(*({int(key): at for key, at in told[word].items()} for word in ("on", "off")))

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        return self._process.stdout.readline()


@contextmanager
def gateways(number: int) -> Iterator[Gateways]:
    """So many agents, until the block ends."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        init_pki(folder, host_names=(), now=datetime.now(UTC))
        command = [sys.executable, "-m", "bench.gateways", str(number), scratch]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
            try:
                yield Gateways(process, folder)
            finally:
                process.terminate()


class Watched(Memory):
    """Notes when something was brought, and when taken off."""

    def __init__(self, item: Item, moments: Moments) -> None:
        super().__init__(item)
        self._moments = moments

    def carry(self, wanted: Found) -> None:
        super().carry(wanted)
        # The last thing that is brought has the last word.
        self._moments.on[wanted.reservation] = time.time()

    def clear(self) -> None:
        if self.found is not None:
            self._moments.off[self.found.reservation] = time.time()
        super().clear()


def _run(number: int, folder: Path) -> None:
    configure_logs("error")
    moments = Moments({}, {})
    user = x509.load_pem_x509_certificate((folder / "user-cert.pem").read_bytes()).subject
    credentials = Credentials(
        folder / "ca.pem", folder / "server-cert.pem", folder / "server-key.pem", frozenset({user})
    )
    with ExitStack() as opening:
        ports = {}
        for name in (f"gateway-{count:02}" for count in range(number)):
            keeper = Keeper(
                [Watched(item, moments) for item in Item],
                StateFile(folder / f"{name}.json"),
                clock=lambda: datetime.now(UTC),
                look_every=timedelta(seconds=5),
            )
            calls = Calls(keeper, FixedTopology.of_original())
            server = AgentServer((LOOPBACK, 0), credentials, calls.call)
            opening.callback(server.server_close)
            opening.enter_context(Loop(keeper))
            opening.enter_context(server)
            ports[name] = server.port
        print(json.dumps(ports), flush=True)  # noqa: T201
        for _asked in sys.stdin:
            told = {"on": dict(moments.on), "off": dict(moments.off)}
            print(json.dumps(told), flush=True)  # noqa: T201


if __name__ == "__main__":
    _run(int(sys.argv[1]), Path(sys.argv[2]))
