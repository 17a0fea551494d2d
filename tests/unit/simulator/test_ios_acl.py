"""Numbers and remarks of an access list behave as Cisco's `Access List Entry Sequence Numbering` says."""

from collections.abc import Callable

import pytest

from netconfig.simulator.grammar import Refused
from netconfig.simulator.ios_ace import read_ace
from netconfig.simulator.ios_acl import HIGHEST_SEQUENCE, AccessList

WEB = read_ace("permit tcp any any eq www", 0, 4)
MAIL = read_ace("permit tcp any any eq smtp", 0, 4)
REST = read_ace("deny ip any any", 0, 4)
WEB6 = read_ace("permit tcp any any eq www", 0, 6)
MAIL6 = read_ace("permit tcp any any eq smtp", 0, 6)

EMPTY = AccessList(4, "A")
EMPTY6 = AccessList(6, "A")


def shown(access_list: AccessList, *, numbers: bool = True) -> list[str]:
    return list(access_list.render(show_sequence_numbers=numbers))[1:]


def test_unnumbered_entries_go_to_the_end_ten_by_ten() -> None:
    access_list = EMPTY.add(WEB).add(MAIL, 37).add(REST)
    assert [number for number, _ in access_list.entries] == [10, 37, 47]


def test_numbered_entry_goes_to_its_place() -> None:
    access_list = EMPTY.add(WEB).add(REST).add(MAIL, 15)
    assert [number for number, _ in access_list.entries] == [10, 15, 20]


def test_number_of_another_entry_is_refused() -> None:
    with pytest.raises(Refused, match=r"^% Duplicate sequence number$"):
        EMPTY.add(WEB).add(MAIL, 10)


def test_entry_that_is_there_already_changes_nothing_whatever_its_number() -> None:
    once = EMPTY.add(WEB)
    assert once.add(WEB) == once.add(WEB, 50) == once.add(WEB, 10) == once


def test_numbers_end() -> None:
    with pytest.raises(Refused, match="Exceeded maximum sequence number"):
        EMPTY.add(WEB, HIGHEST_SEQUENCE).add(MAIL)
    with pytest.raises(Refused, match="Exceeded maximum sequence number"):
        EMPTY.add(WEB).add(MAIL).resequenced(HIGHEST_SEQUENCE, 1)


def test_resequencing_numbers_the_lines_anew() -> None:
    access_list = EMPTY.add(WEB, 3).add_remark("m", 4).add(MAIL, 4).resequenced(100, 5)
    assert shown(access_list) == [
        " 100 permit tcp any any eq www",
        " 105 remark m",
        " 105 permit tcp any any eq smtp",
    ]


def test_remark_bears_the_number_of_the_entry_behind_it() -> None:
    access_list = EMPTY.add(WEB).add_remark("mail").add_remark("only").add(MAIL)
    assert shown(access_list) == [
        " 10 permit tcp any any eq www",
        " 20 remark mail",
        " 20 remark only",
        " 20 permit tcp any any eq smtp",
    ]


def test_remarks_go_with_their_entry() -> None:
    access_list = EMPTY.add_remark("web").add(WEB)
    assert access_list.remove_sequence(10) == EMPTY
    assert access_list.remove_entry(WEB) == EMPTY


def test_remark_is_removed_by_text_or_by_number() -> None:
    access_list = EMPTY.add_remark("a").add_remark("b").add(WEB)
    assert access_list.remove_remark("a").lines[0].remarks == ("b",)
    assert access_list.remove_remark(sequence=10).lines[0].remarks == ()
    assert EMPTY.add_remark("a").remove_remark("a") == EMPTY


@pytest.mark.parametrize(
    "remove",
    [
        lambda access_list: access_list.remove_sequence(20),
        lambda access_list: access_list.remove_entry(MAIL),
        lambda access_list: access_list.remove_entry(WEB, 20),
        lambda access_list: access_list.remove_remark("x"),
    ],
)
def test_removing_what_is_not_there_is_refused(remove: Callable[[AccessList], AccessList]) -> None:
    with pytest.raises(Refused, match="does not exist"):
        remove(EMPTY.add(WEB))


def test_classic_ios_hides_the_numbers_and_lines_deny_up() -> None:
    access_list = EMPTY.add_remark("web").add(WEB).add(REST)
    assert shown(access_list, numbers=False) == [
        " remark web",
        " permit tcp any any eq www",
        " deny   ip any any",
    ]


def test_classic_ios_prints_the_ipv6_numbers_a_reader_would_not_guess() -> None:
    access_list = EMPTY6.add(WEB6).add(MAIL6, 35)
    assert shown(access_list, numbers=False) == [
        " permit tcp any any eq www",
        " sequence 35 permit tcp any any eq smtp",
    ]
    assert shown(access_list)[0] == " sequence 10 permit tcp any any eq www"
