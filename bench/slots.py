"""From a slot's start to the first line on the router."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.figure import Figure, Options, quantile
from bench.site import example_service
from lambdastation.caller import Caller
from lambdastation.ticket import TicketRequest
from reservation.lifecycle import State

SLOTS = 25
AHEAD_AIM, AT_ONCE_AIM = 0.1, 0.35
"""Seconds; a slot that starts at once waits for the worker's glance besides."""


def measure(_options: Options) -> Iterator[Figure]:
    """Lags of slots booked ahead, and of those that start at once, counted from before the request."""
    for words, lead, aim in (
        ("booked ahead", timedelta(seconds=0.7), AHEAD_AIM),
        ("start now", timedelta(0), AT_ONCE_AIM),
    ):
        lags = _lags(lead=lead)
        worst = quantile(lags, 0.99)
        yield Figure(
            f"slot start to first line, {words}",
            f"p50 {quantile(lags, 0.5) * 1e3:.0f} ms, p99 {worst * 1e3:.0f} ms",
            f"{aim * 1e3:.0f} ms",
            worst / aim,
            aim=1,
        )


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
