"""A lab's Linux router is had wherever its folder is, and leaves nothing outside of it."""

import json
import subprocess
import sys
from pathlib import Path


def test_router_is_read_and_leaves_nothing_in_run(tmp_path: Path) -> None:
    folders = [str(tmp_path / "100 % 'lab' #1" / "routers"), "/run/a lab of mine"]
    module = "tests.functional.linux_nft.lab_router"
    # Where /run is as on a machine that never had an sshd.
    script = 'mount --no-mtab -t tmpfs tmpfs /run && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-m", module, *folders]
    ended = subprocess.run(command, check=True, capture_output=True, timeout=120)
    told = json.loads(ended.stdout)
    assert told == {"carried": ["", ""], "saves": ["", ""], "run": ["a lab of mine"]}
