"""A service, iperf3's server and a user's host, all in one network of their own.

Both ends' addresses are on its loopback; what a router would do with the packets is the lab's business.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from typing import Any

import pytest

from lab.network import PrivateNetwork
from lab.processes import ENDS_WITH_US, run, search_path
from lambdastation.client import Client, TicketRequest
from tests.functional.hosttools.networked import service_here
from tests.functional.pathservice.conftest import Serving, made_pki, wait_until

__all__ = ["made_pki"]

ROOT = Path(__file__).parents[3]
OURS, THEIRS = "131.225.204.10", "192.84.86.70"


def asked_to(far: str) -> TicketRequest:
    """What a transfer from our host to that address asks for, made by somebody beforehand."""
    return TicketRequest(
        src_client="CMS-SRM",
        src_ip=f"{OURS}/32",
        dst_site="Caltech",
        dst_client="Tier2-SRM",
        dst_ip=f"{far}/32",
        dst_port="tcp eq 5201",
        local_path="red",
        travel_seconds=600,
    )


PATIENCE = 60.0
NOTHING_IGNORED = ("env", "--default-signal=HUP,INT,TERM")
"""Who runs the tests in the background may have these ignored, and with them all that is started."""


@dataclass
class Command:
    """A command of ours that runs; what it prints goes to files."""

    folder: Path
    words: tuple[str, ...]
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self, environment: dict[str, str]) -> "Command":
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            self.process = subprocess.Popen(self.words, stdout=out, stderr=err, env=environment)
        return self

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text(encoding="utf-8")

    def wait_for(self, words: str) -> None:
        """Wait until it says so, on standard error."""

        def said() -> bool:
            assert self.process.poll() is None, self.err
            return words in self.err

        wait_until(said, words)

    def end(self) -> int:
        """Wait for its end."""
        status = self.process.wait(PATIENCE)
        assert "Traceback" not in self.err, self.err
        return status

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


@dataclass
class Host:
    """A user's host."""

    environment: dict[str, str]
    folder: Path
    started: list[Command] = field(default_factory=list)

    def start(self, module: str, *words: str, before: tuple[str, ...] = ()) -> Command:
        """Start one of the commands."""
        return self._start(*before, sys.executable, "-m", f"hosttools.{module}", *words)

    def run(self, module: str, *words: str, before: tuple[str, ...] = ()) -> tuple[int, Command]:
        """Run it to its end."""
        command = self.start(module, *words, before=before)
        return command.end(), command

    def start_iperf3(self, *words: str, before: tuple[str, ...] = ()) -> Command:
        """iperf3 that somebody else starts."""
        return self._start(*before, "iperf3", *words)

    def _start(self, *words: str) -> Command:
        folder = self.folder / f"command-{len(self.started)}"
        folder.mkdir()
        self.started.append(Command(folder, (*NOTHING_IGNORED, *words)).start(self.environment))
        return self.started[-1]

    def client(self) -> Client:
        """The station, as the commands see it."""
        return Client.from_environment(self.environment)

    def close(self) -> None:
        """End what was started."""
        for command in self.started:
            if command.process.poll() is None:
                command.process.kill()
            command.process.wait(PATIENCE)


@pytest.fixture(scope="module")
def network() -> Iterator[PrivateNetwork]:
    # On the network that it is started from are all that are forked from it, other tests' too.
    ensure_running()
    with PrivateNetwork() as network:
        for address in (OURS, THEIRS):
            run("ip", "address", "add", f"{address}/32", "dev", "lo")
        yield network


@pytest.fixture(scope="module")
def serving(
    network: PrivateNetwork,
    tmp_path_factory: pytest.TempPathFactory,
    made_pki: Path,
) -> Iterator[Serving]:
    with service_here(tmp_path_factory.mktemp("station"), made_pki) as serving:
        yield serving


@pytest.fixture(scope="module")
def iperf3_server(network: PrivateNetwork) -> Iterator[None]:
    command = (*ENDS_WITH_US, "iperf3", "-s", "-B", THEIRS)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        wait_until(lambda: run("ss", "-Htln", "sport", "=", ":5201"), "iperf3 to listen")
        yield
        server.terminate()


@pytest.fixture
def host(serving: Serving, iperf3_server: None, tmp_path: Path) -> Iterator[Host]:
    pki = serving.state / "pki"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LAMBDASTATION_")}
    environment = {
        **clean,
        "PATH": search_path(),
        "PYTHONPATH": str(ROOT),
        "LAMBDASTATION_URL": f"{serving.url}/lambdastation",
        "LAMBDASTATION_CA": str(pki / "ca.pem"),
        "LAMBDASTATION_CERT": str(pki / "user-cert.pem"),
        "LAMBDASTATION_KEY": str(pki / "user-key.pem"),
    }
    host = Host(environment, tmp_path)
    yield host
    host.close()


@pytest.fixture
def wait() -> Callable[[Callable[[], Any], str], Any]:
    return wait_until
