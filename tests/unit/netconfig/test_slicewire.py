"""A slice's state survives the wire; nothing else gets past."""

import json
import xmlrpc.client
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netconfig.gateway import ControllerProxy, UserAccess, VlanMap, VlanPair
from netconfig.slicestate import BadWord, Carried, Held, Order, Report, SliceKey, SliceState
from netconfig.slicewire import dump_order, dump_report, load_order, load_report, load_vlans
from netconfig.xmlrpcwire import (
    Fault,
    NotXmlRpc,
    read_answer,
    read_call,
    write_answer,
    write_call,
    write_fault,
)

GOLDEN = Path(__file__).parents[2] / "fixtures" / "ofgw_agent" / "setState.xml"
UNTIL = datetime(2026, 11, 22, 10, tzinfo=UTC)
SLICE = SliceState(
    SliceKey("FNAL", "6f1c4a52-9d0e-4b0c-8f43-2a2f6f0b7c11", 42),
    UNTIL,
    Carried(
        ControllerProxy("192.0.2.1", 6633),
        VlanMap((VlanPair(10, 0), VlanPair(30, 20))),
        UserAccess("1_demo"),
    ),
)
ORDER = Order("FNAL", SLICE.key.database, SLICE, SliceKey("CIT", "", 7))
ports = st.integers(1, 65535)
vlans = st.lists(st.integers(1, 4094), unique=True, min_size=1, max_size=5)
carried = st.builds(
    Carried,
    st.none() | st.builds(ControllerProxy, st.sampled_from(["192.0.2.1", "2001:db8::1", "c.example"]), ports),
    st.none()
    | st.builds(
        lambda outside, inside: VlanMap(tuple(sorted(map(VlanPair, outside, inside)))),
        vlans,
        vlans.map(lambda ids: [0, *ids[1:]]),
    ),
    st.none() | st.builds(UserAccess, st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,20}\Z")),
)
slices = st.builds(
    SliceState,
    st.builds(SliceKey, st.just("FNAL"), st.just("db"), st.integers(0, 2**31 - 1)),
    st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    carried,
)


@given(slices, st.booleans())
def test_orders_and_reports_come_back_from_the_wire_as_they_were(state: SliceState, is_wanted: bool) -> None:
    order = Order("FNAL", "db", state)
    _, (told,) = read_call(write_call("setState", dump_order(order)))
    assert load_order(told) == order
    report = Report(
        UNTIL, (Held(state, is_wanted),), {"vlans": "no switch <&>"}, "ended", "agent", {"group": "x"}
    )
    assert load_report(read_answer(write_answer(dump_report(report)))) == report
    assert load_report(json.loads(json.dumps(dump_report(report)))) == report


def test_the_wire_is_the_golden_one() -> None:
    assert write_call("setState", dump_order(ORDER)).decode() == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("given", [{"10": "0xffff", "30": "20"}, {"0xA": "0xFFFF", "30": 20}])
def test_vlans_are_read_however_their_numbers_are_written(given: dict[str, object]) -> None:
    assert load_vlans(given) == SLICE.carried.vlans


HOSTILE = "; reboot"


@pytest.mark.parametrize(
    ("path", "word", "field"),
    [
        (("station",), "a b", "station"),
        (("station",), "", "station"),
        (("database",), "../../etc", "database"),
        (("slice", "reservation"), "42", "reservation"),
        (("slice", "reservation"), True, "reservation"),
        (("slice", "reservation"), -1, "reservation"),
        (("slice", "until"), "tomorrow", "until"),
        (("slice", "until"), "2026-11-22T10:00:00", "until"),
        (("slice", "until"), 5, "until"),
        (("slice", "controller"), HOSTILE, "controller"),
        (("slice", "controller"), "$(reboot):6633", "controller"),
        (("slice", "controller"), ["192.0.2.1:6633"], "controller"),
        (("slice", "group"), HOSTILE, "group"),
        (("slice", "group"), "demo) : ALL\n+ : (wheel", "group"),
        (("slice", "group"), 5, "group"),
        (("slice", "vlans"), {"10": "0xffff", "0x0a": "20"}, "vlans"),
        (("slice", "vlans"), {"10": "5000"}, "vlans"),
        (("slice", "vlans"), {"10": "0"}, "vlans"),
        (("slice", "vlans"), {"10": HOSTILE}, "vlans"),
        (("slice", "vlans"), {"0xffff": "10"}, "vlans"),
        (("slice", "vlans"), [["10", "20"]], "vlans"),
        (("slice", "command"), "reboot", "slice"),
        (("command",), "reboot", "state"),
        (("slice",), "reboot", "slice"),
        (("instead_of",), {"station": "A"}, "instead_of"),
        (("slice", "reservation"), None, "reservation"),
    ],
)
def test_word_that_does_not_fit_is_named(path: tuple[str, ...], word: object, field: str) -> None:
    told = dump_order(ORDER)
    place: dict[str, object] = told
    for step in path[:-1]:
        place = place[step]  # type: ignore[assignment]
    place[path[-1]] = word
    with pytest.raises(BadWord) as caught:
        load_order(told)
    assert caught.value.field == field


BOMB = b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaa">]><methodCall>&a;</methodCall>'


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"reboot",
        b"<methodCall>",
        b"<methodCall/>",
        b"<methodResponse/>",
        BOMB,
        b"<?php reboot ?><methodCall/>",
        b"<methodCall><methodName>getState</methodName><params><param><value><int>x</int></value></param></params></methodCall>",
        b"<methodCall>" + b"<value><array><data>" * 30 + b"</data></array></value>" * 30 + b"</methodCall>",
        b'<?xml version="1.0" encoding="utf-7"?><methodCall/>',
        b"<methodCall>" + b"<i/>" * 60_001 + b"</methodCall>",
        b"\xff\xfe\x00<methodCall/>",
    ],
)
def test_document_that_is_no_call_is_refused(document: bytes) -> None:
    with pytest.raises(NotXmlRpc):
        read_call(document)


@pytest.mark.parametrize(
    "document",
    [
        write_call("getState"),
        xmlrpc.client.dumps((1, 2)).encode(),
        b"<methodResponse/>",
        b"<methodResponse><fault><value><int>1</int></value></fault></methodResponse>",
        BOMB,
    ],
)
def test_document_that_is_no_answer_is_refused(document: bytes) -> None:
    with pytest.raises(NotXmlRpc):
        read_answer(document)


def test_fault_comes_back_with_its_code_and_words() -> None:
    with pytest.raises(Fault, match="not-yours: taken") as caught:
        read_answer(write_fault(3, "not-yours: taken"))
    assert caught.value.code == 3
