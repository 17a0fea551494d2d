"""Frames that find links; os-ken's own discovery, which shares no code with ours, reads them too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from os_ken.lib.packet import lldp, packet
from os_ken.topology.switches import LLDPPacket

from ofgw.topology.lldp import read_frame, write_frame

KEY, OTHER = b"k" * 32, b"o" * 32
SOURCE = bytes.fromhex("020000000001")


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_a_frame_says_which_port_it_left(dpid: int, port: int) -> None:
    assert read_frame(write_frame(dpid, port, source=SOURCE, key=KEY), key=KEY) == (dpid, port)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_others_read_it_as_their_own(dpid: int, port: int) -> None:
    frame = write_frame(dpid, port, source=SOURCE, key=KEY)
    assert LLDPPacket.lldp_parse(frame) == (dpid, port)
    kinds = [type(value) for value in packet.Packet(frame).get_protocol(lldp.lldp).tlvs]
    assert kinds == [lldp.ChassisID, lldp.PortID, lldp.TTL, lldp.OrganizationallySpecific, lldp.End]


def test_a_frame_that_another_signed_is_none() -> None:
    assert read_frame(write_frame(1, 2, source=SOURCE, key=OTHER), key=KEY) is None


def test_a_frame_of_others_is_none() -> None:
    theirs = LLDPPacket.lldp_packet(1, 2, "02:00:00:00:00:01", 120)
    assert read_frame(bytes(theirs), key=KEY) is None


@pytest.mark.parametrize(("dpid", "port"), [(1, 3), (2, 2)])
def test_a_signature_is_for_one_port(dpid: int, port: int) -> None:
    ours, wanted = (write_frame(*end, source=SOURCE, key=KEY) for end in ((1, 2), (dpid, port)))
    assert len(ours) == len(wanted)
    forged = wanted[:-18] + ours[-18:]
    assert read_frame(forged, key=KEY) is None


@given(st.binary(max_size=120), st.integers(0, 200))
def test_nothing_that_a_host_sends_hurts(data: bytes, cut: int) -> None:
    frame = write_frame(1, 2, source=SOURCE, key=KEY)
    assert read_frame(data, key=KEY) is None
    assert read_frame(frame[:14] + data, key=KEY) is None
    assert read_frame(frame[:cut] + data, key=KEY) in {None, (1, 2)}
