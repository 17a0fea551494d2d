"""What getSws and getLinks answer, from what is there or from a file."""

from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from typing import Protocol

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from ofgw.topology.model import Discovered, Dpid, Link, WireForm, spelled


class Topology(Protocol):
    """Switches and links of the island."""

    def wire(self) -> WireForm:
        """As they are told."""


class LiveTopology:
    """The switches that are connected now, and the links between them that were seen last."""

    def __init__(self, connected: Callable[[], Iterable[int]], discovered: Callable[[], Discovered]) -> None:
        """
        Args:
            connected: datapaths that the controller proxy relays.
            discovered: what the discovery knows; its links, that is.
        """
        self._connected = connected
        self._discovered = discovered

    def wire(self) -> WireForm:
        """As they are told."""
        switches = {spelled(dpid) for dpid in self._connected()}
        links = [seen.link for seen in self._discovered().links if seen.link.ends <= switches]
        return WireForm.of(list(switches), links)


@checked(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class FixedTopology:
    """Switches and links that a file names, for tests of a manager without an island.

    Raises:
        ValueError: a link has an end that is none of the switches.
    """

    switches: tuple[Dpid, ...]
    links: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        for link in self.links:
            if strange := sorted(link.ends - set(self.switches)):
                raise ValueError(f"links: {strange[0]} is none of the switches")

    @classmethod
    def of_original(cls) -> "FixedTopology":
        """What the first TBAM's manager answered where it was not connected to an agent."""
        return cls.parse((resources.files("ofgw.topology") / "original.json").read_bytes())

    @classmethod
    def of_file(cls, file: Path) -> "FixedTopology":
        """What a JSON file names.

        Raises:
            OSError: it cannot be read.
            ValueError: it makes no sense; where, and what would.
        """
        try:
            return cls.parse(file.read_bytes())
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None

    @classmethod
    def parse(cls, text: bytes) -> "FixedTopology":
        """What JSON names.

        Raises:
            ValueError: it makes no sense; where, and what would.
        """
        try:
            return TypeAdapter(cls).validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            raise ValueError(f"{place}: {first['msg']}") from None

    def wire(self) -> WireForm:
        """As they are told."""
        return WireForm.of(list(self.switches), list(self.links))
