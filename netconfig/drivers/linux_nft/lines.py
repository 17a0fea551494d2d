"""The lines of a plan: what people read, and what is sent for it."""

from dataclasses import dataclass, field
from enum import IntEnum

from netconfig.driver import Ownership, Plan, PlanLine
from netconfig.drivers.linux_nft.names import Names
from netconfig.drivers.linux_nft.render import Wish


class Step(IntEnum):
    """What is sent together, in this order: nothing is marked before there is a way for it, nor after.

    Ways come and go line by line, which no packet sees: none is marked for them yet, or any more. All of
    `NFT` happens at once or not at all.
    """

    WAYS4 = 0
    WAYS6 = 1
    NFT = 2
    UNWAYS4 = 3
    UNWAYS6 = 4

    @property
    def verb(self) -> str:
        """What the router is asked to do."""
        return {Step.WAYS4: "ip4", Step.UNWAYS4: "ip4", Step.NFT: "nft"}.get(self, "ip6")


@dataclass(frozen=True, slots=True)
class RouterLine(PlanLine):
    """A line with what is sent for it: people are told no handles, which mean nothing elsewhere."""

    command: str = ""


@dataclass(frozen=True, slots=True)
class RouterPlan(Plan):
    """A plan with what it was made from, so that it can be made anew for what has changed since.

    Attributes:
        names: those of the database whose wish it is.
        startup: what is kept for the next boot.
    """

    names: Names = field(default_factory=lambda: Names(Ownership("", "")))
    wish: Wish = field(default_factory=lambda: Wish(""))
    known: frozenset[int] = frozenset()
    startup: str = ""


def nft_line(
    text: str,
    parts: frozenset[int],
    reservation_id: int | None = None,
    *,
    command: str = "",
    removal: bool = False,
) -> RouterLine:
    """A line for nft; what is sent is what people read, unless something else is said."""
    return RouterLine(
        text=f"nft {text}",
        parts=parts,
        reservation_id=reservation_id,
        removal=removal,
        step=Step.NFT,
        command=command or text,
    )
