"""What getSws and getLinks answer."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ofgw.topology.model import Discovered, Link, SeenLink, spelled
from ofgw.topology.store import read_discovered, write_discovered
from ofgw.topology.view import FixedTopology, LiveTopology

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE, TWO, THREE = (spelled(dpid) for dpid in (1, 2, 3))
KNOWN = Discovered(
    AT,
    (ONE, TWO),
    (
        SeenLink(Link(TWO, 1, ONE, 5), AT),
        SeenLink(Link(ONE, 5, TWO, 1), AT),
        SeenLink(Link(ONE, 6, THREE, 1), AT),
    ),
)


def one_link(port: int, to: str) -> str:
    """A file with a switch, and a link from it."""
    link = {"dpid_src": ONE, "port_src": port, "dpid_dst": to, "port_dst": 1}
    return json.dumps({"switches": [ONE], "links": [link]})


def test_a_datapath_is_spelled_in_pairs_of_digits() -> None:
    assert spelled(0xAB) == "00:00:00:00:00:00:00:ab"
    assert spelled(2**64 - 1) == "ff:ff:ff:ff:ff:ff:ff:ff"


def test_the_switches_that_are_connected_are_told_with_the_links_between_them() -> None:
    wire = LiveTopology(lambda: (2, 1), lambda: KNOWN).wire()
    assert wire.switches == [{"dipd": ONE, "dpid": ONE}, {"dipd": TWO, "dpid": TWO}]
    assert wire.links == [
        {"dpidSrc": ONE, "portSrc": "5", "dpidDst": TWO, "portDst": "1"},
        {"dpidSrc": TWO, "portSrc": "1", "dpidDst": ONE, "portDst": "5"},
    ]


def test_without_the_original_there_is_its_fixed_data() -> None:
    wire = FixedTopology.of_original().wire()
    one, two = "00:00:00:00:00:00:00", "00:00:00:00:00:00:01"
    assert wire.switches == [{"dipd": one, "dpid": one}, {"dipd": two, "dpid": two}]
    assert wire.links == [
        {"dpidSrc": one, "portSrc": "5", "dpidDst": two, "portDst": "1"},
        {"dpidSrc": one, "portSrc": "6", "dpidDst": two, "portDst": "7"},
    ]


def test_a_file_names_others(tmp_path: Path) -> None:
    file = tmp_path / "island.json"
    file.write_text(f'{{"switches": ["{ONE}"]}}', encoding="ascii")
    wire = FixedTopology.of_file(file).wire()
    assert (wire.switches, wire.links) == ([{"dipd": ONE, "dpid": ONE}], [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the whole: Invalid JSON"),
        ("[]", "the whole: "),
        ('{"switches": ["1"]}', "switches.0: String should match pattern"),
        ('{"switches": [], "hosts": []}', "hosts: Unexpected keyword argument"),
        ('{"links": []}', "switches: Field required"),
        (one_link(1, TWO), f"{TWO} is none of the switches"),
        (one_link(-1, ONE), "links.0.port_src: Input should be greater than or equal to 0"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_the_place(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "island.json"
    file.write_text(text, encoding="ascii")
    with pytest.raises(ValueError, match=words) as refused:
        FixedTopology.of_file(file)
    assert str(refused.value).startswith(f"{file}: ")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "topology.json"
    write_discovered(file, Discovered())
    write_discovered(file, KNOWN)
    assert read_discovered(file) == KNOWN
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_missing_or_broken_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "topology.json"
    assert read_discovered(file) == Discovered()
    file.write_text('{"switches": [', encoding="ascii")
    assert read_discovered(file) == Discovered()


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "topology.json"
    file.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_discovered(file, KNOWN)
    assert list(tmp_path.iterdir()) == [file]
