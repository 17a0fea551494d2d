"""`pathservice serve` and `ost2` as processes: how long they take, and how much memory the first has."""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.figure import Figure, Options
from lambdastation.ost2.command import LINGER_SECONDS

CALLS = 12
OST2_AIM = 0.3
MEMORY_AIM = 200 * 2**20
STOP_WITHIN = 5.0


def measure(_options: Options) -> Iterator[Figure]:
    """One service with the example site, its simulated router in it; tickets of ost2, then SIGTERM."""
    with tempfile.TemporaryDirectory() as scratch, _serving(Path(scratch)) as (process, told):
        pki = Path(scratch) / "state" / "pki"
        environment = {
            **os.environ,
            "LAMBDASTATION_URL": f"https://localhost:{told['port']}/lambdastation",
            "LAMBDASTATION_CA": str(pki / "ca.pem"),
            "LAMBDASTATION_CERT": str(pki / "user-cert.pem"),
            "LAMBDASTATION_KEY": str(pki / "user-key.pem"),
        }
        # In turn, so that what else the machine does hits both alike.
        turns = [(_call(environment), _call_nothing(environment)) for _ in range(CALLS)]
        ours, bare = (statistics.median(side) for side in zip(*turns, strict=True))
        memory = _resident(process.pid)
        began = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        stopped = time.perf_counter() - began
    yield Figure(
        "ost2, besides its linger",
        f"{ours - LINGER_SECONDS:.2f} s (median)",
        f"{OST2_AIM} s; {bare:.2f} s a Python that does nothing",
        (ours - LINGER_SECONDS) / OST2_AIM,
        aim=1,
    )
    yield Figure(
        "resident memory of serve",
        f"{memory / 2**20:.0f} MiB",
        f"{MEMORY_AIM / 2**20:.0f} MiB",
        memory / MEMORY_AIM,
        aim=1,
    )
    yield Figure(
        "SIGTERM to exit", f"{stopped:.2f} s", f"{STOP_WITHIN:.0f} s promised", stopped / STOP_WITHIN, aim=1
    )


@contextmanager
def _serving(scratch: Path) -> Iterator[tuple["subprocess.Popen[bytes]", dict[str, Any]]]:
    """A service of its own, and the line it wrote when it was ready."""
    log = scratch / "log"
    with log.open("wb") as out:
        command = (sys.executable, "-m", "pathservice", "serve", "--state", f"{scratch}/state", "--port", "0")
        process = subprocess.Popen(command, stderr=out)
    try:
        latest = time.monotonic() + 60
        while not (told := _ready_line(log)):
            if process.poll() is not None or time.monotonic() > latest:
                raise RuntimeError(log.read_text(encoding="utf-8"))
            threading.Event().wait(0.05)
        yield process, told
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _ready_line(log: Path) -> dict[str, Any]:
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if '"serving"' in line]
    return json.loads(lines[0]) if lines else {}


def _call(environment: dict[str, str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        (
            sys.executable,
            "-m",
            "lambdastation.ost2",
            "'--srcSite Caltech --dstSite Fermilab --travelTime 600 '",
        ),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.startswith("OK:"):
        raise RuntimeError(done.stdout)
    return time.perf_counter() - began


def _call_nothing(environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run((sys.executable, "-c", "pass"), env=environment, check=True)
    return time.perf_counter() - began


def _resident(pid: int) -> int:
    """Memory of a process that is in use, in bytes."""
    (line,) = [
        line
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        if line.startswith("VmRSS")
    ]
    return int(line.split()[1]) * 1024
