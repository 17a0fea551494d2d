"""From the start of an island's slot to its gateway having all of it, and from the end to having none of it.

The gateways are real agents in a process of their own, spoken to over TLS as in a facility; what they carry
they only remember, and with it when. The original looked once an hour what was to start or to end, and
then did the first of it.
"""

import json
import multiprocessing
import queue
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography import x509

from activation.clock import SystemClock
from activation.devices import register_devices, view_devices
from activation.worker import Worker, WorkerSettings
from bench.databases import fresh_stores
from bench.figure import Figure, Options, quantile
from netconfig.driver import Ownership
from netconfig.gateway import ControllerProxy
from netconfig.inventory import Device, TlsFiles
from netconfig.registry import driver_class
from netconfig.slicestate import Item
from ofgw.backend import Found, Memory
from ofgw.calls import Calls
from ofgw.keeper import Keeper
from ofgw.loop import Loop
from ofgw.server import AgentServer, Credentials
from ofgw.statefile import StateFile
from ofgw.topology.view import FixedTopology
from pathservice.logs import configure_logs
from pathservice.pki import Pki, init_pki
from reservation.identity import database_identity
from reservation.model import TimeSlot
from store import Store
from tbam.aggregate import AggregateManager, Island
from tbam.islands import ensure_islands
from tbam.manager import IslandManager
from tbam.values import IslandRequest, Owner, Project, Vlan

ISLANDS, SLOTS = 20, 50
LENGTH = GAP = timedelta(seconds=1)
BOOKED_WITHIN = timedelta(seconds=30)
AIM = 1.0
"""Seconds."""
ORIGINAL = 3600.0
PATIENCE = 60.0
LOOPBACK = "127.0.0.1"
_OWNER = Owner("urn:publicid:IDN+example.net+user+bench", "CN=bench")


@dataclass(frozen=True, slots=True)
class Moments:
    """When a gateway had all of a reservation, and when it had nothing of it any more; seconds since 1970."""

    on: Mapping[int, float]
    off: Mapping[int, float]


def measure(_options: Options) -> Iterator[Figure]:
    """All islands start together, and end together; then each a moment after the one before."""
    configure_logs("error")
    for words, apart in (("all at once", timedelta()), ("one after the other", (LENGTH + GAP) / ISLANDS)):
        started, ended = _lags(apart)
        for what, lags in (("start", started), ("end", ended)):
            worst = quantile(lags, 0.99)
            yield Figure(
                f"slot {what} to the gateway, {ISLANDS} islands x {SLOTS} slots, {words}",
                f"p50 {quantile(lags, 0.5) * 1e3:.0f} ms, p99 {worst * 1e3:.0f} ms",
                f"{AIM:.0f} s; the original up to {ORIGINAL:.0f} s",
                worst / AIM,
                aim=1,
            )
