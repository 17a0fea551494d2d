"""What an OpenFlow gateway may be asked to carry, and how its words are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netconfig.gateway import ControllerProxy, UserAccess, VlanMap, VlanPair
from netconfig.intent import Intent, dump_intent, load_intent


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("192.168.1.2:6633", "192.168.1.2", 6633),
        ("tcp:192.168.1.2:6633", "192.168.1.2", 6633),
        ("ctrl.pc:6633", "ctrl.pc", 6633),
        ("tcp:ctrl.pc:6653", "ctrl.pc", 6653),
        ("pct:6633", "pct", 6633),
        (" [2001:db8::1]:6633 ", "2001:db8::1", 6633),
        ("tcp:[::1]:1", "::1", 1),
    ],
)
def test_a_controller_is_read_and_nothing_is_stripped_from_its_name(url: str, host: str, port: int) -> None:
    assert ControllerProxy.parse(url) == ControllerProxy(host, port)


@pytest.mark.parametrize(
    "url",
    [
        "; reboot",
        "192.0.2.1:6633; reboot",
        "$(reboot):6633",
        "192.0.2.1",
        "192.0.2.1:",
        ":6633",
        "192.0.2.1:0",
        "192.0.2.1:65536",
        "192.0.2.1:\uff16\uff16\uff13\uff13",
        "tcp:6633",
        "[fe80::1%; reboot]:6633",
        "192.0.2.256:6633",
        "2001:db8::1:6633",
        "[192.0.2.1]:6633",
        "a b:6633",
        "a\nb:6633",
        "ssl:192.0.2.1:6633",
        "tcp://192.0.2.1:6633",
        "-rf:6633",
        "x" * 254 + ":6633",
        "",
    ],
)
def test_a_controller_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="controller"):
        ControllerProxy.parse(url)


def test_a_controller_is_written_as_it_is_read() -> None:
    for text in ("192.0.2.1:6633", "[2001:db8::1]:6633", "ctrl.example.org:6653"):
        assert str(ControllerProxy.parse(text)) == text


@given(st.text(max_size=40))
def test_whatever_is_read_as_a_controller_holds_no_character_of_a_shell(text: str) -> None:
    try:
        read = ControllerProxy.parse(text)
    except ValueError:
        return
    assert set(read.host.lower()) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_:")


@pytest.mark.parametrize("ofelia", [0, -1, 4095, 5000])
def test_a_vlan_outside_the_standard_is_refused(ofelia: int) -> None:
    with pytest.raises(ValueError, match="1 to 4094"):
        VlanPair(ofelia, 20)
    with pytest.raises(ValueError, match="1 to 4094"):
        VlanPair(20, ofelia or 4095)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([(10, 0), (10, 20)], "OFELIA VLAN 10"),
        ([(10, 20), (11, 20)], "ALIEN VLAN 20"),
        ([(10, 0), (11, 0)], "ALIEN VLAN untagged"),
    ],
)
def test_frames_must_know_their_way_back(pairs: list[tuple[int, int]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        VlanMap(tuple(VlanPair(*pair) for pair in pairs))


def test_an_empty_map_is_none() -> None:
    with pytest.raises(ValueError, match="at least one"):
        VlanMap(())


@pytest.mark.parametrize("group", ["", "a b", "a\nALL", "a:ALL", "-x", "a/b", "x" * 129, "$(id)"])
def test_a_group_that_would_change_the_line_it_stands_in_is_refused(group: str) -> None:
    with pytest.raises(ValueError, match="group"):
        UserAccess(group)


@pytest.mark.parametrize(
    "intent",
    [
        ControllerProxy("ctrl.pc", 6633),
        VlanMap((VlanPair(10, 0), VlanPair(30, 20))),
        UserAccess("612cca94-1a7a-4431-87d0-8572399385aa_Project_test"),
    ],
)
def test_what_is_stored_is_loaded(intent: Intent) -> None:
    assert load_intent(dump_intent(intent)) == intent
