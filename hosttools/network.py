"""The network that a transfer is on, where that is not ours: a container's, a namespace of `ip netns`."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

from hosttools.programs import ToolError

_HERE = "/proc/thread-self/ns/net"
_NAMED = "/run/netns"
_NEW_NETWORK = 0x40000000


class Home:
    """The network that we were started on, where the station is."""

    def __init__(self, namespace: int | None) -> None:
        """`namespace` is its descriptor; None where it was never left."""
        self._namespace = namespace

    def enter(self) -> None:
        """Have this thread be there."""
        if self._namespace is not None:
            _enter(self._namespace)


@contextmanager
def inside(named: str | None) -> Iterator[Home]:
    """Have this thread, and what it starts, be on a network for a `with` block; None is where it is.

    Args:
        named: a name of `ip netns`, or a path (`/proc/4711/ns/net`).

    Raises:
        ToolError: there is none of that name, or it takes CAP_SYS_ADMIN.
    """
    if named is None:
        yield Home(None)
        return
    home = os.open(_HERE, os.O_RDONLY)
    try:
        _enter_named(named)
        try:
            yield Home(home)
        finally:
            _enter(home)
    finally:
        os.close(home)


def _enter_named(named: str) -> None:
    path = named if "/" in named else f"{_NAMED}/{named}"
    try:
        there = os.open(path, os.O_RDONLY)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no path"
        raise ToolError(f"there is no network {path}: {reason}") from None
    try:
        _enter(there)
    except OSError as error:
        raise ToolError(f"network {path} cannot be entered, which takes CAP_SYS_ADMIN: {error}") from None
    finally:
        os.close(there)


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
