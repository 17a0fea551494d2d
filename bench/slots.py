"""From a slot's start to the first line on the router, and from SIGTERM to the end of the process."""

import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from activation.worker import WorkerSettings
from bench.figure import Figure, quantile
from bench.site import example_service
from lambdastation.caller import Caller
from lambdastation.ticket import TicketRequest
from reservation.lifecycle import State

SLOTS = 12
STOP_WITHIN = 5.0


def measure() -> Iterator[Figure]:
    """Lags against the worker's poll, and the stop against what is promised."""
    poll = WorkerSettings(owner="bench").poll.total_seconds()
    ahead, at_once = _lags(lead=timedelta(seconds=0.7)), _lags(lead=timedelta(0))
    for words, lags in (("booked ahead", ahead), ("start now", at_once)):
        worst = quantile(lags, 0.99)
        yield Figure(
            f"slot start to first line, {words}",
            f"p50 {quantile(lags, 0.5) * 1e3:.0f} ms, p99 {worst * 1e3:.0f} ms",
            f"{poll * 1e3:.0f} ms poll",
            worst / poll,
        )
    took = _stop()
    yield Figure("SIGTERM to exit", f"{took:.2f} s", f"{STOP_WITHIN:.0f} s promised", took / STOP_WITHIN)


def _lags(*, lead: timedelta) -> list[float]:
    lags: list[float] = []
    with example_service(worker=True) as assembly:
        router = assembly.routers["fermilab-border-1"]
        first_line = threading.Event()
        router.before_line = lambda *_: first_line.set()
        caller = Caller(subject="bench", issuer="bench", local=True)
        for number in range(SLOTS):
            first_line.clear()
            start = datetime.now(UTC) + lead
            request = TicketRequest(
                src_client="CMS-SRM",
                dst_site="Caltech",
                dst_port=f"tcp eq {5000 + number}",
                board_at=start,
                travel_seconds=3600,
            )
            began = time.perf_counter() + lead.total_seconds()
            ticket = assembly.tickets.open_ticket(request, caller=caller)
            if not first_line.wait(30):
                raise RuntimeError("no line reached the router within 30 s")
            lags.append(time.perf_counter() - began)
            while assembly.tickets.get_ticket(ticket.ticket_id, caller=caller).state is not State.ACTIVE:
                threading.Event().wait(0.05)
    return lags


def _stop() -> float:
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        with log.open("wb") as out:
            command = (
                sys.executable,
                "-m",
                "pathservice",
                "serve",
                "--state",
                f"{scratch}/state",
                "--port",
                "0",
            )
            process = subprocess.Popen(command, stderr=out)
        latest = time.monotonic() + 60
        while b'"serving"' not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > latest:
                raise RuntimeError(log.read_text())
            threading.Event().wait(0.05)
        began = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        return time.perf_counter() - began
