"""One result."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was compared, both sides in words with units, and measured divided by against."""

    what: str
    measured: str
    against: str
    ratio: float


def quantile(samples: list[float], share: float) -> float:
    """The sample below which that share of them lies, nearest rank."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
