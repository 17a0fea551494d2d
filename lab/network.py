"""Network namespaces without a name: a thread is in one, or a file descriptor holds it.

Nothing is left of them when their last process and descriptor are gone, so also where we are killed.
"""

import ctypes
import os
import threading
from types import TracebackType
from typing import Self

from lab.processes import LabError, run

_NEW_NETWORK = 0x40000000
_HERE = "/proc/thread-self/ns/net"
_REFUSED = "no network namespace can be made; in a container that takes CAP_SYS_ADMIN and CAP_NET_ADMIN"


class PrivateNetwork:
    """A new network with nothing but a loopback, for this thread and what it starts, in a `with` block."""

    def __enter__(self) -> Self:
        self._home = os.open(_HERE, os.O_RDONLY)
        try:
            _leave()
            run("ip", "link", "set", "lo", "up")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Be back where we were; what still runs in there stays."""
        _enter(self._home)
        os.close(self._home)


class Host:
    """A host on a network of its own, until it is closed; its cables end in ours."""

    def __init__(self) -> None:
        self._namespace = _held_namespace()
        self.run("ip", "link", "set", "lo", "up")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take it away, with its cables."""
        os.close(self._namespace)

    @property
    def inside(self) -> tuple[str, ...]:
        """Before a command: it is run on the host."""
        return ("nsenter", f"--net={self._path}")

    def run(self, *command: str) -> str:
        """What a command that is run there prints.

        Raises:
            CommandRefused: it ended with an error.
        """
        return run(*self.inside, *command)

    def plug(self, device: str, *, near: str, address: str, mac: str) -> None:
        """A cable from `device` of the host to `near` of this network; the address with its length."""
        run("ip", "link", "add", near, "type", "veth", "peer", "name", device, "netns", self._path)
        run("ip", "link", "set", near, "up", "addrgenmode", "none")
        self.run("ip", "link", "set", device, "address", mac, "addrgenmode", "none")
        self.run("ip", "address", "add", address, "dev", device)
        self.run("ip", "link", "set", device, "up")

    def know(self, device: str, address: str, mac: str) -> None:
        """Who has an address; it need not ask then, and waits for no answer."""
        self.run("ip", "neighbour", "replace", address, "lladdr", mac, "dev", device)

    @property
    def _path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self._namespace}"


def _held_namespace() -> int:
    held: list[int] = []

    def make() -> None:
        _leave()
        held.append(os.open(_HERE, os.O_RDONLY))

    # Only this thread is ever in it.
    thread = threading.Thread(target=make, name="namespace")
    thread.start()
    thread.join()
    if not held:
        raise LabError(_REFUSED)
    return held[0]


def _leave() -> None:
    _call("unshare", _NEW_NETWORK)


def _enter(namespace: int) -> None:
    _call("setns", namespace, _NEW_NETWORK)


def _call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments):
        raise LabError(f"{_REFUSED}: {name}: {os.strerror(ctypes.get_errno())}")
