"""Guests: whom only others' authorities know, and where they may go."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pathservice.listener.errors import CertificateRefused
from pathservice.listener.model import Identity, Judgement, Mount
from pathservice.listener.verifier import ChainVerifier, judge
from tests.unit.listener.conftest import DAY, NOW, Forge, Party
from tests.unit.listener.front_house import House, Recorder

GUEST = Judgement(
    identity=Identity("CN=Alice", "CN=Theirs", datetime(2031, 1, 1, tzinfo=UTC), b"der", guest=True)
)


def judged(party: Party, ours: Party, theirs: Party | None) -> Judgement:
    guests = None if theirs is None else ChainVerifier([theirs.certificate])
    return judge(lambda: [party.certificate], ChainVerifier([ours.certificate]), guests, now=NOW)


class TestJudging:
    def test_one_whom_our_authorities_know_is_no_guest(self, forge: Forge) -> None:
        ours, theirs = forge.authority(), forge.authority("CN=Theirs")
        identity = judged(forge.party(by=ours), ours, theirs).identity
        assert identity is not None
        assert not identity.guest

    def test_one_whom_theirs_alone_know_is_a_guest(self, forge: Forge) -> None:
        ours, theirs = forge.authority(), forge.authority("CN=Theirs")
        identity = judged(forge.party(by=theirs), ours, theirs).identity
        assert identity is not None
        assert identity.guest

    def test_an_authority_of_theirs_with_the_name_of_ours_makes_guests_alone(self, forge: Forge) -> None:
        ours, theirs = forge.authority(), forge.authority()
        identity = judged(forge.party(by=theirs), ours, theirs).identity
        assert identity is not None
        assert identity.guest

    def test_without_guests_they_are_foreign(self, forge: Forge) -> None:
        ours, theirs = forge.authority(), forge.authority("CN=Theirs")
        refusal = judged(forge.party(by=theirs), ours, None).refusal
        assert isinstance(refusal, CertificateRefused)
        assert refusal.code == "certificate-foreign"

    def test_a_certificate_of_ours_that_is_refused_is_not_tried_again_as_a_guest(self, forge: Forge) -> None:
        ours = forge.authority()
        expired = forge.party(by=ours, starts=NOW - 2 * DAY, lasts=DAY)
        refusal = judged(expired, ours, ours).refusal
        assert refusal is not None
        assert refusal.code == "certificate-expired"

    def test_theirs_may_be_an_authority_below_another(self, forge: Forge) -> None:
        ours, root = forge.authority(), forge.authority("CN=Root")
        below = forge.authority("CN=Below", by=root)
        party = forge.party(by=below)
        guests = ChainVerifier([below.certificate], any_anchor=True)
        ours_alone = ChainVerifier([ours.certificate])
        judgement = judge(lambda: [party.certificate], ours_alone, guests, now=NOW)
        assert judgement.identity is not None
        assert judgement.identity.guest

    def test_the_certificate_itself_goes_with_the_name(self, forge: Forge) -> None:
        ours = forge.authority()
        party = forge.party(by=ours)
        identity = judged(party, ours, None).identity
        assert identity is not None
        assert identity.certificate == party.certificate.public_bytes(Encoding.DER)


class TestMounts:
    @pytest.fixture
    def open_door(self) -> Recorder:
        return Recorder()

    @pytest.fixture
    def house(self, open_door: Recorder) -> House:
        return House(
            more=[
                Mount("/am", open_door, methods=("POST",), untyped=True, guests=True, body_bytes=2000),
                Mount("/", open_door, methods=("POST",), guests=True),
            ]
        )

    def test_a_guest_is_let_in_where_that_is_said(self, house: House, open_door: Recorder) -> None:
        assert house.ask(path="/am", judgement=GUEST).status == 200
        [(environ, _)] = open_door.calls
        assert environ["x509.certificate"] == b"der"

    @pytest.mark.parametrize("path", ["/soap", "/pages", "/soap/inner"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_guest_is_foreign_elsewhere_whatever_its_name(
        self, house: House, path: str, method: str
    ) -> None:
        answer = house.ask(method, path, judgement=GUEST, QUERY_STRING="wsdl")
        assert (answer.status, answer.code) == (403, "certificate-foreign")
        assert house.soap.calls == house.plain.calls == []

    def test_the_root_is_one_path(self, house: House, open_door: Recorder) -> None:
        assert house.ask(path="/").status == 200
        [(environ, _)] = open_door.calls
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", "/")
        assert house.ask(path="/elsewhere").code == "not-found"
        assert house.ask(path="//").code == "not-found"

    def test_a_mount_has_its_own_limit(self, house: House, open_door: Recorder) -> None:
        body = b"<a>" + b"x" * 1500 + b"</a>"
        assert house.ask(path="/am", body=body).status == 200
        assert house.ask(path="/", body=body).code == "body-too-large"
        assert house.ask(path="/am", body=b"<a>" + b"x" * 2000 + b"</a>").code == "body-too-large"

    def test_a_body_of_no_told_kind_is_xml_where_that_is_said(
        self, house: House, open_door: Recorder
    ) -> None:
        assert house.ask(path="/am", CONTENT_TYPE=None).status == 200
        assert open_door.calls[0][0]["CONTENT_TYPE"] == "text/xml; charset=utf-8"
        assert house.ask(path="/", CONTENT_TYPE=None).code == "content-type"
        assert house.ask(path="/am", CONTENT_TYPE="text/plain").code == "content-type"

    def test_a_mount_for_posts_alone_has_no_wsdl(self, house: House) -> None:
        answer = house.ask("GET", "/am", QUERY_STRING="wsdl")
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
