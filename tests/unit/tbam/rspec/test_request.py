"""What a request RSpec may say, and what each mistake is told."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from netconfig.gateway import ControllerProxy
from reservation.model import TimeSlot
from tbam.errors import BadArgs, GeniCode, TbamError, TooBig
from tbam.rspec import LARGEST, read_request
from tbam.values import IslandRequest, Project, Vlan

SCHEMA = Path(__file__).resolve().parents[4] / "schemas" / "rspec-request.xsd"
SLICE = "urn:publicid:IDN+example.org:lab+slice+waves"
CHILDREN = {
    "slice": f'<a:slice slice_urn="{SLICE}"/>',
    "timeslot": '<a:timeslot start_time="20/2/2014 15:45:0" end_time="20/02/2014 15:47:00"/>',
    "VLAN": '<a:VLAN ALIEN="0xffff" OFELIA="10"/><a:VLAN ALIEN="20" OFELIA="30"/>',
    "controller": '<a:controller url="192.168.1.2:6633"/>',
    "project": '<a:project projectID="612cca94" projectName="Project_test"/>',
}


def rspec(*children: str, kind: str = "request", **instead: str) -> str:
    inside = "".join([*{**CHILDREN, **instead}.values(), *children])
    return (
        f'<rspec type="{kind}" xmlns="http://www.geni.net/resources/rspec/3" '
        f'xmlns:a="http://example.com/aggregate">{inside}</rspec>'
    )


def timeslot(start: str, end: str) -> str:
    return f'<a:timeslot start_time="{start}" end_time="{end}"/>'


def test_everything_that_a_request_says_is_read() -> None:
    assert read_request(rspec('<a:island name="alien"/>')) == IslandRequest(
        aggregate="alien",
        slice_urn=SLICE,
        slot=TimeSlot(datetime(2014, 2, 20, 15, 45, tzinfo=UTC), datetime(2014, 2, 20, 15, 47, tzinfo=UTC)),
        vlans=(Vlan(10, 0), Vlan(30, 20)),
        controller=ControllerProxy("192.168.1.2", 6633),
        project=Project("612cca94", "Project_test"),
    )


def test_what_may_be_left_out_is_none() -> None:
    read = read_request(rspec(slice="", timeslot="", VLAN=""))
    assert (read.aggregate, read.slice_urn, read.slot, read.vlans) == (None, None, None, ())


def test_any_order_comments_foreign_elements_prefixes_and_declarations_are_all_the_same() -> None:
    shuffled = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!-- ours --><x:rspec type="request" by="hand" '
        'xmlns:x="http://www.geni.net/resources/rspec/3" xmlns="http://example.com/aggregate" '
        'xmlns:tool="http://tool.example.org/"><project projectName="Project_test" projectID="612cca94" '
        'tool:colour="blue"/><!-- here --><x:node client_id="n"><tool:x/></x:node>'
        '<controller url="tcp:192.168.1.2:6633"/><VLAN ALIEN="0xFFFF" OFELIA="10"/>'
        '<VLAN ALIEN="20" OFELIA="30"/><?pi here?><timeslot end_time="2014-02-20T16:47:00+01:00" '
        f'start_time="2014-02-20T15:45:00Z"/><slice slice_urn="{SLICE}"/></x:rspec>'
    )
    assert read_request(shuffled) == read_request(rspec())


@pytest.mark.parametrize("ofelia", ["-1", "30"])
def test_a_vlan_outside_may_be_left_open(ofelia: str) -> None:
    read = read_request(rspec(VLAN=f'<a:VLAN ALIEN="20" OFELIA="{ofelia}"/>'))
    assert read.vlans == (Vlan(None if ofelia == "-1" else 30, 20),)


@pytest.mark.parametrize(
    ("element", "instead", "field", "words"),
    [
        ("controller", "", "controller", "has no controller"),
        ("project", "", "project", "has no project"),
        ("controller", '<a:controller url="; reboot"/>', "controller@url", "host:port"),
        ("controller", "<a:controller/>", "controller@url", "needs url"),
        ("controller", CHILDREN["controller"] * 2, "controller", "a second time"),
        ("controller", '<a:controller url="h:1" uri="h:1"/>', "controller", "has no 'uri'"),
        ("project", '<a:project projectID="x"/>', "project@projectName", "needs projectName"),
        ("project", '<a:project projectID="x" projectName="a b"/>', "project", "letters, digits"),
        ("project", '<a:project projectID="x" projectName="a&#10;ALL"/>', "project", "letters, digits"),
        ("slice", "<a:slice slice_urn=' '/>", "slice@slice_urn", "needs slice_urn"),
        ("timeslot", timeslot("", "20/02/2014 15:47:00"), "timeslot@start_time", "needs start_time"),
        (
            "timeslot",
            timeslot("20/13/2014 15:45:0", "21/2/2014 1:1:1"),
            "timeslot@start_time",
            "no such time",
        ),
        ("timeslot", timeslot("30/2/2014 15:45:0", "21/2/2014 1:1:1"), "timeslot@start_time", "no such time"),
        ("timeslot", timeslot("tomorrow", "21/2/2014 1:1:1"), "timeslot@start_time", "D/M/YYYY"),
        ("timeslot", timeslot("2014-02-20T15:45:00", "2014-02-20T16:45:00Z"), "timeslot@start_time", "zone"),
        (
            "timeslot",
            timeslot("0001-01-01T00:00:00Z", "2014-02-20T16:45:00Z"),
            "timeslot@start_time",
            "no time",
        ),
        (
            "timeslot",
            timeslot("9999-12-31T23:59:59-23:00", "2014-02-20T16:45:00Z"),
            "timeslot@start_time",
            "no such time",
        ),
        ("timeslot", timeslot("20/2/2014 15:45:0", "20/2/2014 15:45:0"), "timeslot@end_time", "not after"),
        ("timeslot", timeslot("20/2/2014 15:45:0", "20/2/2014 15:44:0"), "timeslot@end_time", "not after"),
        ("VLAN", '<a:VLAN OFELIA="5000" ALIEN="20"/>', "VLAN@OFELIA", "1 to 4094"),
        ("VLAN", '<a:VLAN OFELIA="0" ALIEN="20"/>', "VLAN@OFELIA", "1 to 4094"),
        ("VLAN", '<a:VLAN OFELIA="0xffff" ALIEN="20"/>', "VLAN@OFELIA", "1 to 4094"),
        ("VLAN", '<a:VLAN OFELIA="10" ALIEN="4095"/>', "VLAN@ALIEN", "1 to 4094"),
        ("VLAN", '<a:VLAN OFELIA="10" ALIEN="-1"/>', "VLAN@ALIEN", "1 to 4094"),
        ("VLAN", '<a:VLAN OFELIA="1_0" ALIEN="20"/>', "VLAN@OFELIA", "1 to 4094"),
        ("VLAN", '<a:VLAN OFELIA="&#x661;" ALIEN="20"/>', "VLAN@OFELIA", "1 to 4094"),
        ("VLAN", '<a:VLAN OFELIA="10"/>', "VLAN@ALIEN", "needs ALIEN"),
        (
            "VLAN",
            '<a:VLAN OFELIA="10" ALIEN="20"/><a:VLAN OFELIA="10" ALIEN="21"/>',
            "VLAN@OFELIA",
            "there already",
        ),
        (
            "VLAN",
            '<a:VLAN OFELIA="10" ALIEN="0xffff"/><a:VLAN OFELIA="11" ALIEN="0xffff"/>',
            "VLAN@ALIEN",
            "there already",
        ),
        ("VLAN", '<a:vlan OFELIA="10" ALIEN="20"/>', "vlan", "no such element"),
    ],
)
def test_each_mistake_is_told_with_its_place(element: str, instead: str, field: str, words: str) -> None:
    with pytest.raises(BadArgs, match=words) as refused:
        read_request(rspec(**{element: instead}))
    assert refused.value.field == field
    assert refused.value.code is GeniCode.BADARGS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "well-formed"),
        ("nothing of XML", "well-formed"),
        ("<rspec", "well-formed"),
        (rspec() + "<more/>", "well-formed"),
        (rspec("\x00"), "well-formed"),
        (rspec("\ud800"), "well-formed"),
        (rspec("<a:slice>" * 5000 + "</a:slice>" * 5000), "well-formed"),
        ('<rspec type="request"/>', "the RSpec's root is rspec"),
        ('<rspec type="request" xmlns="http://www.geni.net/resources/rspec/2"/>', "root is"),
        (rspec(kind="manifest"), "must be 'request'"),
        ("<!DOCTYPE rspec>" + rspec(), "document type"),
        ('<!DOCTYPE rspec [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + rspec("&e;"), "document type"),
    ],
)
def test_what_is_no_request_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadArgs, match=words) as refused:
        read_request(text)
    assert refused.value.field == "rspec"


def test_a_bomb_is_not_set_off() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE rspec [<!ENTITY l0 "ha">{laughs}]>' + rspec(slice='<a:slice slice_urn="&l11;"/>')
    with pytest.raises(BadArgs):
        read_request(bomb)


def test_more_than_is_read_is_told_so() -> None:
    with pytest.raises(TooBig, match="at most"):
        read_request(rspec("<!--" + "x" * LARGEST + "-->"))
    with pytest.raises(TooBig, match="elements"):
        read_request(rspec("<other/>" * 10_001))


def test_a_hostile_name_is_not_carried_back_whole() -> None:
    with pytest.raises(BadArgs) as refused:
        read_request(rspec(f"<a:{'x' * 10_000}/>"))
    assert len(str(refused.value)) < 400


@given(st.data())
def test_whatever_is_changed_in_a_request_ends_in_a_request_or_a_refusal(data: st.DataObject) -> None:
    text = rspec('<a:island name="alien"/>')
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(st.text(max_size=6))
    with contextlib.suppress(TbamError):
        read_request(text[:at] + put + text[at + cut :])


def test_a_request_as_it_is_read_is_as_the_schema_has_it() -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    assert schema.validate(etree.fromstring(rspec('<a:island name="alien"/>')))
    assert not schema.validate(etree.fromstring(rspec(VLAN='<a:VLAN OFELIA="5000" ALIEN="20"/>')))
