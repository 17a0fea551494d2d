"""The VLAN map of the gateway's switch as a back end."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from netconfig.errors import DeviceError
from netconfig.gateway import VlanMap
from netconfig.slicestate import Item, ItemIntent
from netconfig.vlanflows import SwitchPorts
from ofgw.backend import Found
from ofgw.errors import BackEndFailed
from ofgw.vlanmap import NOBODY, MapBroken, VlanMapper

_UNNUMBERED = 2**32 - 1
"""On the switch 0 stands for what drops frames of no slice, so a slice without a number has this one."""


class Bridge:
    """One bridge; see `backend.BackEnd` for what each method promises."""

    def __init__(self, address: str, ports: SwitchPorts) -> None:
        """`address` is as `vlanmap.VlanMapper` has it."""
        self._mapper = VlanMapper(address, ports)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._mapper.close()

    @property
    def item(self) -> Item:
        """Which thing."""
        return Item.VLANS

    def check(self, intent: ItemIntent) -> None:
        """Any map of VLANs can be carried."""

    def read(self) -> Found | None:
        """The map that the switch has. Where it has none, it is seen to that it drops everything."""
        with _translated():
            try:
                there = self._mapper.read()
            except MapBroken as broken:
                # Of the slice that is wanted it is put right in one moment, and not taken off first.
                return Found(None, _number(broken.reservation))
            if there is None:
                self._mapper.apply(None, NOBODY)
                return None
            return Found(there.vlans, _number(there.reservation))

    def carry(self, wanted: Found) -> None:
        """Map this and nothing else, from one frame to the next."""
        assert isinstance(wanted.intent, VlanMap)  # noqa: S101 - the keeper gives each its own thing
        with _translated():
            self._mapper.apply(wanted.intent, wanted.reservation or _UNNUMBERED)

    def clear(self) -> None:
        """Map nothing."""
        with _translated():
            self._mapper.apply(None, NOBODY)


def _number(reservation: int) -> int:
    """The number of a slice, from that on the switch."""
    return 0 if reservation == _UNNUMBERED else reservation


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DeviceError as error:
        raise BackEndFailed(error.words) from error
