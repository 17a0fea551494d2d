"""An access list with numbered rules, as far as permits in it are the same on every platform."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """An entry, canonical, with its sequence number; 0 where the device did not say it."""

    sequence: int
    text: str


@dataclass(frozen=True, slots=True)
class AccessList(ABC):
    """A named access list; what more there is to one is its platform's."""

    name: str
    rules: tuple[Rule, ...] = ()

    @property
    @abstractmethod
    def header(self) -> str:
        """The line its block begins with."""

    def find(self, text: str) -> Rule | None:
        """The rule that reads so."""
        return next((rule for rule in self.rules if rule.text == text), None)

    def at(self, sequence: int) -> Rule | None:
        """The rule of that number."""
        return next((rule for rule in self.rules if rule.sequence == sequence), None)
