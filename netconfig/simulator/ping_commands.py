"""The commands that send echo requests: an address, how many, how patiently. Pure.

They say what is to be asked; whether there is an answer, the living router finds out.
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, Protocol

from netconfig.simulator.ping import Ping
from netconfig.simulator.session import Answer, Session


class Call(Protocol):
    """An exec command understood, on any platform."""

    @property
    def session(self) -> Session: ...
    @property
    def texts(self) -> tuple[str, ...]: ...


def ping(kind: type[Ping], options: tuple[str, ...] = ()) -> Callable[[Call], Answer[Any]]:
    """Ask an address; what is said behind it are these fields of the `Ping`, in this order."""

    def act(call: Call) -> Answer[Any]:
        address, *numbers = call.texts
        said = dict(zip(options, map(int, numbers), strict=True))
        return Answer(call.session, ping=kind(ip_address(address), **said))

    return act


def ping_patterns(*beginnings: str, count: str, timeout: str) -> Mapping[str, tuple[str, ...]]:
    """Every way of saying it, and which options it says: count, timeout, or both in either order."""
    ways = {
        "": (),
        f" {count}": ("count",),
        f" {timeout}": ("timeout",),
        f" {count} {timeout}": ("count", "timeout"),
        f" {timeout} {count}": ("timeout", "count"),
    }
    return {beginning + way: options for beginning in beginnings for way, options in ways.items()}
