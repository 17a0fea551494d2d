"""`python -m netconfig.simulator`: a router as a process of its own.

Killed with SIGKILL and started again with the same `--nvram`, it boots as a router does after a power cut.
SIGTERM and SIGINT stop it in order. When it listens, one line of JSON is printed and written to
`--ready-file`: {"host": ..., "port": ..., "host_key": the line for known_hosts}.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from netconfig.simulator.control import ControlServer
from netconfig.simulator.ftos_router import FtosRouter
from netconfig.simulator.nxos_router import NxosRouter
from netconfig.simulator.router import IosRouter
from netconfig.simulator.running import LOOPBACK
from netconfig.simulator.ssh import Account, SshServer, TerminalRouter, host_key, known_hosts_line

PLATFORMS = ("cisco_ios", "cisco_nxos", "dell_force10")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a simulator until it is told to stop."""
    options = _options(arguments)
    try:
        asyncio.run(_run(options))
    except (OSError, ValueError) as error:
        # A file that is not there, a port that is taken, a configuration that is no text.
        sys.exit(f"python -m netconfig.simulator: {error}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m netconfig.simulator", description="A simulated router.")
    parser.add_argument("--config", type=Path, required=True, help="what the router comes with")
    parser.add_argument("--platform", choices=PLATFORMS, default=PLATFORMS[0])
    parser.add_argument("--nvram", type=Path, help="file that keeps the startup configuration")
    parser.add_argument("--port", type=int, default=0, help="SSH port on the loopback address; 0: a free one")
    parser.add_argument("--username", required=True)
    parser.add_argument("--password-file", type=Path, required=True, help="first line: the password")
    parser.add_argument("--authorized-keys", type=Path, help="public keys that may log in too")
    parser.add_argument("--host-key", type=Path, help="the server's key, made if there is none")
    parser.add_argument("--control", type=Path, help="Unix socket for SimulatorControl")
    parser.add_argument("--ready-file", type=Path, help="written when the router listens")
    parser.add_argument("--hostname", default="border-1", help="if the configuration gives none")
    parser.add_argument("--classic", action="store_true", help="no sequence numbers in IPv4 access lists")
    return parser.parse_args(arguments)


async def _run(options: argparse.Namespace) -> None:
    router = _router(options, options.config.read_text(encoding="utf-8"), lambda: datetime.now(UTC))
    password, *_ = options.password_file.read_text(encoding="utf-8").splitlines() or [""]
    if not password:
        raise ValueError(f"{options.password_file}: its first line holds no password")
    key = host_key(options.host_key)
    server = SshServer(router, Account(options.username, password, options.authorized_keys), key)
    control = ControlServer(router)
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    port = await server.start(LOOPBACK, options.port)
    if options.control:
        await control.start(options.control)
    _announce(options.ready_file, LOOPBACK, port, known_hosts_line(LOOPBACK, port, key))
    await told_to_stop.wait()
    await control.stop()
    await server.stop()


def _router(options: argparse.Namespace, config: str, clock: Callable[[], datetime]) -> TerminalRouter:
    if options.platform == "dell_force10":
        return FtosRouter(config, hostname=options.hostname, nvram=options.nvram, clock=clock)
    if options.platform == "cisco_nxos":
        return NxosRouter(config, hostname=options.hostname, nvram=options.nvram, clock=clock)
    return IosRouter(
        config,
        hostname=options.hostname,
        nvram=options.nvram,
        show_sequence_numbers=not options.classic,
        clock=clock,
    )


def _announce(ready_file: Path | None, host: str, port: int, key_line: str) -> None:
    line = json.dumps({"host": host, "port": port, "host_key": key_line}) + "\n"
    if ready_file:
        # Whole or not at all: somebody waits for it to appear.
        temporary = ready_file.with_name(f".{ready_file.name}.new")
        temporary.write_text(line, encoding="utf-8")
        temporary.replace(ready_file)
    sys.stdout.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
