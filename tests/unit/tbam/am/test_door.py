"""The door without a port: what it makes of its environment, and a site without islands."""

import io
import xmlrpc.client
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbam.am import AmDoor, CallRecord, TenCalls
from tbam.am.answers import moment, packed
from tbam.am.arguments import PARAMETERS
from tbam.am.audit import Outcome, outcome_of, word
from tbam.credentials import TrustedRoots
from tbam.errors import GeniCode, Unavailable
from tbam.manager import IslandManager
from tests.unit.tbam.am.test_wire import VALUES

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
GET_VERSION = xmlrpc.client.dumps(({},), "GetVersion").encode()


class NoCalls(IslandManager):
    """Islands that must not be asked for anything."""

    def __init__(self) -> None:
        """Without a database: nothing here reaches one."""


class House:
    """A door, and what it audited."""

    def __init__(self, roots: Path, islands: IslandManager | None, url: str | None = None) -> None:
        self.audited: list[CallRecord] = []
        calls = TenCalls(lambda: islands, TrustedRoots(roots), clock=lambda: NOON)
        self.door = AmDoor(calls, clock=lambda: NOON, audit=self.audited.append, url=url)

    def ask(self, body: bytes, **changes: Any) -> tuple[str, Any]:
        environ = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "/RPC2",
            "PATH_INFO": "",
            "SERVER_NAME": "192.0.2.1",
            "SERVER_PORT": "8443",
            "HTTP_HOST": "am.example.net:8443",
            "wsgi.url_scheme": "https",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **changes,
        }
        told: list[str] = []
        content = b"".join(self.door(environ, lambda status, _headers: told.append(status)))
        if told[0] != "200 OK":
            return told[0], content
        [[answer], _] = xmlrpc.client.loads(content)
        return told[0], answer


Open = Callable[..., House]


@pytest.fixture
def open_house(tmp_path: Path) -> Open:
    return lambda islands=None, **options: House(tmp_path, islands, **options)


def test_a_site_without_islands_says_so(open_house: Open) -> None:
    house = open_house()
    _, answer = house.ask(GET_VERSION)
    assert answer["code"]["geni_code"] == 11
    assert answer["geni_api"] == 3
    assert "islands" in answer["output"]
    assert house.audited[0].code == "unavailable"


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "https://am.example.net:8443/am/3"),
        ({"HTTP_HOST": "[2001:db8::1]:8443"}, "https://[2001:db8::1]:8443/am/3"),
        ({"HTTP_HOST": "<script>"}, "https://192.0.2.1:8443/am/3"),
        ({"HTTP_HOST": "", "SERVER_PORT": "443"}, "https://192.0.2.1/am/3"),
        ({"SCRIPT_NAME": "", "PATH_INFO": "/"}, "https://am.example.net:8443/am/3"),
    ],
)
def test_where_it_is_by_the_clients_own_name_for_it(
    open_house: Open, changes: dict[str, str], url: str
) -> None:
    _, answer = open_house(NoCalls()).ask(GET_VERSION, **changes)
    assert answer["value"]["geni_api_versions"] == {"3": url}


def test_where_it_is_as_the_operator_says(open_house: Open) -> None:
    house = open_house(NoCalls(), url="https://am.example.org/am/3")
    _, answer = house.ask(GET_VERSION, HTTP_HOST="elsewhere.example")
    assert answer["value"]["geni_api_versions"] == {"3": "https://am.example.org/am/3"}


def test_without_a_certificate_no_credential_is_anybodys(open_house: Open) -> None:
    credential = [{"geni_type": "geni_sfa", "geni_version": "3", "geni_value": "<a/>"}]
    call = xmlrpc.client.dumps((credential, {}), "ListResources").encode()
    house = open_house(NoCalls())
    _, answer = house.ask(call)
    assert 20 <= answer["code"]["geni_code"] <= 23
    assert house.audited[0].outcome is Outcome.DENIED


@given(st.sampled_from(sorted(PARAMETERS)), st.lists(VALUES, max_size=4))
def test_whatever_is_sent_with_a_call_is_answered_in_the_apis_words(method: str, sent: list[Any]) -> None:
    house = House(Path("no-roots-here"), NoCalls())
    status, answer = house.ask(xmlrpc.client.dumps(tuple(sent), method).encode())
    assert status == "200 OK"
    code = answer["code"]["geni_code"]
    assert code in {1, 18, 20, 21, 22, 23} or (method, code) == ("GetVersion", 0)
    assert isinstance(answer["output"], str)
    assert len(house.audited) == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"PATH_INFO": "/x"}, "404"),
        ({"REQUEST_METHOD": "GET"}, "405"),
        ({"CONTENT_LENGTH": "x"}, "400"),
        ({"CONTENT_LENGTH": str(1 << 40)}, "400"),
        ({"CONTENT_LENGTH": ""}, "400"),
    ],
)
def test_what_is_no_call(open_house: Open, changes: dict[str, str], status: str) -> None:
    told, _ = open_house(NoCalls()).ask(GET_VERSION, **changes)
    assert told.startswith(status)


def test_every_code_has_an_outcome_and_a_word() -> None:
    outcomes = {code: outcome_of(code) for code in GeniCode}
    assert outcomes[GeniCode.SUCCESS] is Outcome.OK
    assert outcomes[GeniCode.CREDENTIAL_EXPIRED] is outcomes[GeniCode.FORBIDDEN] is Outcome.DENIED
    assert outcomes[Unavailable.code] is outcomes[GeniCode.BADARGS] is Outcome.REFUSED
    assert outcomes[GeniCode.SERVERERROR] is outcomes[GeniCode.DBERROR] is Outcome.FAILED
    assert word(GeniCode.CREDENTIAL_SIGNER_UNTRUSTED) == "credential-signer-untrusted"


def test_moments_are_cut_to_seconds_and_rspecs_packed_on_demand() -> None:
    assert moment(NOON.replace(microsecond=999_999)) == "2030-06-01T12:00:00Z"
    assert packed("<rspec/>", compressed=False) == "<rspec/>"
    assert packed("<rspec/>", compressed=True).isascii()
