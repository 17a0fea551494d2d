"""What a router tells of its next hops is read word by word; what makes no sense lets nobody be down."""

from ipaddress import ip_address

import pytest

from netconfig.drivers.linux_nft.neighbours import AT_ONCE, answering, blocks
from netconfig.errors import StateUnknown

ONE, SIX = "192.0.2.1", "2001:db8:1::2"
BEGIN, END = "lambdastation-router 2\n", "lambdastation-router end\n"
HAS, HAS_NOT = "0 rtt min/avg/max/mdev = 0.1/0.1/0.1/0.0 ms", "1 2 packets transmitted, 0 received"


def told(*lines: str, before: str = "You are welcome\n", end: str = END) -> bytes:
    return "".join([before, BEGIN, *(f"{line}\n" for line in lines), end]).encode()


def read(output: bytes, *asked: str) -> frozenset[str]:
    return answering("border-4", asked or (ONE, SIX), output)


def test_those_that_answer_are_told_from_those_that_do_not() -> None:
    assert read(told(f"{SIX} {HAS_NOT}", f"{ONE} {HAS}")) == {ONE}
    assert read(told(f"{ONE} {HAS_NOT}", f"{SIX} {HAS_NOT}")) == frozenset()


@pytest.mark.parametrize(
    "words", ["ping: connect: Network is unreachable", "ping: connect: No route to host"]
)
def test_one_that_the_router_knows_no_way_to_does_not_answer(words: str) -> None:
    assert read(told(f"{ONE} 2 ping: {words}", f"{SIX} {HAS}")) == {SIX}


@pytest.mark.parametrize(
    "words",
    [
        "2 ping: socktype: SOCK_RAW: Operation not permitted",
        "2 ping: invalid option -- 'w'",
        "127 sh: ping: not found",
        "137 Killed",
        "2 ",
    ],
)
def test_router_that_cannot_ask_says_so_in_its_words(words: str) -> None:
    with pytest.raises(StateUnknown, match=f"whether next hop {ONE} answers: {words.partition(' ')[2]}"):
        read(told(f"{ONE} {words}", f"{SIX} {HAS}"))


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"% Invalid input detected\n",
        told(f"{ONE} {HAS}", f"{SIX} {HAS}", end=""),
        told(f"{ONE} {HAS}"),
        told(f"{ONE} {HAS}", SIX),
        told(f"{ONE} {HAS}", ""),
        told(f"{ONE} {HAS}", f"{SIX} {HAS}").replace(BEGIN.encode(), b"\xe4\n"),
    ],
)
def test_what_makes_no_sense_is_state_unknown(output: bytes) -> None:
    with pytest.raises(StateUnknown, match="makes no sense"):
        read(output)


def test_each_is_asked_about_once_and_no_more_than_the_router_takes_at_once() -> None:
    hops = [ip_address(0xC0000200 + number) for number in range(AT_ONCE + 1)]
    many = blocks([*hops, ip_address(SIX), hops[0]])
    assert [len(block) for block in many] == [AT_ONCE, 2]
    assert [text for block in many for text in block] == [*map(str, hops), SIX]
    assert blocks([]) == []
