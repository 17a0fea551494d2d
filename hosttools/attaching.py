"""A transfer that somebody else has started: finding it, and seeing it end."""

from dataclasses import dataclass
from typing import Any

from hosttools.flow import Address, Flow
from hosttools.programs import ToolError
from hosttools.record import Transfer
from hosttools.sockets import Connection, connections, connections_of


@dataclass(frozen=True, slots=True)
class Sought:
    """What is known of a transfer; None is any."""

    pid: int | None = None
    remote: Address | None = None
    port: int | None = None


def find_flow(sought: Sought) -> Flow:
    """The flow of the connections that are sought.

    Raises:
        ToolError: there is none, or there are several between different hosts or services.
    """
    return choose(connections(with_pids=sought.pid is not None), sought)


def choose(found: list[Connection], sought: Sought) -> Flow:
    """The one flow among connections: between two addresses, with one port the same in all.

    Raises:
        ToolError: there is none, or more than one.
    """
    matching = [each for each in found if _matches(each, sought)]
    if not matching:
        raise ToolError("no TCP connection of this host is like that; --pid of others takes root")
    hosts = {(each.local, each.remote) for each in matching}
    near, far = ({each.local_port for each in matching}, {each.remote_port for each in matching})
    if len(hosts) > 1 or min(len(near), len(far)) > 1:
        shown = ", ".join(
            sorted({f"{e.local}:{e.local_port} > {e.remote}:{e.remote_port}" for e in matching})[:6]
        )
        raise ToolError(f"several flows are like that, name one with --dst, --port and --pid: {shown}")
    ((local, remote),) = hosts
    return Flow("tcp", local, tuple(sorted(near)), remote, tuple(sorted(far)))


def _matches(each: Connection, sought: Sought) -> bool:
    return (
        (sought.pid is None or sought.pid in each.pids)
        and (sought.remote is None or sought.remote == each.remote)
        and (sought.port is None or sought.port in {each.local_port, each.remote_port})
    )


class Attached:
    """The transfer; it is not ours to end."""

    def __init__(self, flow: Flow) -> None:
        """It runs."""
        self._flow = flow

    @property
    def running(self) -> bool:
        """One of its connections is there."""
        return bool(connections_of(self._flow))

    def stop(self) -> None:
        """Leave it alone."""

    def close(self) -> None:
        """Leave it alone."""

    def answer(self) -> tuple[Transfer, Any] | None:
        """It tells us nothing."""
        return None
