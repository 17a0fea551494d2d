"""The slides' figure, by `lsiperf` as its users run it: on a host of the lab, with a ticket of its own."""

import os
import sys
from pathlib import Path

from lab.lab import Lab
from lab.processes import Service, run, wait_for
from lab.relay import Relay
from lab.sites import ALTERNATES, EAST, WEST
from pathservice.demo.lab.station import Station
from pathservice.demo.lab.transfer import LISTENING, RECEIVE

_PORT = 5003
_SECONDS = {"transfer": 14, "after": 4, "ticket": 6}


def draw(lab: Lab, station: Station, file: Path, folder: Path) -> str:
    """Write the figure to a file; what lsiperf says of the transfer, phase by phase.

    Raises:
        CommandRefused: it failed; in its own words.
    """
    host, there = lab.host(WEST.host(1)), str(EAST.address(4, 1))
    receive = (*lab.host(EAST.host(1)).inside, *RECEIVE, str(_PORT))
    lsiperf = (sys.executable, "-m", "hosttools.lsiperf", "--quiet", "--plot", str(file.absolute()))
    ticket = (
        "--path",
        ALTERNATES[0].name,
        "--after",
        str(_SECONDS["after"]),
        "--for",
        str(_SECONDS["ticket"]),
    )
    transfer = ("-c", there, "-p", str(_PORT), "-t", str(_SECONDS["transfer"]))
    environment = {
        **os.environ,
        **station.client_environment(),
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
    }
    with Relay(host, station.port), Service("lsiperf-receiver", receive, folder) as receiver:
        wait_for("iperf3 to listen", lambda: LISTENING in receiver.log.read_text(encoding="utf-8"))
        return run(*host.inside, *lsiperf, *ticket, "--", *transfer, environment=environment)
