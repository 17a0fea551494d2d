"""Agents of the tests' own: certificates for both sides, settings, and a manager that calls."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from netconfig.inventory import Device, TlsFiles
from netconfig.transport.xmlrpc import Patience, XmlRpcSession
from pathservice.pki import DEMO_USER_SUBJECT, Pki, init_pki, issue_client
from tests.functional.ofgw.controllers import free_endpoint
from tests.functional.ofgw.openvswitch import ENDS_WITH_US

LOOPBACK = "127.0.0.1"
PATIENCE = 60.0
ACCESS = "+ : root : LOCAL\n- : ALL : ALL\n"
ROOT = Path(__file__).parents[3]
_starts = itertools.count(1)


@dataclass(frozen=True)
class Certificates:
    """Of one authority: the agent's, a manager's on the list, and somebody's who is not."""

    pki: Pki
    stranger: TlsFiles

    @classmethod
    def make(cls, folder: Path) -> "Certificates":
        pki = init_pki(folder, host_names=(), now=datetime.now(UTC))
        other = issue_client(folder, "CN=Somebody,O=Path Service", name="somebody", now=datetime.now(UTC))
        return cls(pki, TlsFiles(ca=pki.ca, cert=other.cert, key=other.key))

    @property
    def manager(self) -> TlsFiles:
        return TlsFiles(ca=self.pki.ca, cert=self.pki.user_cert, key=self.pki.user_key)

    def settings(self, folder: Path, **more: object) -> dict[str, object]:
        """Of an agent on the loopback with files below the folder."""
        (folder / "access.conf").write_text(ACCESS, encoding="utf-8")
        return {
            "state": str(folder / "state"),
            "address": LOOPBACK,
            "port": 0,
            "ca": str(self.pki.ca),
            "cert": str(self.pki.server_cert),
            "key": str(self.pki.server_key),
            "managers": [DEMO_USER_SUBJECT],
            "switches": [str(free_endpoint())],
            "access": str(folder / "access.conf"),
            "look_every": 0.2,
            "controllers": {"allow": ["127.0.0.0/8", "192.0.2.0/24"]},
            **more,
        }


def manager(port: int, tls: TlsFiles, *, host: str = LOOPBACK) -> XmlRpcSession:
    """Calls an agent."""
    device = Device(name="gw-1", platform="ofgw_agent", host=host, port=port, tls=tls)
    return XmlRpcSession(device, Patience(PATIENCE, PATIENCE))


def a_slice(reservation: int = 42, **more: object) -> dict[str, object]:
    """All of an order."""
    told = {"reservation": reservation, "group": "1_demo", "controller": "192.0.2.1:6633", **more}
    return {"station": "FNAL", "database": "db", "slice": told}


NOTHING: dict[str, object] = {"station": "FNAL", "database": "db", "slice": {}}


class AgentProcess:
    """`tbam-agent` as a process, answering."""

    def __init__(self, folder: Path, settings: dict[str, object]) -> None:
        file = folder / "tbam-agent.yaml"
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        self._log = folder / f"agent-{next(_starts)}.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*ENDS_WITH_US, sys.executable, "-m", "ofgw", "--settings", str(file)],
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        self.port = int(wait_for(lambda: self._told("serving", "port"), self.log))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> float:
        """End it; how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        return time.monotonic() - began

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def _told(self, event: str, key: str) -> Any:
        if self.process.poll() is not None:
            raise AssertionError(self.log())
        # The last one may be half written.
        whole = self.log().rpartition("\n")[0].splitlines()
        lines = [json.loads(line) for line in whole if line.startswith("{")]
        return next((line[key] for line in lines if line["event"] == event), None)


def wait_for(fact: Callable[[], Any], words: Callable[[], str] = str) -> Any:
    """What is true at last."""
    latest = time.monotonic() + PATIENCE
    while not (found := fact()):
        assert time.monotonic() < latest, words()
        threading.Event().wait(0.02)
    return found
