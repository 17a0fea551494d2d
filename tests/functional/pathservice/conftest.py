"""A service in a process of its own, reached as anybody would reach it."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep

COMMAND = (sys.executable, "-m", "pathservice")
PATIENCE = 60.0
"""Seconds after which a condition that never comes true fails its test; nothing is asserted about time."""


def wait_until(holds: Callable[[], Any], what: str) -> Any:
    """What `holds` returns as soon as it is true."""
    latest = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not (found := holds()):
        assert time.monotonic() < latest, f"waited for {what}"
        pause.wait(0.05)
    return found


def run(
    *arguments: str, state: Path | None = None, check: bool = True, timezone: str | None = None
) -> subprocess.CompletedProcess[str]:
    """A command of `pathservice`, run to its end."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PATHSERVICE_")}
    if state is not None:
        environment["PATHSERVICE_STATE"] = str(state)
    if timezone is not None:
        environment["TZ"] = timezone
    done = subprocess.run(
        (*COMMAND, *arguments), capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    if check:
        assert done.returncode == 0, done.stderr
    return done


@dataclass
class Serving:
    """A running `pathservice serve`."""

    state: Path
    port: int
    process: subprocess.Popen[bytes]
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
            with urllib.request.urlopen(f"{self.url}/health", context=context, timeout=10) as answer:
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts services; what still runs at the end is ended."""
    running: list[Serving] = []

    def start(state: Path | None = None, *options: str) -> Serving:
        state = state or tmp_path / "state"
        port = free_port()
        log = tmp_path / f"serve-{len(running)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                (*COMMAND, "serve", "--state", str(state), "--port", str(port), *options),
                stdout=out,
                stderr=out,
            )
        serving = Serving(state=state, port=port, process=process, log=log)
        running.append(serving)

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            return serving.health() is not None

        wait_until(answers, "/health")
        return serving

    yield start
    for serving in running:
        if serving.process.poll() is None:
            serving.stop(signal.SIGKILL)


class Cli:
    """Runs commands; what was started and still runs at the end is ended."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[bytes]] = []

    def __call__(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return run(*arguments, **options)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            (*COMMAND, *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.running.append(process)
        return process


@pytest.fixture
def cli() -> Iterator[Cli]:
    commands = Cli()
    yield commands
    for process in commands.running:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def wait() -> Callable[[Callable[[], Any], str], Any]:
    return wait_until
