"""What the agent asks of whatever carries one of a slice's things, and such a one that only remembers."""

from dataclasses import dataclass, field
from typing import Protocol

from netconfig.slicestate import Item, ItemIntent


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that is there.

    Attributes:
        intent: None for remains of ours that are nothing whole any more.
        reservation: of the slice it was brought for.
        hindered: why it has no effect though it is there, in words; no part of what is compared.
    """

    intent: ItemIntent | None
    reservation: int
    hindered: str = field(default="", compare=False)


class BackEnd(Protocol):
    """Carries one thing of one slice at a time, or none. Called by one thread at a time, never for long."""

    @property
    def item(self) -> Item:
        """Which thing."""
        ...

    def check(self, intent: ItemIntent) -> None:
        """Return if this could be carried.

        Raises:
            ValueError: it never can; the message says why.
        """
        ...

    def read(self) -> Found | None:
        """What is there now, looked at and not remembered.

        Raises:
            BackEndFailed: it cannot be told.
        """
        ...

    def carry(self, wanted: Found) -> None:
        """Bring it; of the same slice another is replaced.

        Raises:
            BackEndFailed: it could not be done, or not wholly.
        """
        ...

    def clear(self) -> None:
        """Take away what is there.

        Raises:
            BackEndFailed: it could not be done, or not wholly.
        """
        ...


class Memory:
    """A back end that changes nothing in the world: for simulated gateways."""

    def __init__(self, item: Item) -> None:
        self._item = item
        self.found: Found | None = None

    @property
    def item(self) -> Item:
        """Which thing."""
        return self._item

    def check(self, intent: ItemIntent) -> None:
        """Anything can be remembered."""

    def read(self) -> Found | None:
        """What was brought last."""
        return self.found

    def carry(self, wanted: Found) -> None:
        """Remember it."""
        self.found = wanted

    def clear(self) -> None:
        """Forget it."""
        self.found = None
