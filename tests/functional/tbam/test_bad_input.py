"""What is wrong with a request is told by a code and a sentence; nothing is booked, nothing is pushed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from store import StoreUnavailable
from tests.functional.tbam.client import Answer, ScriptedClient
from tests.functional.tbam.conftest import Aggregate, slice_urn
from tests.functional.tbam.rspecs import AGGREGATE, GENI, deployed, request

HOUR = timedelta(hours=1)
URN = slice_urn("bad")


@pytest.fixture
def alice(aggregate: Aggregate) -> Iterator[ScriptedClient]:
    """Whatever she asks for leaves nothing behind."""
    before = aggregate.footprint()
    with aggregate.client("alice") as client:
        yield client
    assert aggregate.footprint() == before


def refused(answer: Answer, code: int, *words: str) -> None:
    assert answer.code == code, answer
    for word in words:
        assert word in answer.output, answer.output
    assert len(answer.output) < 600


def good_slot(aggregate: Aggregate) -> dict[str, Any]:
    return {"start": aggregate.now + HOUR, "end": aggregate.now + 2 * HOUR}


class TestRspecs:
    def allocate(self, aggregate: Aggregate, alice: ScriptedClient, rspec: str, **options: Any) -> Answer:
        return alice.allocate(URN, aggregate.credentials("bad"), rspec, **options)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"controller": "; reboot"}, ["controller", "; reboot"]),
            ({"controller": "tcp:ctrl.pc"}, ["controller"]),
            ({"controller": "$(reboot):6633"}, ["controller"]),
            ({"controller": "192.0.2.1:99999"}, ["controller"]),
            ({"vlans": '<a:VLAN OFELIA="5000" ALIEN="20"/>'}, ["OFELIA", "5000", "4094"]),
            ({"vlans": '<a:VLAN OFELIA="10" ALIEN="5000"/>'}, ["ALIEN", "5000"]),
            ({"vlans": '<a:VLAN OFELIA="10" ALIEN="1"/>' * 2}, ["OFELIA", "10", "already"]),
            (
                {"vlans": '<a:VLAN OFELIA="10" ALIEN="1"/><a:VLAN OFELIA="11" ALIEN="1"/>'},
                ["ALIEN", "already"],
            ),
            ({"vlans": '<a:VLAN OFELIA="ten" ALIEN="1"/>'}, ["OFELIA", "ten"]),
            ({"project": ""}, ["project"]),
            ({"project": '<a:project projectID="$(id)" projectName=";"/>'}, ["project"]),
            ({"island": "atlantis"}, ["atlantis", "east", "west"]),
            ({"slice_urn": slice_urn("other")}, ["other", "bad"]),
            ({"slice_urn": "not a urn"}, ["not a urn"]),
            ({"kind": "manifest"}, ["manifest", "request"]),
            ({"more": "<a:frobnicate/>"}, ["frobnicate"]),
            ({"head": '<!DOCTYPE r [<!ENTITY a "b">]>'}, ["document type"]),
            ({"head": '<!DOCTYPE r SYSTEM "file:///etc/passwd">'}, ["document type"]),
        ],
    )
    def test_what_is_in_it(
        self, aggregate: Aggregate, alice: ScriptedClient, changes: dict[str, Any], words: list[str]
    ) -> None:
        rspec = request(**{**good_slot(aggregate), **changes})
        refused(self.allocate(aggregate, alice, rspec), 1, *words)

    @pytest.mark.parametrize(
        "slot",
        [
            '<a:timeslot start_time="30/02/2027 10:00:00" end_time="30/02/2027 11:00:00"/>',
            '<a:timeslot start_time="2027-02-20" end_time="2027-02-21"/>',
            '<a:timeslot start_time="soon" end_time="later"/>',
            '<a:timeslot start_time="20/02/2027 10:00:00"/>',
            '<a:timeslot start_time="20/02/2027 11:00:00" end_time="20/02/2027 10:00:00"/>',
            '<a:timeslot start_time="20/02/2027 10:00:00" end_time="20/02/2027 10:00:00"/>',
        ],
    )
    def test_dates(self, aggregate: Aggregate, alice: ScriptedClient, slot: str) -> None:
        refused(self.allocate(aggregate, alice, request(timeslot=slot)), 1, "timeslot")

    @pytest.mark.parametrize(
        ("start", "end"),
        [(-2 * HOUR, -HOUR), (-HOUR, HOUR), (HOUR, timedelta(days=90)), (380 * 24 * HOUR, 381 * 24 * HOUR)],
    )
    def test_times_that_cannot_be_had(
        self, aggregate: Aggregate, alice: ScriptedClient, start: timedelta, end: timedelta
    ) -> None:
        rspec = request(aggregate.now + start, aggregate.now + end)
        refused(self.allocate(aggregate, alice, rspec), 19)

    @pytest.mark.parametrize(
        "rspec",
        [
            "",
            "not xml",
            "<rspec",
            "<rspec/>",
            f'<rspec xmlns="{AGGREGATE}" type="request"/>',
            f'<request xmlns="{GENI}"/>',
            f'<rspec xmlns="{GENI}"/>',
            "<?xml version='1.0' encoding='klingon'?><rspec/>",
            "<a>" * 500,
        ],
    )
    def test_what_is_no_request(self, aggregate: Aggregate, alice: ScriptedClient, rspec: str) -> None:
        refused(self.allocate(aggregate, alice, rspec), 1, "RSpec")

    def test_elements_of_another_namespace_say_nothing(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        rspec = request(**good_slot(aggregate)).replace(AGGREGATE, "http://example.com/elsewhere")
        refused(self.allocate(aggregate, alice, rspec), 1, "no controller")

    def test_no_slot_and_no_island_are_missing(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        refused(self.allocate(aggregate, alice, request()), 18, "timeslot", "geni_end_time")
        refused(self.allocate(aggregate, alice, request(**good_slot(aggregate), island=None)), 18, "east")

    def test_slots_among_the_options(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        start, end = (f"{aggregate.now + hours * HOUR:%Y-%m-%dT%H:%M:%SZ}" for hours in (1, 2))
        cases: list[tuple[dict[str, Any], str]] = [
            ({"geni_start_time": start}, "geni_end_time"),
            ({"geni_start_time": end, "geni_end_time": start}, "not after"),
            ({"geni_start_time": "soon", "geni_end_time": end}, "geni_start_time"),
        ]
        for options, word in cases:
            refused(self.allocate(aggregate, alice, request(), **options), 1, word)
        both = request(**good_slot(aggregate))
        refused(self.allocate(aggregate, alice, both, geni_start_time=end), 1, "contradict")

    def test_ten_megabytes_are_too_big(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        rspec = request(**good_slot(aggregate), more=f"<!--{'x' * 10_000_000}-->")
        refused(self.allocate(aggregate, alice, rspec), 6, "1048576")

    def test_a_bomb_goes_off_nowhere(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
            f'<!ENTITY {name} "{f"&{last};" * 10}">'
            for last, name in zip("abcdefgh", "bcdefghi", strict=True)
        )
        rspec = request(**good_slot(aggregate), head=f"<!DOCTYPE rspec [{entities}]>", more="<x>&i;</x>")
        refused(self.allocate(aggregate, alice, rspec), 1)

    def test_nothing_of_a_file_is_read(
        self, aggregate: Aggregate, alice: ScriptedClient, tmp_path: Path
    ) -> None:
        secret = tmp_path / "secret"
        secret.write_text("s3cr3t", encoding="utf-8")
        head = f'<!DOCTYPE rspec [<!ENTITY f SYSTEM "file://{secret}">]>'
        rspec = request(**good_slot(aggregate), head=head, controller="&f;:6633")
        answer = self.allocate(aggregate, alice, rspec)
        refused(answer, 1)
        assert "s3cr3t" not in answer.output

    def test_taken_slot_names_whose_it_is(self, aggregate: Aggregate) -> None:
        with aggregate.client("bob") as bob, aggregate.client("alice") as alice:
            rspec = request(**good_slot(aggregate))
            assert bob.allocate(slice_urn("bobs"), aggregate.credentials("bobs", "bob"), rspec).code == 0
            refused(self.allocate(aggregate, alice, rspec), 17, slice_urn("bobs"))
            next_one = request(aggregate.now + 2 * HOUR, aggregate.now + 3 * HOUR)
            assert self.allocate(aggregate, alice, next_one).code == 0, "back-to-back slots do not collide"


class TestArguments:
    @pytest.mark.parametrize(
        "urns",
        [
            [slice_urn("bad"), slice_urn("worse")],
            [slice_urn("bad"), "urn:publicid:IDN+fermilab.example:tbam+sliver+1"],
            ["urn:publicid:IDN+example.net+user+alice"],
            [],
            ["; reboot"],
        ],
    )
    def test_urns(self, aggregate: Aggregate, alice: ScriptedClient, urns: list[str]) -> None:
        mine = aggregate.credentials("bad")
        for answer in (
            alice.status(urns, mine),
            alice.describe(urns, mine),
            alice.provision(urns, mine),
            alice.renew(urns, mine, "2030-01-01T00:00:00Z"),
            alice.delete(urns, mine),
            alice.act(urns, mine, "geni_start"),
        ):
            refused(answer, 1, "urn")

    def test_slivers_of_two_slices(self, aggregate: Aggregate) -> None:
        with aggregate.client("alice") as alice:
            slivers = []
            for name, island in (("one", "east"), ("two", "west")):
                rspec = request(**good_slot(aggregate), island=island)
                told = alice.allocate(slice_urn(name), aggregate.credentials(name), rspec)
                slivers.append(told.sliver["geni_sliver_urn"])
            both = aggregate.credentials("one") + aggregate.credentials("two")
            refused(alice.delete(slivers, both), 1, "several slices")
            assert alice.status([slice_urn("one")], both).code == 0
            assert alice.status([slice_urn("two")], both).code == 0

    @pytest.mark.parametrize("action", ["geni_frobnicate", "", "; reboot", "GENI_START"])
    def test_unknown_action(self, aggregate: Aggregate, alice: ScriptedClient, action: str) -> None:
        refused(alice.act([URN], aggregate.credentials("bad"), action), 13, "geni_restart")

    @pytest.mark.parametrize("until", ["tomorrow", "", 7, True, [], "2027-02-30T00:00:00Z"])
    def test_expiration_time(self, aggregate: Aggregate, alice: ScriptedClient, until: Any) -> None:
        refused(alice.renew([URN], aggregate.credentials("bad"), until), 1, "expiration_time")

    def test_what_is_not_there(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        mine = aggregate.credentials("bad")
        for urns in ([URN], ["urn:publicid:IDN+fermilab.example:tbam+sliver+987654"]):
            for answer in (
                alice.status(urns, mine),
                alice.describe(urns, mine),
                alice.provision(urns, mine),
                alice.renew(urns, mine, f"{aggregate.now + HOUR:%Y-%m-%dT%H:%M:%SZ}"),
                alice.delete(urns, mine),
                alice.act(urns, mine, "geni_start"),
            ):
                refused(answer, 12)

    @pytest.mark.parametrize("method", ["Allocate", "Status", "Shutdown", "GetVersion"])
    def test_too_few_and_nil(self, alice: ScriptedClient, method: str) -> None:
        refused(alice.call(method, {}, {}), 1, method)
        refused(alice.call("Status", None, None, None, allow_none=True), 1, "urns")


class TestOptions:
    def test_the_rspec_version_is_asked_for_and_has_to_be_ours(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        mine = aggregate.credentials("bad")
        for method, parameters in (
            ("ListResources", (mine,)),
            ("Describe", ([URN], mine)),
            ("Provision", ([URN], mine)),
        ):
            refused(alice.call(method, *parameters, {}), 1, "geni_rspec_version", "missing")
            other = {"geni_rspec_version": {"type": "ProtoGENI", "version": "2"}}
            refused(alice.call(method, *parameters, other), 4, "GENI")

    def test_one_of_another_type_is_named_whatever_the_call(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        mine, wrong = aggregate.credentials("bad"), {"geni_best_effort": "yes"}
        for answer in (
            alice.call("GetVersion", wrong),
            alice.list_resources(mine, **wrong),
            alice.describe([URN], mine, **wrong),
            alice.allocate(URN, mine, request(**good_slot(aggregate)), **wrong),
            alice.provision([URN], mine, **wrong),
            alice.status([URN], mine, **wrong),
            alice.act([URN], mine, "geni_start", **wrong),
            alice.renew([URN], mine, "2030-01-01T00:00:00Z", **wrong),
            alice.delete([URN], mine, **wrong),
            alice.shutdown(URN, mine, **wrong),
        ):
            refused(answer, 1, "geni_best_effort")

    def test_one_that_is_not_known_is_ignored(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        mine = aggregate.credentials("bad")
        assert alice.list_resources(mine, call_id="x", geni_frobnicate=[1]).code == 0


class TestOurSide:
    def test_a_defect_is_a_code_and_its_story_is_in_the_log_alone(
        self, aggregate: Aggregate, alice: ScriptedClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken() -> Any:
            raise RuntimeError("secret")

        monkeypatch.setattr(aggregate.house.manager, "islands", broken)
        answer = alice.list_resources(aggregate.credentials("bad"))
        refused(answer, 5, "request id", aggregate.calls[-1].request_id)
        assert "secret" not in answer.output
        assert aggregate.calls[-1].code == "servererror"

    def test_a_database_that_is_away(
        self, aggregate: Aggregate, alice: ScriptedClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: Any) -> Any:
            raise StoreUnavailable("password=secret")

        monkeypatch.setattr(type(aggregate.house.store), "read", away)
        answer = alice.status([URN], aggregate.credentials("bad"))
        monkeypatch.undo()
        refused(answer, 9, "database")
        assert "secret" not in answer.output


def test_written_dates_are_read_back(aggregate: Aggregate) -> None:
    """Zero padding is optional, as deployed clients send it."""
    start = (aggregate.now + timedelta(days=2)).replace(hour=9, minute=5, second=3)
    words = deployed(start).split(" ")
    bare = f"{start.day}/{start.month}/{start.year} 9:5:3"
    slot = f'<a:timeslot start_time="{bare}" end_time="{words[0]} 11:00:00"/>'
    with aggregate.client("alice") as alice:
        told = alice.allocate(URN, aggregate.credentials("bad"), request(timeslot=slot))
        assert told.sliver["geni_start_time"] == f"{start:%Y-%m-%dT%H:%M:%SZ}"
