"""Programs of the system that are run: found, bounded, and their words handed on."""

import os
import shutil
import subprocess
from collections.abc import Mapping

PATIENCE = 10.0
"""Seconds for a program that answers at once."""
PACKAGES: Mapping[str, str] = {
    "ip": "iproute2",
    "iperf3": "iperf3",
    "nft": "nftables",
    "setpriv": "util-linux",
    "ss": "iproute2",
    "traceroute": "traceroute",
}
"""The Debian package of each."""


class ToolError(Exception):
    """What cannot be done here, in a sentence; the command ends with `status`."""

    status = 2


class ProgramFailed(ToolError):
    """A program ended with an error; its words are the message."""


def environment() -> dict[str, str]:
    """Ours, with root's programs found and words in English."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"}


def require(*names: str) -> None:
    """Say all that is missing.

    Raises:
        ToolError: one is not installed.
    """
    missing = [name for name in names if shutil.which(name, path=environment()["PATH"]) is None]
    if missing:
        wanted = " ".join(sorted({PACKAGES[name] for name in missing}))
        raise ToolError(f"not installed: {', '.join(missing)} (Debian: apt-get install {wanted})")


def run(*command: str, patience: float = PATIENCE) -> str:
    """What a program prints that ends well.

    Raises:
        ProgramFailed: it did not, or not in time.
    """
    try:
        done = subprocess.run(  # noqa: S603 - words, no shell
            command,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment(),
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProgramFailed(f"{command[0]} did not end within {patience:g} seconds") from None
    except OSError as error:
        raise ProgramFailed(f"{command[0]} cannot be run: {error.strerror}") from None
    if done.returncode:
        words = (done.stderr or done.stdout).strip() or f"status {done.returncode}"
        raise ProgramFailed(f"{command[0]}: {words}")
    return done.stdout
