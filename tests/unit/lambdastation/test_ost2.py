"""ost2 besides its arguments: settings, messages, the line, and how little it imports."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from lambdastation.ost2 import settings as settings_module
from lambdastation.ost2.command import error_line, ok_line
from lambdastation.ost2.messages import Ticket, get_request, open_request, read_answer
from lambdastation.ost2.settings import Settings, read_settings
from lambdastation.ost2.trouble import Trouble

ROOT = Path(__file__).parents[3]
URL = "https://station.example.org:8443/lambdastation"
IN_FORCE = {
    "LAMBDASTATION_URL": URL,
    "LAMBDASTATION_CA": "/ca.pem",
    "LAMBDASTATION_CERT": "/cert.pem",
    "LAMBDASTATION_KEY": "/key.pem",
}
SETTINGS = Settings("station.example.org", 8443, "/lambdastation", "/ca.pem", "/cert.pem", "/key.pem")


@pytest.fixture(autouse=True)
def no_file_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings_module, "CONFIG_FILE", str(tmp_path / "none.conf"))


@pytest.fixture
def conf(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Writes a file and says where it is."""

    def write(text: str) -> dict[str, str]:
        file = tmp_path / "ost2.conf"
        file.write_text(text, encoding="utf-8")
        return {"LAMBDASTATION_CONFIG": str(file)}

    return write


def test_the_environment_alone_is_enough() -> None:
    assert read_settings(IN_FORCE) == SETTINGS


def test_a_file_alone_is_enough_and_its_paths_are_taken_from_its_folder(
    conf: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    read = read_settings(conf(f"# ours\n\nurl = {URL}\nca = ca.pem\ncert=/cert.pem\n key = pki/key.pem \n"))
    assert read == SETTINGS._replace(ca=f"{tmp_path}/ca.pem", key=f"{tmp_path}/pki/key.pem")


def test_the_file_at_the_fixed_place_is_read(
    conf: Callable[[str], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = conf(f"url = {URL}\nca = /ca.pem\ncert = /cert.pem\nkey = /key.pem\n")
    monkeypatch.setattr(settings_module, "CONFIG_FILE", told["LAMBDASTATION_CONFIG"])
    assert read_settings({}) == SETTINGS


def test_the_environment_goes_before_the_file(conf: Callable[[str], dict[str, str]]) -> None:
    file = conf("url = https://other/x\nca = /a\ncert = /b\nkey = /c\n")
    without_key = {name: value for name, value in IN_FORCE.items() if not name.endswith("KEY")}
    assert read_settings({**file, **without_key}) == SETTINGS._replace(key="/c")


@pytest.mark.parametrize("name", [name for name in IN_FORCE if not name.endswith("KEY")])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(Trouble, match=name):
        read_settings({**IN_FORCE, name: ""})


class TestProxyFile:
    """One file with certificate, key and chain, as grid-proxy-init writes it."""

    def test_key_is_in_the_certificates_file_where_none_is_named(self) -> None:
        read = read_settings({**IN_FORCE, "LAMBDASTATION_KEY": ""})
        assert read == SETTINGS._replace(key="/cert.pem")

    def test_is_the_users_where_no_certificate_is_named(self, conf: Callable[[str], dict[str, str]]) -> None:
        file = conf(f"url = {URL}\nca = /ca.pem\n")
        proxy = {"X509_USER_PROXY": "/tmp/x509up_u1000"}  # noqa: S108
        expected = SETTINGS._replace(cert="/tmp/x509up_u1000", key="/tmp/x509up_u1000")  # noqa: S108
        assert read_settings({**file, **proxy}) == expected
        assert read_settings({**IN_FORCE, **proxy}) == SETTINGS


@pytest.mark.parametrize("text", ["colour = red\n", "url\n", "url =\n", "ca = a\nca = b\n", "\0\xff"])
def test_a_file_that_is_wrong_is_told_with_its_line(conf: Callable[[str], dict[str, str]], text: str) -> None:
    with pytest.raises(Trouble, match=r"line [12]:") as trouble:
        read_settings(conf(text))
    assert trouble.value.code == "settings"


def test_a_file_that_is_named_and_not_there_is_said(tmp_path: Path) -> None:
    for place in (tmp_path / "none.conf", tmp_path):
        with pytest.raises(Trouble, match=str(place)):
            read_settings({"LAMBDASTATION_CONFIG": str(place)})


@pytest.mark.parametrize(
    "url",
    ["http://h/x", "station", "https://", "https://h:x/", "https://u:p@h/", "https://h/a b", "https://[::1/"],
)
def test_an_url_that_is_none_is_said(url: str) -> None:
    with pytest.raises(Trouble, match="written https://"):
        read_settings({**IN_FORCE, "LAMBDASTATION_URL": url})


def test_an_url_without_port_and_path_means_the_usual_ones() -> None:
    read = read_settings({**IN_FORCE, "LAMBDASTATION_URL": "https://[2001:db8::1]/"})
    assert read[:3] == ("2001:db8::1", 443, "/lambdastation")


def test_requests_are_as_the_schema_says() -> None:
    schema = etree.XMLSchema(etree.parse(ROOT / "schemas" / "lambdastation.xsd"))
    names = ("remotePath", "localPath", "dstIP", "dstClient", "dstSite", "srcIP", "srcClient", "srcSite")
    fields = dict.fromkeys(names, '<&>"')
    fields |= {"travelTime": "600", "boardTime": "2026-01-31T23:59:59Z"}
    for message in (open_request(fields), open_request({}), get_request(7)):
        schema.assertValid(etree.fromstring(message)[0][0])


def answer(inner: str) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:t="urn:pathservice:lambdastation:1"><s:Body>{inner}</s:Body></s:Envelope>'
    ).encode()


def ticket(local: str = "5", end: str = "2026-01-31T23:59:59.9Z", mode: str = "join") -> bytes:
    return answer(
        f"<t:openSvcTicketResponse><t:svcTicket><t:localTicketId>{local}</t:localTicketId>"
        f"<t:state>active</t:state><t:endTime>{end}</t:endTime><t:answeredMode>{mode}</t:answeredMode>"
        "</t:svcTicket></t:openSvcTicketResponse>"
    )


def test_a_ticket_becomes_dcaches_line() -> None:
    read = read_answer(ticket())
    assert read == Ticket(5, 0, "active", "join", 1769903999)
    assert ok_line(read) == "OK:join:5,0,1769903999"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"OK",
        b"<a/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b'<?xml version="1.0" encoding="martian"?><a/>',
        answer(""),
        ticket(local="0"),
        ticket(local="-1"),
        ticket(local="2147483648"),
        ticket(local="5 OK:new:1"),
        ticket(end="soon"),
        ticket(mode="auto"),
        ticket(mode="new\nOK"),
    ],
)
def test_an_answer_that_is_none_is_trouble(content: bytes) -> None:
    with pytest.raises(Trouble) as trouble:
        read_answer(content)
    assert trouble.value.code == "bad-answer"


