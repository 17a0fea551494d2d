"""iperf3's arguments, and what a real one has answered (tests/fixtures/hosttools)."""

import json
import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from hosttools.iperf import TransferFailed, read_call, read_result
from hosttools.programs import ToolError
from hosttools.record import Transfer

FIXTURES = Path(__file__).parents[2] / "fixtures" / "hosttools"


def result(name: str) -> Transfer:
    return read_result(json.loads((FIXTURES / f"iperf3-{name}.json").read_text(encoding="utf-8")))


def test_a_plain_call_is_tcp_for_ten_seconds_to_iperf3_s_port() -> None:
    call = read_call(["-c", "192.84.86.70"])
    assert (call.protocol, call.host, call.port, call.seconds) == ("tcp", "192.84.86.70", 5201, 10)
    assert call.local_ports == ()
    assert not call.own_interval


def test_what_a_ticket_has_to_do_with_is_read_however_it_is_written() -> None:
    words = "--client=2001:db8::1%eth0 -6 -uR -p5202 --time 3 -i 0.5 -P 3 --cport 6000 -B 2001:db8::2 -w 4M"
    call = read_call(words.split())
    assert (call.protocol, call.host, call.port, call.seconds) == ("udp", "2001:db8::1", 5202, 3)
    assert (call.family, call.bound) == (socket.AF_INET6, "2001:db8::2")
    assert call.local_ports == (6000, 6001, 6002)
    assert call.own_interval
    assert call.arguments == tuple(words.split())
    flow = call.flow()
    assert (flow.local, flow.remote) == (ip_address("2001:db8::2"), ip_address("2001:db8::1"))
    assert (flow.local_words, flow.remote_words) == ("udp range 6000-6002", "udp eq 5202")


def test_iperf3_is_called_with_the_address_that_the_ticket_is_for() -> None:
    address = ip_address("192.84.86.70")
    assert read_call(["-c", "host", "-t", "3"]).words(address) == (
        "-c",
        "host",
        "-t",
        "3",
        "-c",
        str(address),
    )
    assert read_call(["-c", "host%eth0"]).words(address)[-1] == f"{address}%eth0"


@pytest.mark.parametrize("words", ["-n 10M", "-k 5", "-t 0"])
def test_a_transfer_without_a_length_in_time_has_none(words: str) -> None:
    assert read_call(["-c", "host", *words.split()]).seconds is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "-c HOST"),
        ("-s", "other one"),
        ("-c host --logfile x", "logfile"),
        ("-c host --sctp", "tcp or udp"),
        ("-c host --json-stream", "-J"),
        ("-c host -h", "--help"),
        ("-c host -v", "--version"),
        ("-c host -F x", "files"),
        ("-c host -d", "no --debug"),
        ("-c host -p 0", "1 to 65535"),
        ("-c host -p ٣", "1 to 65535"),
        ("-c host -t soon", "seconds"),
        ("-c host -P many", "parallel"),
        ("-c", "argument"),
    ],
)
def test_what_is_not_a_client_s_call_is_refused_in_a_sentence(words: str, sentence: str) -> None:
    with pytest.raises(ToolError, match=sentence) as refused:
        read_call(words.split())
    assert refused.value.status == 2


def test_a_tcp_transfer_has_its_bytes_its_intervals_and_its_mtu() -> None:
    done = result("tcp")
    assert len(done.intervals) >= 2
    assert {interval.path_mtu for interval in done.intervals} == {65535}
    assert done.sent_bytes > 1_000_000
    assert done.retransmits == 0
    assert not done.interrupted
    assert sum(
        i.bits_per_second * (i.end_seconds - i.start_seconds) for i in done.intervals
    ) == pytest.approx(done.sent_bytes * 8, rel=0.05)


def test_a_udp_transfer_has_no_mtu() -> None:
    done = result("udp")
    assert done.sent_bytes > 100_000
    assert {interval.path_mtu for interval in done.intervals} == {None}


def test_what_comes_in_is_counted_too() -> None:
    assert result("reverse").intervals[0].bits_per_second == pytest.approx(20e6, rel=0.5)
    both = result("bidir").intervals[0].bits_per_second
    assert both == pytest.approx(40e6, rel=0.5)


def test_an_interrupted_transfer_tells_what_it_has_done() -> None:
    done = result("interrupted")
    assert done.interrupted
    assert done.sent_bytes > 0


def test_a_transfer_that_never_began_is_a_failure_in_iperf3_s_words() -> None:
    with pytest.raises(TransferFailed, match="unable to connect to server: Connection refused") as failed:
        result("refused")
    assert failed.value.status == 1


@pytest.mark.parametrize(
    "told", [[], None, {}, {"intervals": [{}]}, {"intervals": [{"streams": [1], "sum": {}}]}]
)
def test_what_is_no_answer_of_iperf3_is_a_failure(told: object) -> None:
    with pytest.raises(TransferFailed):
        read_result(told)
