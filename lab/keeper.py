"""The process in which a lab lives: `python -m lab.keeper FOLDER WEST EAST`, with both kinds of router.

All that it makes of the kernel's is held by it alone, so nothing of that is left when it ends, killed or not.
It has the folder's lock while it lives; what the lab is stands in `lab.json`, once all of it answers.
"""

import fcntl
import json
import os
import signal
import sys
from pathlib import Path

from lab.lab import Lab
from lab.processes import LabError
from netconfig.signals import Signals

LOCK = "keeper.pid"
FACTS = "lab.json"
STATION_PORT = 8443
"""Where `pathservice serve` answers, on this machine and on every host."""


def main() -> None:
    """Keep the lab until SIGTERM; exit status 1 and a sentence where it cannot be made."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    folder, west, east = Path(sys.argv[1]), *sys.argv[2:]
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    # Whoever looks whether we are here has it for a moment.
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.write(lock, f"{os.getpid()}\n".encode())
    try:
        with Lab(folder, {"west": west, "east": east}, relayed=[STATION_PORT]) as lab:
            new = folder / f".{FACTS}"
            new.write_text(json.dumps(lab.facts().as_json()), encoding="utf-8")
            new.replace(folder / FACTS)
            with Signals(signal.SIGTERM) as signals:
                signals.next()
    except LabError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
