"""Who may ask: certificates at the port, credentials in the call."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pathservice.pki import issue_client
from pathservice.pki.experimenters import init_slice_authority, issue_user
from tests.functional.tbam.client import Answer, ScriptedClient
from tests.functional.tbam.conftest import AUTHORITY, LASTS, NOW, Aggregate, geni_sfa, slice_urn
from tests.functional.tbam.rspecs import request

HOUR = timedelta(hours=1)
NAME = "guarded"
URN = slice_urn(NAME)


@pytest.fixture
def alice(aggregate: Aggregate) -> Iterator[ScriptedClient]:
    """Whatever she asks for leaves nothing behind."""
    before = aggregate.footprint()
    with aggregate.client("alice") as client:
        yield client
    assert aggregate.footprint() == before


def every_call(aggregate: Aggregate, client: ScriptedClient, credentials: Any) -> dict[str, Answer]:
    """All calls that take credentials, each right but for those."""
    rspec = request(aggregate.now + HOUR, aggregate.now + 2 * HOUR)
    return {
        "ListResources": client.list_resources(credentials),
        "Describe": client.describe([URN], credentials),
        "Allocate": client.allocate(URN, credentials, rspec),
        "Provision": client.provision([URN], credentials),
        "Status": client.status([URN], credentials),
        "PerformOperationalAction": client.act([URN], credentials, "geni_start"),
        "Renew": client.renew([URN], credentials, f"{aggregate.now + HOUR:%Y-%m-%dT%H:%M:%SZ}"),
        "Delete": client.delete([URN], credentials),
        "Shutdown": client.shutdown(URN, credentials),
    }


def codes(answers: dict[str, Answer]) -> set[int]:
    return {answer.code for answer in answers.values()}


class TestCredentials:
    def test_none_opens_nothing(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        assert codes(every_call(aggregate, alice, [])) == {18}
        assert codes(every_call(aggregate, alice, "credential")) == {1}

    @pytest.mark.parametrize(
        "text", ["", "not xml", "<signed-credential/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><signed-credential/>"]
    )
    def test_garbage_opens_nothing(self, aggregate: Aggregate, alice: ScriptedClient, text: str) -> None:
        assert codes(every_call(aggregate, alice, geni_sfa(text))) == {20}

    def test_one_that_was_tampered_with_opens_nothing(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        good = aggregate.federation.slice_credential(NAME, "alice")
        year = f"{NOW + LASTS:%Y-}"
        later = good.replace(f"<expires>{year}", "<expires>2099-")
        assert later != good
        assert codes(every_call(aggregate, alice, geni_sfa(later))) == {20}
        unsigned = good[: good.index("<signatures>")] + "<signatures/></signed-credential>"
        assert codes(every_call(aggregate, alice, geni_sfa(unsigned))) == {20}

    def test_one_that_is_over_opens_nothing(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        over = aggregate.federation.issue(NAME, "alice", "*", lasts=-timedelta(seconds=1))
        assert codes(every_call(aggregate, alice, geni_sfa(over))) == {21}

    def test_somebody_elses_opens_nothing(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        answers = every_call(aggregate, alice, aggregate.credentials(NAME, "bob"))
        assert codes(answers) == {22}
        assert "bob" in answers["Delete"].output

    def test_one_for_another_slice_lists_and_no_more(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        answers = every_call(aggregate, alice, aggregate.credentials("other"))
        assert answers.pop("ListResources").code == 0
        assert codes(answers) == {22}

    def test_a_users_own_lists_and_no_more(self, aggregate: Aggregate, alice: ScriptedClient) -> None:
        mine = geni_sfa(aggregate.federation.user_credential("alice"))
        answers = every_call(aggregate, alice, mine)
        assert answers.pop("ListResources").code == 0
        assert codes(answers) == {22}

    def test_one_of_a_foreign_signer_opens_nothing(
        self, aggregate: Aggregate, alice: ScriptedClient, tmp_path: Path
    ) -> None:
        init_slice_authority(tmp_path, AUTHORITY, now=NOW)
        foreign = aggregate.federation.issue(NAME, "alice", "*", directory=tmp_path)
        assert codes(every_call(aggregate, alice, geni_sfa(foreign))) == {23}

    @pytest.mark.parametrize(
        ("privilege", "allows"),
        [
            ("info", {"ListResources"}),
            ("createsliver", {"ListResources", "Allocate", "Provision", "PerformOperationalAction"}),
            ("renewsliver", {"ListResources", "Renew"}),
            ("deleteslice", {"ListResources", "Delete"}),
            ("getsliceresources", {"ListResources", "Status", "Describe"}),
        ],
    )
    def test_a_privilege_opens_its_calls(
        self, aggregate: Aggregate, privilege: str, allows: set[str]
    ) -> None:
        limited = geni_sfa(aggregate.federation.issue(NAME, "alice", privilege))
        with aggregate.client("alice") as alice:
            answers = every_call(aggregate, alice, limited)
        allowed = {method for method, answer in answers.items() if answer.code != 3}
        assert allowed == allows

    def test_arguments_come_before_credentials_and_those_before_the_rest(
        self, aggregate: Aggregate, alice: ScriptedClient
    ) -> None:
        bad, wrong = geni_sfa("garbage"), {"geni_best_effort": "yes"}
        assert alice.call("Allocate", "; reboot", bad, "<rspec/>", {}).code == 1
        assert alice.call("Allocate", URN, bad, "<rspec/>", []).code == 1
        assert alice.call("Allocate", URN, bad, "<rspec/>", wrong).code == 20
        assert alice.call("Allocate", URN, bad, "x" * 2_000_000, {}).code == 20
        assert alice.call("ListResources", bad, {}).code == 20

    def test_slivers_are_told_to_nobody_without_a_credential(self, aggregate: Aggregate) -> None:
        rspec = request(aggregate.now + HOUR, aggregate.now + 2 * HOUR)
        with aggregate.client("alice") as alice, aggregate.client("bob") as bob:
            told = alice.allocate(URN, aggregate.credentials(NAME), rspec)
            there = told.sliver["geni_sliver_urn"]
            absent = there + "999"
            for credentials in ([], geni_sfa("garbage"), aggregate.credentials(NAME)):
                answers = [bob.status([urn], credentials) for urn in (there, absent)]
                assert answers[0] == answers[1]
                assert answers[0].code in {18, 20, 22}
            assert bob.delete([there], aggregate.credentials("bobs", "bob")).code == 22
            assert alice.status([there], aggregate.credentials(NAME)).code == 0

    @pytest.mark.parametrize("version", ["2", "3", 3])
    def test_base64_and_both_versions_are_taken(self, aggregate: Aggregate, version: Any) -> None:
        text = aggregate.federation.slice_credential(NAME, "alice").encode()
        credential = {"geni_type": "geni_sfa", "geni_version": version, "geni_value": text}
        with aggregate.client("alice") as alice:
            assert alice.list_resources([credential]).code == 0


class TestCertificates:
    def test_without_one_there_is_no_answer_in_the_apis_words(self, aggregate: Aggregate) -> None:
        context = ssl.create_default_context(cafile=str(aggregate.federation.pki.ca))
        with ScriptedClient(f"{aggregate.url}/am/3", context) as nobody:
            status, content = nobody.post(b"<methodCall/>")
        assert (status, b"certificate-missing" in content) == (403, True)

    def test_one_of_nobodys_is_foreign(self, aggregate: Aggregate, tmp_path: Path) -> None:
        init_slice_authority(tmp_path, AUTHORITY, now=NOW)
        files = issue_user(tmp_path, "alice", now=NOW)
        context = ssl.create_default_context(cafile=str(aggregate.federation.pki.ca))
        context.load_cert_chain(files.cert, files.key)
        with ScriptedClient(f"{aggregate.url}/am/3", context) as mallory:
            status, content = mallory.post(b"<methodCall/>")
        assert (status, b"certificate-foreign" in content) == (403, True)

    def test_our_own_users_are_let_in_and_need_a_credential_too(self, aggregate: Aggregate) -> None:
        pki = aggregate.federation.pki
        context = ssl.create_default_context(cafile=str(pki.ca))
        context.load_cert_chain(pki.user_cert, pki.user_key)
        with ScriptedClient(f"{aggregate.url}/am/3", context) as ours:
            assert ours.get_version().code == 0
            assert ours.list_resources([]).code == 18
            assert ours.list_resources(aggregate.credentials(NAME)).code == 22

    def test_trust_that_is_taken_back_is_gone_at_the_next_look(
        self, aggregate: Aggregate, tmp_path: Path
    ) -> None:
        root = aggregate.federation.roots / "sa.pem"
        with aggregate.client("alice") as alice:
            assert alice.get_version().code == 0
            kept = root.rename(tmp_path / "sa.pem")
            try:
                assert aggregate.listener.reload_if_changed()
                status, content = alice.post(b"<methodCall/>")
                assert (status, b"certificate-foreign" in content) == (403, True)
            finally:
                kept.rename(root)
                assert aggregate.listener.reload_if_changed()
        with aggregate.client("alice") as alice:
            assert alice.get_version().code == 0


def test_a_name_that_another_authority_gave_away_opens_no_other_door(aggregate: Aggregate) -> None:
    """Rules of LambdaStation go by subject, and mean those that our own authorities know."""
    pki = aggregate.federation.pki
    known = issue_client(pki.ca.parent, "CN=alice,O=example.net", name="namesake", now=NOW)
    context = ssl.create_default_context(cafile=str(pki.ca))
    context.load_cert_chain(known.cert, known.key)
    ticket = b"<methodCall/>"
    with ScriptedClient(f"{aggregate.url}/elsewhere", context) as namesake:
        assert namesake.post(ticket)[0] == 200
        subject = namesake.post(ticket)[1]
    with aggregate.client("alice", path="/elsewhere") as guest:
        status, content = guest.post(ticket)
    assert b"alice" in subject
    assert (status, b"certificate-foreign" in content) == (403, True)
    assert b"alice" in str(aggregate.audited[-1]).encode()
