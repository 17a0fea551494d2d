"""What of ours is on a bridge: labels, memories, controllers and flows, as values and as text."""

from hypothesis import given
from hypothesis import strategies as st

from netconfig.driver import Ownership
from netconfig.drivers.openvswitch.bridge import Bridge, dump_controllers, parse_controllers, read_bridge
from netconfig.drivers.openvswitch.managed import Controller, Managed, by_place, parse_managed, text_of
from netconfig.drivers.openvswitch.names import Label, Names, read_label
from netconfig.gateway import VlanMap, VlanPair
from netconfig.transport.openflow_entry import entry_of
from netconfig.vlanflows import SwitchPorts, map_flows

DATABASE = "6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11"
NAMES = Names(Ownership("FNAL", DATABASE))
stations = st.from_regex(r"[A-Z][A-Z0-9-]{0,12}", fullmatch=True)
labels = st.builds(Label, stations, st.integers(1, 2**31 - 1), st.uuids().map(str))


@given(labels)
def test_label_is_read_back_from_its_key(label: Label) -> None:
    assert read_label(label.key, label.database) == label
    assert read_label(label.memory_key, label.database) is None
    assert read_label(label.key, "another database") is None


def test_keys_of_others_are_no_labels() -> None:
    for key in ("", "LS-FNAL-42", "LS-FNAL-x-00000000", "neutron-port", "LS-FNAL-42-0000000g"):
        assert read_label(key, DATABASE) is None


@given(st.lists(labels, max_size=4, unique_by=lambda label: label.key), st.integers(1, 4094))
def test_text_is_read_back(found: list[Label], vlan: int) -> None:
    flows = map_flows(VlanMap((VlanPair(vlan, 0),)), SwitchPorts(), NAMES.label(42).cookie)
    managed = Managed(
        labels={label.key: label for label in found},
        memories={label.key: dump_controllers([{"target": "tcp:[::1]:6653"}]) for label in found},
        controllers=tuple(Controller("tcp:[2001:db8::1]:6633", label) for label in found[:1]),
        entries=by_place(map(entry_of, flows)),
    )
    assert parse_managed(text_of(managed.lines())) == managed


def test_flow_with_our_mark_is_found_though_its_label_is_gone() -> None:
    flows = map_flows(VlanMap((VlanPair(10, 20),)), SwitchPorts(), NAMES.label(42).cookie)
    reading = read_bridge(Bridge(entries=tuple(map(entry_of, flows))), NAMES)
    assert reading.found == {42: DATABASE}
    assert not read_bridge(Bridge(entries=tuple(map(entry_of, flows))), Names(Ownership("FNAL", "x"))).found


def test_label_of_another_database_is_not_hidden_by_ours_of_the_same_number() -> None:
    other = Label("FNAL", 42, "another")
    ids = {one.key: one.database for one in (NAMES.label(42), other)}
    assert read_bridge(Bridge(external_ids=ids), NAMES).found == {42: "another"}


def test_controllers_are_remembered_with_all_that_is_set_of_them() -> None:
    settings = {"target": "ssl:192.0.2.1:6653", "max_backoff": 8000, "external_ids": ["map", [["a", "ä"]]]}
    assert parse_controllers(dump_controllers([settings])) == (settings,)


def test_memory_that_was_changed_by_hand_remembers_nothing() -> None:
    for memory in ("", "by hand", "{}", "[1]", '[{"max_backoff": 1}]'):
        assert parse_controllers(memory) == ()


def test_switch_tells_its_datapath_id() -> None:
    facts = read_bridge(Bridge(datapath_id=0x1A), NAMES).facts
    assert facts == {"switches": [{"dpid": "00:00:00:00:00:00:00:1a"}], "links": []}
