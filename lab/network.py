"""Network namespaces without a name: a thread is in one, or a file descriptor holds it.

Nothing is left of them when their last process and descriptor are gone, so also where we are killed.
"""

import ctypes
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from lab.processes import LabError, run

Result = TypeVar("Result")

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

    def __init__(self, path: str | None = None) -> None:
        """A new one, or by the `path` of its network one that another holds, and that outlives our closing.

        Raises:
            LabError: it cannot be made, or is not there any more, or not for us to enter.
        """
        if path is None:
            self._namespace = _held_namespace()
            self.run("ip", "link", "set", "lo", "up")
        else:
            self._namespace = _opened(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take it away, with its cables, where nobody else holds it."""
        os.close(self._namespace)

    @property
    def inside(self) -> tuple[str, ...]:
        """Before a command: it is run on the host."""
        return ("nsenter", f"--net={self.path}")

    def run(self, *command: str, typed: str | None = None) -> str:
        """What a command that is run there prints, which is given `typed` to read.

        Raises:
            CommandRefused: it ended with an error.
        """
        return run(*self.inside, *command, typed=typed)

    def batch(self, program: str, lines: Iterable[str], *options: str) -> None:
        """Do many things at once there, by `ip` or `tc`.

        Raises:
            CommandRefused: one of them could not be done; those before it are.
        """
        self.run(program, *options, "-batch", "-", typed="".join(f"{line}\n" for line in lines))

    def within(self, work: Callable[[], Result]) -> Result:
        """What a function returns that is called there, in a thread of its own.

        A socket that it opens stays one of that network.
        """
        found: list[Result] = []
        failed: list[Exception] = []

        def enter_and_work() -> None:
            try:
                _enter(self._namespace)
                found.append(work())
            except Exception as error:  # noqa: BLE001 - raised where it was asked for
                failed.append(error)

        thread = threading.Thread(target=enter_and_work, name="namespace")
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    def set(self, key: str, value: str) -> None:
        """A setting below /proc/sys/net of the host's own."""
        self.within(lambda: Path("/proc/sys/net", key).write_text(value, encoding="ascii"))

    def plug(self, device: str, *, near: str, address: str, mac: str) -> None:
        """A cable from `device` of the host to `near` of this network; the address with its length."""
        run("ip", "link", "add", near, "type", "veth", "peer", "name", device, "netns", self.path)
        run("ip", "link", "set", near, "up", "addrgenmode", "none")
        self.run("ip", "link", "set", device, "address", mac, "addrgenmode", "none")
        self.run("ip", "address", "add", address, "dev", device)
        self.run("ip", "link", "set", device, "up")

    def cable(self, device: str, other: "Host", peer: str) -> None:
        """A cable from a device of this host to one of another; neither is up yet."""
        ends = ("netns", self.path, "type", "veth", "peer", "name", peer, "netns", other.path)
        run("ip", "link", "add", device, *ends)

    def know(self, device: str, address: str, mac: str) -> None:
        """Who has an address; it need not ask then, and waits for no answer."""
        self.run("ip", "neighbour", "replace", address, "lladdr", mac, "dev", device)

    @property
    def path(self) -> str:
        """Where programs find its network, while we live and it is not closed."""
        return f"/proc/{os.getpid()}/fd/{self._namespace}"


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        raise LabError(f"there is no network {path}: {error.strerror}") from error


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
