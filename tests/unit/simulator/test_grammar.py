"""Words may be cut short as long as they stay unambiguous."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netconfig.simulator.grammar import (
    AmbiguousCommand,
    IncompleteCommand,
    InvalidInput,
    LineRefused,
    Rule,
    parse,
)

RULES = (
    Rule("show running-config", "run"),
    Rule("show running-config interface INTERFACE", "run-if"),
    Rule("show route-map", "maps"),
    Rule("show route-map WORD", "map"),
    Rule("show ip access-lists", "acls"),
    Rule("show ipv6 access-list", "acls6"),
    Rule("configure terminal", "conf"),
    Rule("description LINE", "say"),
    Rule("match ip address WORD+", "match"),
    Rule("set next-hop A.B.C.D+ verify", "verify"),
    Rule("number <1-20>", "number"),
)


@pytest.mark.parametrize(
    ("line", "act", "values"),
    [
        ("sh run", "run", ()),
        ("SHOW RUNNING-CONFIG", "run", ()),
        ("sh run int Te 1/1", "run-if", ("Te1/1",)),
        ("sh run int Te1/1", "run-if", ("Te1/1",)),
        ("sh ro", "maps", ()),
        ("show route-map  X", "map", ("X",)),
        ("show ip acc", "acls", ()),
        ("conf t", "conf", ()),
        ("desc  to  the campus ", "say", ("to  the campus",)),
        ("match ip address A B C", "match", ("A", "B", "C")),
        ("set next-hop 192.0.2.1 192.0.2.2 verify", "verify", ("192.0.2.1", "192.0.2.2")),
        ("number 20", "number", ("20",)),
    ],
)
def test_line_is_understood(line: str, act: str, values: tuple[str, ...]) -> None:
    parsed = parse(line, RULES)
    assert (parsed.act, tuple(value.text for value in parsed.values)) == (act, values)


@pytest.mark.parametrize("line", ["show r", "sh i a"])
def test_word_that_begins_two_keywords_is_ambiguous(line: str) -> None:
    with pytest.raises(AmbiguousCommand, match=rf'^% Ambiguous command:  "{line}"$'):
        parse(line, RULES)


@pytest.mark.parametrize("line", ["show", "conf", "desc", "match ip address", "show run int", "number"])
def test_too_few_words_are_incomplete(line: str) -> None:
    with pytest.raises(IncompleteCommand, match=r"^% Incomplete command\.$"):
        parse(line, RULES)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("shaw run", 2),
        ("sh rnu", 4),
        ("bogus", 0),
        ("sh run now please", 7),
        ("number 21", 7),
        ("number x", 7),
        ("set next-hop 192.0.2.1 192.0.2.256", 23),
        ("conf t t", 7),
    ],
)
def test_caret_points_at_the_first_character_that_cannot_be_right(line: str, column: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse(line, RULES)
    assert refusal.value.column == column


def test_whole_keyword_wins_over_the_beginning_of_another() -> None:
    rules = (Rule("show ip", "short"), Rule("show ipv6", "long"))
    assert parse("show ip", rules).act == "short"


def test_keyword_wins_over_a_name() -> None:
    rules = (Rule("route-map WORD", "name"), Rule("route-map all", "keyword"))
    assert parse("route-map al", rules).act == "keyword"


@settings(deadline=None)
@given(st.text(alphabet="show rnigaceditmp-19/.\t|", max_size=40))
def test_any_line_is_understood_or_refused(line: str) -> None:
    with suppress(LineRefused):
        assert parse(line, RULES).act
