"""A lab's Linux router, started for one reading: `python -m tests.functional.linux_nft.lab_router FOLDER...`.

Prints what it was read to carry in each folder, what became of keeping that, and what is in /run afterwards.
"""

import json
import sys
from pathlib import Path

from lab.network import Host
from lab.routers.kind import Place
from lab.routers.linux_nft import KIND
from lab.sites import WEST
from netconfig.drivers.linux_nft import LinuxNft
from netconfig.inventory import Device
from netconfig.transport.command import Timeouts
from tests.contract.drivers.bench import OWNERSHIP


def visit(folder: Path) -> tuple[str, str]:
    folder.mkdir(parents=True)
    with Host() as network, KIND.start(Place(WEST, network, folder)) as router:
        reached = {"host": router.host, "port": router.port, "host_key": router.host_key}
        device = Device.model_validate(
            {"name": "border-1", "platform": KIND.platform, **reached, **router.login.references()}
        )
        driver = LinuxNft(device, OWNERSHIP, timeouts=Timeouts(open=60, answer=60))
        try:
            return driver.read().text, driver.save().exchanges[0].answer
        finally:
            driver.close()
            router.reboot()


def main(folders: list[str]) -> None:
    carried, saves = zip(*map(visit, map(Path, folders)), strict=True)
    run = sorted(one.name for one in Path("/run").iterdir())
    sys.stdout.write(json.dumps({"carried": carried, "saves": saves, "run": run}))


if __name__ == "__main__":
    main(sys.argv[1:])
