"""Permits of tickets that are long over, found again: a router came back with an old startup configuration.

Nothing in a site's list says whose a permit is. One is taken for ours if it reads as a ticket of this
database had it and stands, once, under a number of the range that the site leaves to us. Any other is told
and left.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from netconfig.cli.access import AccessList, Rule
from netconfig.cli.wish import Memory, Wish

SomeWish = TypeVar("SomeWish", bound=Wish)


def recall(lists: Iterable[AccessList], wish: SomeWish) -> tuple[SomeWish, tuple[str, ...]]:
    """The wish, with those that are ours to be forgotten once more, and a sentence about each that is not."""
    by_header = {held.header: held for held in lists}
    ours: dict[tuple[str, ...], frozenset[int]] = {}
    sentences = []
    for (header, text), memory in wish.remembered.items():
        held = by_header.get(header)
        if (header, text) in wish.serves or held is None:
            continue
        if recalled(held, text, memory):
            ours[header, text] = frozenset({memory.part})
        elif held.find(text):
            sentences.append(_sentence(held, text, memory))
    forgotten = replace(wish, retired=wish.retired | ours.keys(), leaving={**ours, **wish.leaving})
    return forgotten, tuple(sentences)


def recalled(held: AccessList, text: str, memory: Memory) -> Rule | None:
    """The permit that came back, if it is ours beyond doubt."""
    standing = [rule for rule in held.rules if rule.text == text]
    if len(standing) == 1 and memory.sequences.first <= standing[0].sequence <= memory.sequences.last:
        return standing[0]
    return None


def _sentence(held: AccessList, text: str, memory: Memory) -> str:
    room = f"{memory.sequences.first} to {memory.sequences.last}"
    return (
        f"access list {held.name} holds {text!r}, as reservation {memory.reservation} did, which"
        f" gave it up; it does not stand once, and in sequences {room}, so it is taken for the site's"
    )
