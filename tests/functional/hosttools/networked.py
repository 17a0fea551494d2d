"""A service on the network that this thread is on: a fork is on the network of who it is forked from."""

import ctypes
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.functional.pathservice.command_line import own_environment
from tests.functional.pathservice.conftest import Serving, port_of, wait_until
from tests.processes import Forked, _be_pathservice

_NEW_NETWORK = 0x40000000


@contextmanager
def service_here(folder: Path, pki: Path) -> Iterator[Serving]:
    """A service with the example site, until the block's end."""
    state, log = folder / "state", folder / "serve.log"
    state.mkdir(mode=0o700)
    shutil.copytree(pki, state / "pki")
    here = f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"
    words = ("serve", "--state", str(state), "--port", "0")
    process = Forked(_be_there, here, words, own_environment(), log)

    def says() -> int | None:
        assert process.poll() is None, log.read_text()
        return port_of(log) if log.exists() else None

    try:
        serving = Serving(state=state, port=wait_until(says, "it to serve"), process=process, log=log)
        wait_until(serving.health, "/health")
        yield serving
    finally:
        process.kill()
        process.wait(60)


def _be_there(network: str, words: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
    there = os.open(network, os.O_RDONLY)
    assert ctypes.CDLL(None).setns(there, _NEW_NETWORK) == 0
    os.close(there)
    _be_pathservice(words, environment, log, log)
