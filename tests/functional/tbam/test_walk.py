"""Every call and option, walked through by a client that knows the API's text alone."""

import base64
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from reservation.pauses import PauseCause, begin_pause, end_pauses
from tests.functional.tbam.client import ScriptedClient
from tests.functional.tbam.conftest import Aggregate, geni_sfa, slice_urn
from tests.functional.tbam.rspecs import AGGREGATE, GENI, request

HOUR = timedelta(hours=1)
BOTH = {"geni_best_effort": True}


@pytest.fixture
def alice(aggregate: Aggregate) -> Iterator[ScriptedClient]:
    with aggregate.client("alice") as client:
        yield client


def at(aggregate: Aggregate, hours: float) -> str:
    return f"{aggregate.now + hours * HOUR:%Y-%m-%dT%H:%M:%SZ}"


@contextmanager
def maintenance(aggregate: Aggregate, gateway: str) -> Iterator[None]:
    store, cause = aggregate.house.store, PauseCause.MAINTENANCE
    now = aggregate.now
    store.write(lambda s: begin_pause(s, cause, device=gateway, now=now, actor="op", reason="a line card"))
    yield
    store.write(lambda s: end_pauses(s, [cause], device=gateway))


class TestGetVersion:
    def test_says_what_this_is_with_the_apis_types(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        answer = alice.get_version()
        assert answer.whole["geni_api"] == 3
        assert type(answer.whole["geni_api"]) is int
        value = answer.value
        assert value["geni_api"] == 3
        assert value["geni_api_versions"] == {"3": f"{aggregate.url}/am/3"}
        for kind, name in (("request", "geni_request_rspec_versions"), ("ad", "geni_ad_rspec_versions")):
            [version] = value[name]
            assert version == {
                "type": "GENI",
                "version": "3",
                "schema": f"{GENI}/{kind}.xsd",
                "namespace": GENI,
                "extensions": [AGGREGATE],
            }
        assert {"geni_type": "geni_sfa", "geni_version": "3"} in value["geni_credential_types"]
        assert type(value["geni_single_allocation"]) is int
        assert value["geni_allocate"] in {"geni_single", "geni_disjoint", "geni_many"}

    def test_needs_no_options_and_no_credential(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        assert alice.call("GetVersion").code == 0
        assert aggregate.calls[-1].operation == "GetVersion"

    def test_says_where_it_is_by_the_name_the_client_has(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        body = b"<methodCall><methodName>GetVersion</methodName></methodCall>"
        for host, told in (
            ("am.example.net:443", b"https://am.example.net:443/am/3"),
            ("<b>", b"https://127"),
        ):
            status, content = alice.post(body, Host=host)
            assert (status, told in content) == (200, True), content


class TestListResources:
    def test_tells_islands_and_when_they_are_taken(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        mine = aggregate.credentials("ad")
        rspec = request(aggregate.now + HOUR, aggregate.now + 2 * HOUR)
        assert alice.allocate(slice_urn("ad"), mine, rspec).code == 0
        whoever = geni_sfa(aggregate.federation.user_credential("alice"))
        root = etree.fromstring(alice.list_resources(whoever).value)
        assert (root.tag, root.get("type")) == (f"{{{GENI}}}rspec", "advertisement")
        names = [island.get("name") for island in root.iterfind(f"{{{AGGREGATE}}}resources")]
        assert names == ["east", "west"]
        [taken] = root.iter(f"{{{AGGREGATE}}}reservation")
        assert taken.get("slice_urn") == slice_urn("ad")

    def test_compressed_as_it_is_asked_for(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        mine = aggregate.credentials("ad")
        packed = alice.list_resources(mine, geni_compressed=True).value
        plain = zlib.decompress(base64.b64decode(packed, validate=True)).decode()
        assert plain == alice.list_resources(mine, geni_compressed=False).value

    def test_available_leaves_out_what_is_in_maintenance(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        mine = aggregate.credentials("ad")
        with maintenance(aggregate, "gateway-east"):
            told = alice.list_resources(mine, geni_available=True).value
            assert 'name="west"' in told
            assert 'name="east"' not in told
            assert 'name="east"' in alice.list_resources(mine, geni_available=False).value
            rspec = request(aggregate.now + HOUR, aggregate.now + 2 * HOUR)
            assert alice.allocate(slice_urn("ad"), mine, rspec).code == 11


class TestLife:
    def test_from_allocate_to_delete(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        mine, urns = aggregate.credentials("life"), [slice_urn("life")]
        start, end = aggregate.now + HOUR, aggregate.now + 3 * HOUR
        allocated = alice.allocate(urns[0], mine, request(start, end))
        assert allocated.states == ("geni_allocated", "geni_pending_allocation")
        assert 'type="manifest"' in allocated.value["geni_rspec"]
        sliver = allocated.sliver["geni_sliver_urn"]
        assert sliver != urns[0]
        assert allocated.sliver["geni_start_time"] == at(aggregate, 1)

        provisioned = alice.provision(urns, mine, geni_users=[{"urn": "urn:x", "keys": ["ssh-rsa A"]}])
        assert provisioned.states == ("geni_provisioned", "geni_configuring")
        assert "612cca94" in provisioned.value["geni_rspec"], "the project is kept"
        described = alice.describe([sliver], mine, geni_compressed=True)
        assert described.value["geni_urn"] == urns[0]
        plain = zlib.decompress(base64.b64decode(described.value["geni_rspec"])).decode()
        assert plain == provisioned.value["geni_rspec"]

        assert alice.act(urns, mine, "geni_start").code == 13
        aggregate.house.at(start)
        assert alice.status(urns, mine).states == ("geni_provisioned", "geni_ready")
        assert len(aggregate.house.east.ours) == 3
        assert alice.act([sliver], mine, "geni_stop").states == ("geni_provisioned", "geni_stopping")
        aggregate.house.run()
        assert alice.status(urns, mine).states == ("geni_provisioned", "geni_notready")
        assert aggregate.house.east.ours == []
        assert alice.act(urns, mine, "geni_start").code == 0
        aggregate.house.run()
        assert alice.status(urns, mine).states == ("geni_provisioned", "geni_ready")
        assert alice.act(urns, mine, "geni_restart").code == 0
        for _ in range(4):
            aggregate.house.clock.at += timedelta(seconds=1)
            aggregate.house.run()
        assert alice.status(urns, mine).states == ("geni_provisioned", "geni_ready")

        until = at(aggregate, 4)
        assert alice.renew(urns, mine, until).sliver["geni_expires"] == until
        assert alice.status(urns, mine).sliver["geni_end_time"] == until

        gone = alice.delete(urns, mine)
        assert gone.sliver["geni_allocation_status"] == "geni_unallocated"
        for answer in (
            alice.status(urns, mine),
            alice.describe([sliver], mine),
            alice.delete(urns, mine),
            alice.renew([sliver], mine, until),
        ):
            assert answer.code == 12, answer
        aggregate.house.run()
        assert aggregate.house.east.ours == []

    def test_the_slot_may_come_as_options(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        mine, urn = aggregate.credentials("options"), slice_urn("options")
        told = alice.allocate(
            urn, mine, request(), geni_start_time=at(aggregate, 1), geni_end_time=at(aggregate, 2)
        )
        assert told.sliver["geni_start_time"] == at(aggregate, 1)
        assert told.sliver["geni_end_time"] == at(aggregate, 2)
        again = alice.allocate(urn, mine, request(), geni_end_time=at(aggregate, 3))
        assert again.sliver["geni_start_time"] == at(aggregate, 0)
        assert again.sliver["geni_sliver_urn"] == told.sliver["geni_sliver_urn"]

    def test_an_end_beside_a_timeslot_is_when_the_sliver_expires(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        mine, urn = aggregate.credentials("sooner"), slice_urn("sooner")
        rspec = request(aggregate.now + HOUR, aggregate.now + 3 * HOUR)
        told = alice.allocate(urn, mine, rspec, geni_end_time=at(aggregate, 2))
        assert told.sliver["geni_end_time"] == at(aggregate, 3)
        assert told.sliver["geni_expires"] == at(aggregate, 2)
        later = alice.provision([urn], mine, geni_end_time=at(aggregate, 2.5))
        assert later.sliver["geni_expires"] == at(aggregate, 2.5)

    def test_provision_of_another_slot_than_the_allocated(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        mine, urn = aggregate.credentials("slot"), slice_urn("slot")
        assert alice.allocate(urn, mine, request(aggregate.now + HOUR, aggregate.now + 2 * HOUR)).code == 0
        other = {"geni_start_time": at(aggregate, 1), "geni_end_time": at(aggregate, 3)}
        assert alice.provision([urn], mine, **other).code == 1
        same = {"geni_start_time": at(aggregate, 1), "geni_end_time": at(aggregate, 2)}
        assert alice.provision([urn], mine, **same).code == 0

    def test_credentials_end_bounds_renewal_but_for_alap(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        mine, urn = aggregate.credentials("alap", lasts=timedelta(days=9)), slice_urn("alap")
        rspec = request(aggregate.now + HOUR, aggregate.now + 2 * HOUR)
        assert alice.allocate(urn, mine, rspec).code == 0
        assert alice.provision([urn], mine).code == 0
        far = at(aggregate, 24 * 11)
        refused = alice.renew([urn], mine, far)
        assert refused.code == 19
        told = alice.renew([urn], mine, far, geni_extend_alap=True)
        assert told.sliver["geni_expires"] < far
        assert told.sliver["geni_expires"] > at(aggregate, 24)

    def test_shutdown_is_the_end(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        urn, mine = slice_urn("shut"), aggregate.credentials("shut")
        rspec = request(aggregate.now + HOUR, aggregate.now + 2 * HOUR)
        assert alice.allocate(urn, mine, rspec).code == 0
        done = alice.shutdown(urn, mine)
        assert (done.code, done.value) == (0, True)
        for answer in (
            alice.status([urn], mine),
            alice.allocate(urn, mine, rspec),
            alice.provision([urn], mine),
            alice.delete([urn], mine),
        ):
            assert answer.code == 7, answer


class TestSeveralIslands:
    @pytest.fixture
    def two(self, aggregate: Aggregate, alice: ScriptedClient) -> tuple[str, list[Any], list[str]]:
        """A slice with both islands, the first provisioned already."""
        mine, urn = aggregate.credentials("two"), slice_urn("two")
        start, end = aggregate.now + HOUR, aggregate.now + 2 * HOUR
        east = alice.allocate(urn, mine, request(start, end)).sliver["geni_sliver_urn"]
        west = alice.allocate(urn, mine, request(start, end, island="west")).sliver["geni_sliver_urn"]
        assert east != west
        assert alice.provision([east], mine).code == 0
        return urn, mine, [east, west]

    def test_one_of_them_by_its_urn(
        self, alice: ScriptedClient, two: tuple[str, list[Any], list[str]]
    ) -> None:
        urn, mine, (east, west) = two
        assert len(alice.status([urn], mine).slivers) == 2
        assert alice.status([west], mine).states[0] == "geni_allocated"
        assert alice.status([east], mine).states[0] == "geni_provisioned"
        assert len(alice.status([east, west], mine).slivers) == 2

    @pytest.mark.parametrize("best_effort", [False, True])
    def test_provision(
        self, alice: ScriptedClient, two: tuple[str, list[Any], list[str]], best_effort: bool
    ) -> None:
        _, mine, slivers = two
        told = alice.provision(slivers, mine, geni_best_effort=best_effort)
        states = {one["geni_sliver_urn"]: one["geni_allocation_status"] for one in told.slivers}
        assert states == dict.fromkeys(slivers, "geni_provisioned")

    def test_all_or_none_and_as_many_as_can_be(
        self, aggregate: Aggregate, alice: ScriptedClient, two: tuple[str, list[Any], list[str]]
    ) -> None:
        _, mine, (east, west) = two
        aggregate.house.at(aggregate.now + HOUR)
        # East runs; west is only allocated, so there is nothing to stop.
        assert alice.act([east, west], mine, "geni_stop").code == 13
        aggregate.house.run()
        assert alice.status([east], mine).states[1] == "geni_ready"
        told = {
            one["geni_sliver_urn"]: one for one in alice.act([east, west], mine, "geni_stop", **BOTH).slivers
        }
        assert told[east]["geni_error"] == ""
        assert "not running" in told[west]["geni_error"]
        aggregate.house.run()
        assert alice.status([east], mine).states[1] == "geni_notready"
        assert alice.act([west], mine, "geni_stop", **BOTH).code == 13

    def test_renew_as_many_as_can_be(
        self, aggregate: Aggregate, alice: ScriptedClient, two: tuple[str, list[Any], list[str]]
    ) -> None:
        urn, mine, slivers = two
        with aggregate.client("bob") as bob:
            # Bob has east right after, so that alone cannot be had longer.
            after = request(aggregate.now + 2 * HOUR, aggregate.now + 3 * HOUR)
            assert bob.allocate(slice_urn("after"), aggregate.credentials("after", "bob"), after).code == 0
        until = at(aggregate, 2.5)
        assert alice.renew(slivers, mine, until).code == 17
        assert all(one["geni_end_time"] == at(aggregate, 2) for one in alice.status([urn], mine).slivers)
        told = alice.renew(slivers, mine, until, **BOTH).slivers
        assert {one["geni_end_time"] for one in told} == {at(aggregate, 2), until}
        assert [bool(one["geni_error"]) for one in told].count(True) == 1

    def test_one_that_is_not_there_does_not_hinder_the_others_where_that_was_said(
        self, aggregate: Aggregate, alice: ScriptedClient, two: tuple[str, list[Any], list[str]]
    ) -> None:
        urn, mine, (east, west) = two
        assert alice.delete([west], mine).code == 0
        assert alice.renew([east, west], mine, at(aggregate, 1.5)).code == 12
        renewed = alice.renew([west, east], mine, at(aggregate, 1.5), **BOTH)
        for answer in (renewed, alice.delete([east, west], mine, **BOTH)):
            told = {one["geni_sliver_urn"]: one for one in answer.slivers}
            assert told[east]["geni_error"] == ""
            assert "no such sliver" in told[west]["geni_error"]
            assert told[west]["geni_allocation_status"] == "geni_unallocated"
        assert alice.delete([east, west], mine, **BOTH).code == 12
        assert alice.status([urn], mine).code == 12

    def test_delete_as_many_as_can_be(
        self, alice: ScriptedClient, two: tuple[str, list[Any], list[str]]
    ) -> None:
        urn, mine, slivers = two
        assert len(alice.delete(slivers, mine, **BOTH).slivers) == 2
        assert alice.status([urn], mine).code == 12
