"""A worker in a process of its own, for a test that stops the process and lets it go on later."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from activation.clock import SystemClock
from activation.due import WorkerSettings
from activation.worker import Worker
from netconfig.driver import Ownership
from netconfig.drivers.cisco_ios import CiscoIos
from netconfig.inventory import Device
from reservation.identity import database_identity
from store import open_store


@dataclass(frozen=True)
class Post:
    """Where a worker works, and for how long it may say nothing."""

    database: str
    device: Device
    station: str
    owner: str
    lease: timedelta
    environment: Mapping[str, str]


def serve(post: Post) -> None:
    """Work until killed."""
    # The fork server may be older than the test and its variables.
    os.environ.update(post.environment)
    store = open_store(post.database)
    ownership = Ownership(post.station, store.write(database_identity))
    drivers = {post.device.name: partial(CiscoIos, post.device, ownership)}
    settings = WorkerSettings(owner=post.owner, poll=timedelta(milliseconds=50), lease=post.lease)
    Worker(store, drivers, settings, SystemClock()).start()
    threading.Event().wait()
