"""Simulated routers in a process of their own, as real ones would be: `python -m bench.routers`.

They share one process and its loop; each has its own configuration and port.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from netconfig.inventory import Device
from netconfig.simulator import IosRouter
from netconfig.simulator.running import LOOPBACK
from netconfig.simulator.ssh import Account, SshServer, host_key, known_hosts_line
from pathservice.settings import EXAMPLE_SITE

CONFIGURATION = EXAMPLE_SITE.parent / "fermilab-border-1.txt"
USERNAME, PASSWORD = "bench", "simulated"


@contextmanager
def routers(number: int) -> Iterator[dict[str, Device]]:
    """So many routers with the example's configuration, by name, until the block ends."""
    with TemporaryDirectory() as scratch:
        password = Path(scratch) / "password"
        password.touch(mode=0o600)
        password.write_text(PASSWORD, encoding="utf-8")
        command = [sys.executable, "-m", "bench.routers", str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            found = json.loads(process.stdout.readline())
            try:
                yield {
                    name: Device(
                        name=name,
                        platform="cisco_ios",
                        host=LOOPBACK,
                        port=port,
                        username=USERNAME,
                        password=f"file:{password}",
                        host_key=found["host_key"],
                    )
                    for name, port in found["ports"].items()
                }
            finally:
                process.terminate()


def _now() -> datetime:
    return datetime.now(UTC)


async def _run(number: int) -> None:
    key = host_key(None)
    ports = {}
    for count in range(1, number + 1):
        name = f"border-{count}"
        router = IosRouter(CONFIGURATION.read_text(encoding="utf-8"), hostname=name, clock=_now)
        ports[name] = await SshServer(router, Account(USERNAME, PASSWORD, None), key).start(LOOPBACK, 0)
    key_line = known_hosts_line(LOOPBACK, 0, key).split(maxsplit=1)[1].strip()
    sys.stdout.write(json.dumps({"ports": ports, "host_key": key_line}) + "\n")
    sys.stdout.flush()
    # Until whoever started it is gone.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.routers", description=__doc__)
    parser.add_argument("number", type=int, help="how many")
    asyncio.run(_run(parser.parse_args().number))