def test_a_fault_keeps_the_stations_code_and_sentence() -> None:
    fault = (
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>x</faultstring>"
        "<detail><t:stationFault>"
        "<t:code>unknown-site</t:code><t:message>no\nsite</t:message></t:stationFault></detail></s:Fault>"
    )
    with pytest.raises(Trouble) as trouble:
        read_answer(answer(fault))
    assert error_line(trouble.value.code, str(trouble.value)) == "ERROR:unknown-site:no site"


@given(st.text(), st.text())
def test_an_error_is_one_printable_line_whatever_was_told(what: str, text: str) -> None:
    line = error_line(what, text)
    head, code, _ = line.split(":", 2)
    assert (head, line.isascii(), line.isprintable()) == ("ERROR", True, True)
    assert code
    assert " " not in code
    assert len(line) < 400


def test_it_imports_nothing_but_pythons_own_library() -> None:
    show = "import sys; {}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    before, after = (
        set(
            subprocess.run(
                (sys.executable, "-c", show.format(statement)), capture_output=True, text=True, check=True
            ).stdout.split()
        )
        for statement in ("pass", "import lambdastation.ost2.command")
    )
    assert after - before - sys.stdlib_module_names == {"lambdastation"}
    own = "import sys, lambdastation.ost2.command; print(*[n for n in sys.modules if n.startswith('lambda')])"
    loaded = subprocess.run((sys.executable, "-c", own), capture_output=True, text=True, check=True)
    assert all(
        name == "lambdastation" or name.startswith("lambdastation.ost2") for name in loaded.stdout.split()
    )
