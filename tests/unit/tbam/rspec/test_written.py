"""The RSpecs that are written: golden files, the schemas, and a manifest that can be asked for again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from netconfig.gateway import ControllerProxy
from reservation.model import TimeSlot
from tbam.rspec import AGGREGATE, read_request, write_advertisement, write_manifest
from tbam.values import (
    Allocation,
    IslandRequest,
    IslandView,
    Link,
    Operational,
    Owner,
    Project,
    Reserved,
    Sliver,
    Switch,
    Vlan,
)

ROOT = Path(__file__).resolve().parents[4]
GOLDEN = ROOT / "tests" / "fixtures" / "tbam"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLOT = TimeSlot(NOON + timedelta(microseconds=250_000), NOON + timedelta(hours=2))
SLICE = "urn:publicid:IDN+example.org:lab+slice+waves"
ISLANDS = (
    IslandView(
        name="alien",
        available=True,
        switches=(Switch("00:00:00:00:00:00:00:00"), Switch("00:00:00:00:00:00:00:01")),
        links=(Link("00:00:00:00:00:00:00:00", "5", "00:00:00:00:00:00:00:01", "1"),),
        reserved=(Reserved("alien", SLOT, SLICE),),
    ),
    IslandView(name="second", available=False, switches=(), links=(), reserved=()),
)


def request(**changes: object) -> IslandRequest:
    values: dict[str, object] = {
        "aggregate": "alien",
        "slice_urn": SLICE,
        "slot": SLOT,
        "vlans": (Vlan(10, 0), Vlan(30, 20), Vlan(None, 21)),
        "controller": ControllerProxy("192.0.2.7", 6633),
        "project": Project("612cca94-1a7a-4431-87d0-8572399385aa", "Project_test"),
    }
    return IslandRequest(**{**values, **changes})  # type: ignore[arg-type]


def sliver(asked: IslandRequest, **changes: object) -> Sliver:
    values: dict[str, object] = {
        "reservation_id": 7,
        "sliver_urn": "urn:publicid:IDN+example.org:tbam+sliver+alien-7",
        "slice_urn": SLICE,
        "aggregate": "alien",
        "owner": Owner("urn:publicid:IDN+example.org+user+ada", "CN=ada"),
        "slot": SLOT,
        "expires_at": NOON + timedelta(days=2),
        "allocation": Allocation.PROVISIONED,
        "operational": Operational.READY,
        "stopped": False,
        "error": "",
        "request": asked,
    }
    return Sliver(**{**values, **changes})  # type: ignore[arg-type]


def schema(kind: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(ROOT / "schemas" / f"rspec-{kind}.xsd"))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ad", write_advertisement(ISLANDS, now=NOON)),
        ("manifest", write_manifest([sliver(request())])),
    ],
)
def test_it_is_as_the_golden_file_and_the_schema_have_it(kind: str, text: str) -> None:
    assert text == (GOLDEN / f"{kind}.xml").read_text(encoding="utf-8")
    schema(kind).assertValid(etree.fromstring(text))


def test_nothing_to_tell_is_an_rspec_too() -> None:
    schema("ad").assertValid(etree.fromstring(write_advertisement([], now=NOON)))
    schema("manifest").assertValid(etree.fromstring(write_manifest([])))


def test_a_manifest_tells_the_state_and_what_the_device_said() -> None:
    text = write_manifest([sliver(request(), operational=Operational.FAILED, error="no\x00 route <to> it\n")])
    told = etree.fromstring(text)[0]
    schema("manifest").assertValid(etree.fromstring(text))
    assert told.get("operational_status") == "geni_failed"
    assert told.get("error") == "no  route <to> it "


VLANS = st.lists(
    st.builds(Vlan, ofelia=st.none() | st.integers(1, 4094), alien=st.integers(0, 4094)),
    max_size=6,
    unique_by=(lambda vlan: vlan.alien, lambda vlan: vlan.ofelia or -vlan.alien - 1),
).map(tuple)
SECONDS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - made aware below
    lambda naive: naive.replace(microsecond=0, tzinfo=UTC)
)
HOSTS = st.sampled_from(["192.0.2.1", "2001:db8::1", "ctrl.pc", "tcp.example.org"])


@given(vlans=VLANS, start=SECONDS, length=st.integers(1, 10**7), host=HOSTS, port=st.integers(1, 65535))
def test_what_a_manifest_tells_can_be_asked_for_again(
    vlans: tuple[Vlan, ...], start: datetime, length: int, host: str, port: int
) -> None:
    slot = TimeSlot(start, start + timedelta(seconds=length))
    asked = request(vlans=vlans, slot=slot, controller=ControllerProxy(host, port))
    told = etree.fromstring(write_manifest([sliver(asked, slot=slot)]))
    assert {child.tag for child in told} == {f"{{{AGGREGATE}}}sliver"}
    told.set("type", "request")
    children = list(told[0])
    told.remove(told[0])
    told.extend(children)
    assert read_request(etree.tostring(told, encoding="unicode")) == asked
