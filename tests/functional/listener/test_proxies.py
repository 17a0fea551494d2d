"""Proxies from Debian's grid-proxy-init over real TLS: who they speak for, and which are refused."""

import contextlib
import ssl
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from pathservice.pki import DEMO_USER_SUBJECT, Pki
from tests.functional.listener.conftest import Client, House, Reply, ask
from tests.grid import grid_proxy_init

Make = Callable[..., Path]

HOUR = timedelta(hours=1)
ISSUER = "CN=Demo Certificate Authority,O=Path Service"


def ask_with(house: House, proxy: Path) -> Reply:
    return house.client(proxy, proxy).ask()


def refused(house: House, proxy: Path) -> str:
    reply = ask_with(house, proxy)
    assert reply.status == 403
    line = house.next_audit()
    assert (line.code, line.subject) == (reply.code, None)
    assert line.claimed_subject is not None
    assert line.claimed_subject.endswith(DEMO_USER_SUBJECT)
    return reply.code


@pytest.mark.parametrize("options", [("-rfc",), (), ("-rfc", "-path-length", "1")])
def test_proxy_speaks_for_its_owner(house: House, grid_proxy: Make, options: Sequence[str]) -> None:
    reply = ask_with(house, grid_proxy(*options))
    assert (reply.status, reply.document["subject"], reply.document["issuer"]) == (
        200,
        DEMO_USER_SUBJECT,
        ISSUER,
    )


def test_proxies_of_proxies_do_too(house: House, grid_proxy: Make) -> None:
    proxy = grid_proxy("-rfc")
    for _ in range(2):
        proxy = grid_proxy("-rfc", of=proxy)
    assert ask_with(house, proxy).document["subject"] == DEMO_USER_SUBJECT


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("-rfc", "-limited"), "proxy-limited"),
        (("-rfc", "-independent"), "proxy-independent"),
        (("-draft",), "proxy-not-accepted"),
        (("-old",), "proxy-not-accepted"),
        (("-old", "-limited"), "proxy-not-accepted"),
        (("-rfc", "-bits", "1024"), "certificate-weak"),
    ],
)
def test_refused(house: House, grid_proxy: Make, options: Sequence[str], code: str) -> None:
    proxy = grid_proxy(*options)
    with house.client().tls(lenient(house.client(proxy, proxy))) as sock:
        sock.sendall(b"GET /app?wsdl HTTP/1.0\r\n\r\n")
        assert f'"{code}"'.encode() in sock.recv(65536)
    assert house.next_audit().code == code


def test_policy_is_not_guessed_at(house: House, grid_proxy: Make, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text("may do anything")
    proxy = grid_proxy("-rfc", "-policy", str(policy), "-pl", "1.2.3.4")
    assert refused(house, proxy) == "proxy-policy"


def lenient(client: Client) -> ssl.SSLContext:
    """A client's context that may show short keys, as older grid software does."""
    context = ssl.create_default_context(cafile=client.ca)
    context.set_ciphers("DEFAULT:@SECLEVEL=1")
    assert client.cert
    context.load_cert_chain(client.cert, client.key)
    return context


def test_limited_anywhere_is_refused(house: House, grid_proxy: Make) -> None:
    limited = grid_proxy("-rfc", "-limited")
    above = grid_proxy("-rfc", of=limited)
    assert refused(house, above) == "proxy-limited"


def test_path_length_binds(house: House, grid_proxy: Make) -> None:
    one = grid_proxy("-rfc", "-path-length", "1")
    two = grid_proxy("-rfc", of=one)
    three = grid_proxy("-rfc", of=two)
    assert ask_with(house, two).document["subject"] == DEMO_USER_SUBJECT
    assert refused(house, three) == "proxy-too-deep"


def test_foreign_users_proxy_is_as_foreign(house: House, foreign_pki: Pki, tmp_path: Path) -> None:
    theirs = foreign_pki
    proxy = grid_proxy_init(
        tmp_path / "proxy", "-rfc", cert=theirs.user_cert, key=theirs.user_key, authorities=theirs.ca.parent
    )
    assert refused(house, proxy) == "certificate-foreign"


def test_proxy_without_its_owner_is_nobodys(house: House, grid_proxy: Make, tmp_path: Path) -> None:
    proxy, pem = tmp_path / "proxy", grid_proxy("-rfc").read_text()
    proxy.write_text(pem[: pem.rindex("-----BEGIN CERTIFICATE-----")])
    assert refused(house, proxy) == "certificate-foreign"


def test_kept_alive_connection_ends_with_its_proxy(house: House, grid_proxy: Make) -> None:
    proxy = grid_proxy("-rfc", "-valid", "1:0")
    with contextlib.closing(house.client(proxy, proxy).connection()) as connection:
        assert ask(connection).status == 200
        sock = connection.sock
        house.clock.forward(HOUR / 2)
        assert ask(connection).status == 200
        assert connection.sock is sock, "the connection was to be kept alive"
        house.clock.forward(HOUR)
        reply = ask(connection)
    assert (reply.status, reply.code) == (403, "certificate-expired")
    assert house.client().ask().status == 200, "its owner's certificate goes on"


class TestLegacy:
    @pytest.fixture
    def house(self, serve: Callable[..., House]) -> House:
        return serve(legacy_proxies=True)

    def test_speaks_for_its_owner(self, house: House, grid_proxy: Make) -> None:
        one = grid_proxy("-old")
        two = grid_proxy("-old", of=one)
        for proxy in (one, two):
            reply = ask_with(house, proxy)
            assert (reply.document["subject"], reply.document["issuer"]) == (DEMO_USER_SUBJECT, ISSUER)

    def test_limited_anywhere_is_refused(self, house: House, grid_proxy: Make) -> None:
        limited = grid_proxy("-old", "-limited")
        above = grid_proxy("-old", of=limited)
        assert refused(house, limited) == refused(house, above) == "proxy-limited"

    def test_kept_alive_connection_ends_with_its_proxy(self, house: House, grid_proxy: Make) -> None:
        proxy = grid_proxy("-old", "-valid", "1:0")
        with contextlib.closing(house.client(proxy, proxy).connection()) as connection:
            assert ask(connection).status == 200
            house.clock.forward(2 * HOUR)
            assert ask(connection).code == "certificate-expired"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_short_keys_are_a_setting(
    serve: Callable[..., House], grid_proxy: Make, version: ssl.TLSVersion
) -> None:
    house = serve(short_proxy_keys=True)
    proxy = grid_proxy("-rfc", "-bits", "1024")
    context = lenient(house.client(proxy, proxy))
    context.minimum_version = context.maximum_version = version
    with house.client().tls(context) as sock:
        sock.sendall(b"GET /app?wsdl HTTP/1.0\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")
