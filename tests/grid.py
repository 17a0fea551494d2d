"""The grid's own programs, as users run them: Debian's globus-proxy-utils."""

import os
import shutil
import subprocess
from pathlib import Path


def grid_proxy_init(out: Path, *options: str, cert: Path, key: Path, authorities: Path) -> Path:
    """Make a proxy of a user or of a proxy; `out` becomes one file with certificate, key and chain."""
    program = shutil.which("grid-proxy-init")
    assert program, "there is no grid-proxy-init: `tools/setup test` installs Debian's globus-proxy-utils"
    subprocess.run(
        (program, "-q", "-cert", cert, "-key", key, "-out", out, *options),
        check=True,
        capture_output=True,
        timeout=60,
        env={**os.environ, "X509_CERT_DIR": str(authorities)},
    )
    return out
