"""One result, and what was asked for on the command line."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured.

    Attributes:
        databases: kinds of database to measure admission on.
        days: simulated days of the soak.
    """

    databases: tuple[str, ...] = ("sqlite",)
    days: int = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """What was compared, both sides in words with units, and measured divided by against.

    Attributes:
        aim: what the ratio should not exceed; None where there is nothing to aim for.
    """

    what: str
    measured: str
    against: str
    ratio: float
    aim: float | None = None


def quantile(samples: list[float], share: float) -> float:
    """The sample below which that share of them lies, nearest rank."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
