"""The service in processes of its own beside a lab: who answers, and a worker that can be killed."""

import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from lab.lab import Lab
from lab.processes import wait_for
from lab.sites import EAST, WEST
from lambdastation.wire_types import NAMESPACE
from pathservice.demo.soap import SoapClient
from reservation import service
from reservation.lifecycle import FINAL, State
from store import Store, StoreUnavailable, open_store
from tests.functional.pathservice.conftest import begin, end, services

LOOKS_EVERY = 1
"""Seconds after which the worker looks at a router of which nothing is to change."""


class Station:
    """What a test does to the service, and sees of it."""

    def __init__(self, state: Path, url: str, client: SoapClient, store: Store) -> None:
        self._words = ("worker", "--state", str(state), "--database", url)
        self._folder = state.parent
        self._client = client
        self._store = store
        self._workers = 0
        self.start_worker()

    def start_worker(self) -> None:
        """Start it, again."""
        self._workers += 1
        self._log = self._folder / f"worker-{self._workers}.log"
        self._worker = begin(*self._words, log=self._log)

    def kill_worker(self) -> None:
        """With no chance to do anything more; what it had under way ends with it."""
        assert self._worker.poll() is None, self._log.read_text(encoding="utf-8")
        end(self._worker)
        assert self._worker.poll() == -signal.SIGKILL

    def open_ticket(self, ports: tuple[int, int], path: str) -> int:
        """For packets from one site's first host to the other's, both ways; its number."""
        wanted = {
            "srcClient": WEST.name,
            "srcIP": f"{WEST.address(4, 1)}/32",
            "dstSite": EAST.name,
            "dstIP": f"{EAST.address(4, 1)}/32",
            "dstPort": f"udp range {ports[0]}-{ports[1]}",
            "localPath": path,
            "outBW": "10M",
            "travelTime": "36000",
        }
        return int(self._client.call("openSvcTicket", {"svcTicket": wanted, "mode": "new"})["localTicketId"])

    def cancel(self, number: int) -> None:
        """As the user does it."""
        self._client.call("cancelTicket", {"ticketId": str(number)})

    def reaches(self, number: int, wanted: State) -> None:
        """Wait until the database says so of a ticket; it says so after anything else, and no other end."""

        def state() -> State | None:
            try:
                return self._store.read(lambda session: service.get(session, number)).state
            except StoreUnavailable:
                return None

        found = wait_for(f"ticket {number} to be {wanted}", lambda: {state()} & {wanted, *FINAL})
        assert found == {wanted}

    @property
    def misses_database(self) -> bool:
        """Whether the worker has logged that the database is away, and not that it is back."""
        return self._logged("database away") > self._logged("database back")

    def stop(self) -> None:
        """End the worker."""
        end(self._worker)

    def _logged(self, event: str) -> int:
        """How often the worker that runs has logged it."""
        whole = self._log.read_text(encoding="utf-8").rpartition("\n")[0] if self._log.exists() else ""
        return sum(json.loads(line)["event"] == event for line in whole.splitlines() if line[:1] == "{")


@contextmanager
def station(lab: Lab, folder: Path, pki: Path, url: str) -> Iterator[Station]:
    """The service for a lab; its routers are not told to save, so a reboot loses what it has put there."""
    site = yaml.safe_load(lab.site_file.read_text(encoding="utf-8"))
    for device in site["devices"]:
        device["save"] = False
    (folder / "site.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
    state = folder / "state"
    state.mkdir(mode=0o700)
    shutil.copytree(pki, state / "pki")
    (state / "settings.yaml").write_text(f"drift: {LOOKS_EVERY}\n", encoding="utf-8")
    options = ("--no-worker", "--site", str(folder / "site.yaml"), "--database", url)
    with services(folder, pki) as serve:
        port = serve(state, *options).port
        client = SoapClient("localhost", port, "/lambdastation", namespace=NAMESPACE, pki=pki)
        store = open_store(url)
        running = Station(state, url, client, store)
        try:
            yield running
        finally:
            running.stop()
            store.close()
