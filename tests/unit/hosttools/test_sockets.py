"""What `ss` has printed of real connections, and choosing a flow among them."""

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from hosttools.attaching import Sought, choose
from hosttools.flow import Flow
from hosttools.programs import ToolError
from hosttools.sockets import read_connections

TEXT = (Path(__file__).parents[2] / "fixtures" / "hosttools" / "ss.txt").read_text(encoding="utf-8")
SENDING, RECEIVING, CONTROL = read_connections(TEXT)
LOOPBACK = ip_address("127.0.0.1")


def test_a_sender_has_its_bytes_its_sizes_and_its_process() -> None:
    assert (SENDING.local, SENDING.local_port) == (LOOPBACK, 43382)
    assert (SENDING.remote, SENDING.remote_port) == (LOOPBACK, 5201)
    assert (SENDING.acknowledged, SENDING.received) == (1477142666, 0)
    assert (SENDING.path_mtu, SENDING.segment_size, SENDING.retransmitted) == (65535, 65483, 3)
    assert SENDING.pids == {15002}


def test_a_receiver_has_the_size_of_what_comes_in_and_ipv4_is_ipv4() -> None:
    assert (RECEIVING.local, RECEIVING.local_port) == (LOOPBACK, 5201)
    assert (RECEIVING.acknowledged, RECEIVING.received) == (0, 1479922329)
    assert RECEIVING.segment_size == 65483


def test_ipv6_has_no_brackets() -> None:
    assert CONTROL.remote == ip_address("::1")


def test_lines_that_are_none_are_passed_over() -> None:
    assert read_connections("\nState Recv-Q\n0 0 *:* somewhere:ssh\n0 0 1.2.3:5 4.5.6.7:8\n") == []


def test_the_flow_of_a_process_or_of_a_peer_s_port_is_found() -> None:
    found = [SENDING, RECEIVING, CONTROL]
    flow = Flow("tcp", LOOPBACK, (43382,), LOOPBACK, (5201,))
    assert choose(found, Sought(pid=15002)) == flow
    assert choose([SENDING, CONTROL], Sought(remote=LOOPBACK, port=5201)) == flow
    assert (flow.local_words, flow.remote_words) == ("tcp eq 43382", "tcp eq 5201")


def test_parallel_connections_to_one_port_are_one_flow() -> None:
    second = replace(SENDING, local_port=43390)
    flow = choose([second, SENDING], Sought(port=5201))
    assert flow.local_ports == (43382, 43390)
    assert flow.local_words == "tcp eq 43382, tcp eq 43390"


def test_no_flow_and_several_are_said_to_be_so() -> None:
    with pytest.raises(ToolError, match="no TCP connection"):
        choose([SENDING], Sought(pid=1))
    with pytest.raises(ToolError, match=r"several flows .* ::1:58994 > ::1:5201"):
        choose([SENDING, CONTROL], Sought(port=5201))
    other = replace(SENDING, local_port=1, remote_port=2)
    with pytest.raises(ToolError, match="several flows"):
        choose([SENDING, other], Sought(remote=LOOPBACK))
