"""A process whose device is silent and whose driver cannot be told to stop: it must end all the same."""

import logging
import sys
import threading
from datetime import timedelta

from netconfig.driver import Config
from store import open_store
from tests.functional.activation.conftest import WorkingHouse
from tests.unit.activation.conftest import FAR, PATIENCE, BoxDriver


class HungDriver(BoxDriver):
    """Waits for ever, in reading and in closing."""

    def read(self) -> Config:
        self.box.entered.release()
        threading.Event().wait()
        raise AssertionError("nobody ever sets it")

    def close(self) -> None:
        threading.Event().wait()


def main(url: str) -> None:
    """Start a worker, let it hang, stop it; that no thread is left to wait for is Python's to find out."""
    # As `configure_logs` has it: that a tick waited for the last is the design, not a fault.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    store = open_store(url)
    house = WorkingHouse(store, FAR)
    worker = house.worker(drivers={FAR: lambda: HungDriver(house.far, house.ownership)})
    worker.start()
    if not house.far.entered.acquire(timeout=PATIENCE):
        raise AssertionError("the device was never read")
    worker.stop(patience=timedelta(0))
    store.close()
    print("stopped", flush=True)  # noqa: T201 - to the test that waits for it


if __name__ == "__main__":
    main(sys.argv[1])
