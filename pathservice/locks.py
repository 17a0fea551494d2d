"""Locks on the state directory: one `serve` and one worker each, and the worker's name in a lease."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


class StateTaken(Exception):
    """Another process runs with this state directory."""

    code = "state-taken"


@contextmanager
def only_one(state: Path, what: str) -> Iterator[str]:
    """Be the only `what` (`serve`, `worker`) with this state directory while the block runs.

    Yields a name that no other living process has and that the next holder of the lock will have again: by
    it a restarted worker knows the leases of its predecessor, which must be dead. It is random and kept in
    the lock's file, because a host name and a path may be another container's too.

    Raises:
        StateTaken: there is one.
    """
    path = state / f"{what}.lock"
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateTaken(f"another {what} runs with {state}") from error
        kept = os.read(file, 64).decode("ascii", errors="ignore").strip()
        if not kept:
            kept = uuid4().hex
            os.pwrite(file, kept.encode("ascii"), 0)
            os.fsync(file)
        yield f"{socket.gethostname()}:{kept}"
    finally:
        os.close(file)
