"""A permit that came back is ours only where it stands once, under a number that the site leaves to us."""

from collections.abc import Sequence

import pytest

from netconfig.cli.access import AccessList, Rule
from netconfig.cli.recall import recall
from netconfig.cli.wish import Memory, Wish
from netconfig.intent import SequenceRange

HEADER, TEXT = "access-list BORDER-IN", "permit ip host 192.0.2.1 any"
PATH = HEADER, TEXT
REMEMBERED = {PATH: Memory(part=7, reservation=42, sequences=SequenceRange(1000, 1999))}


class SiteList(AccessList):
    """A list on no platform in particular."""

    @property
    def header(self) -> str:
        return f"access-list {self.name}"


def standing_at(*sequences: int) -> Sequence[AccessList]:
    return [SiteList("BORDER-IN", tuple(Rule(sequence, TEXT) for sequence in sequences))]


def test_one_in_the_range_is_forgotten_once_more() -> None:
    wish, sentences = recall(standing_at(1000), Wish("", remembered=REMEMBERED))
    assert wish.retired == {PATH}
    assert wish.leaving == {PATH: {7}}
    assert sentences == ()


@pytest.mark.parametrize("sequences", [(999,), (2000,), (1000, 1010), (10, 1000)])
def test_any_other_is_told_and_left(sequences: tuple[int, ...]) -> None:
    wish, sentences = recall(standing_at(*sequences), Wish("", remembered=REMEMBERED))
    assert not wish.retired
    assert not wish.leaving
    assert len(sentences) == 1
    assert "as reservation 42 did" in sentences[0]


def test_one_that_is_wanted_again_stays() -> None:
    asked = Wish("", serves={PATH: frozenset({8})}, remembered=REMEMBERED)
    assert recall(standing_at(1000), asked) == (asked, ())


def test_what_is_not_there_is_not_told() -> None:
    asked = Wish("", remembered=REMEMBERED)
    assert recall(standing_at(), asked) == (asked, ())
    assert recall([], asked) == (asked, ())
