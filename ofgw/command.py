"""`tbam-agent`: the gateway's daemon."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from netconfig.signals import Signals
from ofgw.agent import Agent
from ofgw.errors import BadSettings
from ofgw.logs import configure_logs
from ofgw.settings import Settings, load_settings

log: structlog.stdlib.BoundLogger = structlog.get_logger("tbam-agent")

DEFAULT_FILE = Path("/etc/tbam-agent.yaml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; at SIGHUP certificates are taken from their files anew. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="tbam-agent", description="The agent of an OpenFlow gateway.")
    parser.add_argument("--settings", type=Path, help=f"settings file [{DEFAULT_FILE}, if it is there]")
    parser.add_argument("--check", action="store_true", help="only say whether the settings make sense")
    given = parser.parse_args(arguments)
    file = given.settings or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    try:
        settings = load_settings(file, environment=os.environ)
        if given.check:
            sys.stdout.write("the settings make sense\n")
            return 0
        configure_logs(settings.log_level)
        _stay(settings)
    except BadSettings as error:
        sys.stderr.write(f"tbam-agent: {error}\n")
        return 2
    return 0


def _stay(settings: Settings) -> None:
    with Signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        with Agent(settings, clock=lambda: datetime.now(UTC)) as agent:
            log.info("serving", address=settings.address, port=agent.server.port)
            while signals.next() == signal.SIGHUP:
                _reload(agent)
            log.info("stopping")
        log.info("stopped")


def _reload(agent: Agent) -> None:
    try:
        agent.server.reload()
        log.info("certificates-reloaded")
    except BadSettings as error:
        log.warning("certificates-not-reloaded", error=str(error))
