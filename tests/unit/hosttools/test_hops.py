"""traceroute's words, and hops side by side."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from hosttools.flow import Flow
from hosttools.hops import Hop, Reply, command, read_hops, table

TEXT = (Path(__file__).parents[2] / "fixtures" / "hosttools" / "traceroute.txt").read_text(encoding="utf-8")


def hop(number: int, *addresses: str | None) -> Hop:
    return Hop(number, tuple(Reply(address, None if address is None else 1.0) for address in addresses))


def test_every_answer_has_its_router_its_time_and_its_remark() -> None:
    hops = read_hops(TEXT)
    assert [each.number for each in hops] == [1, 2, 3, 4, 5, 6]
    assert hops[0].replies == (Reply("131.225.204.1", 0.071), Reply("131.225.204.1", 0.005))
    assert hops[1].replies == (Reply("10.0.1.2", 0.02), Reply(None, None))
    assert hops[2].replies == (Reply(None, None), Reply(None, None))
    assert [reply.address for reply in hops[3].replies] == ["10.0.3.1", "10.0.3.2"]
    assert hops[4].replies == (Reply("192.84.86.1", 3000.2, "!N"), Reply("192.84.86.1", 2999.0, "!X"))
    assert [str(each) for each in hops] == [
        "131.225.204.1  0.07 ms",
        "10.0.1.2  0.02 ms",
        "*",
        "10.0.3.1 +1  1.01 ms",
        "192.84.86.1  3000.20 ms !N",
        "2620:6a::1  0.50 ms",
    ]


def test_nothing_is_read_out_of_nothing() -> None:
    assert read_hops("") == []
    assert read_hops("traceroute to somewhere\nno hop\n") == []


def test_a_probe_looks_like_the_flow() -> None:
    flow = Flow("tcp", ip_address("131.225.204.10"), (6000,), ip_address("192.84.86.70"), (5201,))
    words = " ".join(command(flow, 48, most_hops=9, wait_seconds=0.5))
    assert words == (
        "traceroute -4 -n -q 2 -w 0.5 -m 9 -s 131.225.204.10 -t 192 -T -p 5201 --sport=6000 192.84.86.70"
    )
    six = Flow("icmp", ip_address("2620:6a::1"), (), ip_address("2001:db8::1"), ())
    assert command(six, 0, most_hops=30, wait_seconds=1)[-2:] == ["-I", "2001:db8::1"]
    assert "-6" in command(six, 0, most_hops=30, wait_seconds=1)


def test_hops_stand_side_by_side_and_what_differs_is_marked() -> None:
    before = [hop(1, "10.0.0.1", "10.0.0.1"), hop(2, "192.84.86.70")]
    during = [hop(1, "10.0.0.1"), hop(2, "10.0.2.2"), hop(3, "192.84.86.70")]
    after = [hop(1, None), hop(2, "192.84.86.70")]
    assert table([("before", before), ("during", during), ("after", after)]) == [
        "hop  before                   during                   after",
        "  1    10.0.0.1  1.00 ms        10.0.0.1  1.00 ms        *",
        "  2    192.84.86.70  1.00 ms  > 10.0.2.2  1.00 ms        192.84.86.70  1.00 ms",
        "  3                           > 192.84.86.70  1.00 ms",
    ]


@pytest.mark.parametrize("columns", [[], [("now", [])]])
def test_no_hops_are_a_table_of_none(columns: list[tuple[str, list[Hop]]]) -> None:
    assert len(table(columns)) == 1
