"""A service in a process of its own, reached as anybody would reach it."""

import contextlib
import json
import shutil
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep

from pathservice.pki import init_pki
from tests.functional.pathservice.command_line import COMMAND, PATIENCE, own_environment, run
from tests.processes import Forked, fork_pathservice


def wait_until(holds: Callable[[], Any], what: str) -> Any:
    """What `holds` returns as soon as it is true."""
    latest = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not (found := holds()):
        assert time.monotonic() < latest, f"waited for {what}"
        pause.wait(0.05)
    return found


Process = Forked | subprocess.Popen[bytes]


@dataclass
class Serving:
    """A running `pathservice serve`."""

    state: Path
    port: int
    process: Process
    log: Path
    _clients: list[requests.Session] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def health(self) -> dict[str, Any] | None:
        """What /health says to somebody without a certificate; None while nobody answers."""
        ca = self.state / "pki" / "ca.pem"
        if not ca.exists():
            return None
        context = ssl.create_default_context(cafile=str(ca))
        try:
            with urllib.request.urlopen(f"{self.url}/health", context=context, timeout=PATIENCE) as answer:
                return dict(json.load(answer))
        except (urllib.error.URLError, ConnectionError, ssl.SSLError):
            return None

    def session(self) -> requests.Session:
        """A browser with the example user's certificate."""
        pki = self.state / "pki"
        session = requests.Session()
        # Else REQUESTS_CA_BUNDLE of whoever runs the tests goes before what is set here.
        session.trust_env = False
        session.verify = str(pki / "ca.pem")
        session.cert = (str(pki / "user-cert.pem"), str(pki / "user-key.pem"))
        self._clients.append(session)
        return session

    def client(self) -> Any:
        """zeep, given nothing but the WSDL."""
        transport = zeep.Transport(session=self.session(), timeout=30, operation_timeout=30)
        return zeep.Client(f"{self.url}/lambdastation?wsdl", transport=transport).service

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and wait for the end."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=PATIENCE)
        for session in self._clients:
            session.close()
        return status


Serve = Callable[..., Serving]


def port_of(log: Path) -> int | None:
    """The port that a service says it serves at: it was given none, so that no other can have it."""
    for line in log.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("}\n") and (told := json.loads(line))["event"] == "serving":
            return int(told["port"])
    return None


@contextlib.contextmanager
def services(folder: Path, pki: Path) -> Iterator[Serve]:
    """Starts services; what still runs at the end is ended."""
    running: list[Process] = []

    def start(state: Path | None = None, *options: str, apart: bool = False) -> Serving:
        state = state or folder / "state"
        if not apart and not state.exists():
            # Making keys takes as long as all the rest of a start.
            state.mkdir(mode=0o700)
            shutil.copytree(pki, state / "pki")
        log = folder / f"serve-{len(running)}.log"
        words = ("serve", "--state", str(state), "--port", "0", *options)
        running.append(begin(*words, log=log, apart=apart))

        def says() -> int | None:
            assert running[-1].poll() is None, log.read_text()
            return port_of(log) if log.exists() else None

        port = wait_until(says, "it to serve")
        serving = Serving(state=state, port=port, process=running[-1], log=log)
        wait_until(serving.health, "/health")
        return serving

    yield start
    for process in running:
        end(process)


def begin(*arguments: str, log: Path, apart: bool = False) -> Process:
    """A command that stays, in a process forked for it or started as a person does; it prints to a file."""
    if not apart:
        return fork_pathservice(*arguments, environment=own_environment(), out=log, err=log)
    with log.open("wb") as out:
        return subprocess.Popen((*COMMAND, *arguments), stdout=out, stderr=out, env=own_environment())


def end(process: Process) -> None:
    """Kill it, if it still runs."""
    if process.poll() is None:
        process.kill()
        process.wait(timeout=PATIENCE)


@pytest.fixture(scope="session")
def made_pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates and keys as a service would make them at its first start."""
    return init_pki(tmp_path_factory.mktemp("made") / "pki", host_names=[], now=datetime.now(UTC)).ca.parent


@pytest.fixture
def serve(tmp_path: Path, made_pki: Path) -> Iterator[Serve]:
    """Starts services for a test."""
    with services(tmp_path, made_pki) as start:
        yield start


@pytest.fixture(scope="module")
def serve_for_module(tmp_path_factory: pytest.TempPathFactory, made_pki: Path) -> Iterator[Serve]:
    """Starts services that tests of a module share, and leave as they found them."""
    with services(tmp_path_factory.mktemp("module"), made_pki) as start:
        yield start


class Cli:
    """Runs commands; what was started and still runs at the end is ended."""

    def __init__(self, folder: Path) -> None:
        self.running: list[Process] = []
        self._folder = folder

    def __call__(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return run(*arguments, **options)

    def start(self, *arguments: str) -> Process:
        log = self._folder / f"started-{len(self.running)}.log"
        self.running.append(begin(*arguments, log=log))
        return self.running[-1]


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    commands = Cli(tmp_path)
    yield commands
    for process in commands.running:
        end(process)


@pytest.fixture
def wait() -> Callable[[Callable[[], Any], str], Any]:
    return wait_until
