"""Who gets in, as whom, and for how long, over real TLS."""

import contextlib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pathservice.pki import DEMO_USER_SUBJECT, Credential, Pki, issue_client
from tests.functional.listener.conftest import Client, House, Reply, ask
from tests.revocation import write_list

HOUR = timedelta(hours=1)


def issue(pki: Pki, name: str, *, starts: timedelta = timedelta(0), lasts: timedelta = HOUR) -> Credential:
    """One more client; the name is unique per call because the PKI never overwrites."""
    now = datetime.now(UTC) + starts
    unique = f"{name}-{now.timestamp():.6f}"
    return issue_client(pki.ca.parent, f"CN={name},O=Tests", name=unique, now=now, lifetime=lasts)


def as_client(house: House, credential: Credential) -> Client:
    return house.client(credential.cert, credential.key)


def chain_file(path: Path, *certificates: Path) -> Path:
    path.write_bytes(b"".join(certificate.read_bytes() for certificate in certificates))
    return path


def test_application_learns_who_asks(house: House) -> None:
    reply = house.client().ask()
    assert reply.status == 200
    assert reply.document["subject"] == DEMO_USER_SUBJECT
    assert reply.document["issuer"] == "CN=Demo Certificate Authority,O=Path Service"
    assert reply.document["scheme"] == "https"


def test_headers_cannot_say_otherwise(house: House) -> None:
    forged = {"X509.Subject": "CN=Root", "x509_subject": "CN=Root", "SSL-Client-S-DN": "CN=Root"}
    reply = house.client().ask(fields=forged)
    assert reply.document["subject"] == DEMO_USER_SUBJECT
    assert [field for field in reply.document["fields"] if field.startswith("x509")] == [
        "x509.certificate",
        "x509.issuer",
        "x509.subject",
    ]


class TestWithoutCertificate:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_health_answers(self, house: House, method: str) -> None:
        reply = house.stranger().ask("/health", None, method=method)
        assert reply.status == 200
        assert (reply.document == {"status": "ok"}) if method == "GET" else (reply.body == b"")

    @pytest.mark.parametrize("path", ["/app", "/raw", "/app?wsdl", "/", "/nothing"])
    def test_nothing_else_does(self, house: House, path: str) -> None:
        reply = house.stranger().ask(path)
        assert (reply.status, reply.code) == (403, "certificate-missing")

    def test_refusal_is_audited(self, house: House) -> None:
        reply = house.stranger().ask("/app")
        line = house.next_audit()
        assert (line.subject, line.peer, line.path, line.code) == (
            None,
            "127.0.0.1",
            "/app",
            "certificate-missing",
        )
        assert line.at == house.clock.now
        assert line.request_id == reply.fields["X-Request-Id"]
        assert house.audited.empty()


class TestRefusedCertificate:
    def refused(self, house: House, client: Client, code: str) -> Reply:
        reply = client.ask()
        assert (reply.status, reply.code) == (403, code)
        line = house.next_audit()
        assert (line.code, line.subject) == (code, None)
        assert house.client().ask().status == 200, "the service goes on"
        return reply

    def test_foreign(self, house: House, foreign_pki: Pki) -> None:
        self.refused(house, house.client(foreign_pki.user_cert, foreign_pki.user_key), "certificate-foreign")

    def test_claimed_name_is_kept_for_the_audit(self, house: House, foreign_pki: Pki) -> None:
        house.client(foreign_pki.user_cert, foreign_pki.user_key).ask()
        line = house.next_audit()
        assert (line.subject, line.claimed_subject) == (None, DEMO_USER_SUBJECT)

    def test_impostor_who_sends_a_good_certificate_along(
        self, house: House, foreign_pki: Pki, tmp_path: Path
    ) -> None:
        """OpenSSL gives a server the chain without its first certificate: the impostor's."""
        chain = chain_file(tmp_path / "chain.pem", foreign_pki.user_cert, house.pki.user_cert, house.pki.ca)
        self.refused(house, house.client(chain, foreign_pki.user_key), "certificate-foreign")

    def test_expired(self, house: House) -> None:
        self.refused(
            house, as_client(house, issue(house.pki, "Past", starts=-2 * HOUR)), "certificate-expired"
        )

    def test_not_yet_valid(self, house: House) -> None:
        early = issue(house.pki, "Early", starts=2 * HOUR)
        self.refused(house, as_client(house, early), "certificate-not-yet-valid")

    def test_for_another_purpose(self, house: House) -> None:
        server = house.client(house.pki.server_cert, house.pki.server_key)
        self.refused(house, server, "certificate-purpose")

    def test_even_for_health(self, house: House, foreign_pki: Pki) -> None:
        client = house.client(foreign_pki.user_cert, foreign_pki.user_key)
        assert client.ask("/health", None, method="GET").status == 403


class TestKeptAliveConnection:
    def test_is_refused_when_its_certificate_expires(self, house: House) -> None:
        client = as_client(house, issue(house.pki, "Brief", lasts=HOUR))
        with contextlib.closing(client.connection()) as connection:
            assert ask(connection).status == 200
            sock = connection.sock
            house.clock.forward(HOUR / 2)
            assert ask(connection).status == 200
            assert connection.sock is sock, "the connection was to be kept alive"
            house.clock.forward(HOUR)
            reply = ask(connection)
        assert (reply.status, reply.code) == (403, "certificate-expired")
        assert house.next_audit().claimed_subject == "CN=Brief,O=Tests"

    def test_carries_many_requests(self, house: House) -> None:
        with contextlib.closing(house.client().connection()) as connection:
            connection.connect()
            sock = connection.sock
            for number in range(50):
                assert ask(connection, body=b"<a>%d</a>" % number).document["body"] == f"<a>{number}</a>"
            assert connection.sock is sock

    def test_so_do_forty_at_once(self, house: House) -> None:
        """cheroot keeps ten alive and listens with a backlog of five if it is not told otherwise."""
        with contextlib.ExitStack() as stack:
            connections = [
                stack.enter_context(contextlib.closing(house.client().connection())) for _ in range(40)
            ]
            for connection in connections:
                assert ask(connection).status == 200
            socks = [connection.sock for connection in connections]
            for connection in connections:
                assert ask(connection).status == 200
            assert [connection.sock for connection in connections] == socks


class TestRevocation:
    def test_reload_reaches_connections_that_are_open(
        self, serve: Callable[..., House], pki: Pki, tmp_path: Path
    ) -> None:
        bob = issue(pki, "Bob")
        write_list(pki.ca.parent, tmp_path / "ca.crl")
        house = serve(crl=tmp_path)
        with (
            contextlib.closing(as_client(house, bob).connection()) as bobs,
            contextlib.closing(house.client().connection()) as ours,
        ):
            assert ask(bobs).status == ask(ours).status == 200
            write_list(pki.ca.parent, tmp_path / "ca.crl", bob.cert)
            assert ask(bobs).status == 200, "nothing changes before the reload"
            house.listener.reload()
            refused, last = ask(bobs), ask(ours)
        assert (refused.status, refused.code) == (403, "certificate-revoked")
        assert (last.status, last.fields["Connection"]) == (200, "close")
        assert house.client().ask().status == 200
        assert as_client(house, bob).ask().code == "certificate-revoked"

    def test_verdict_ends_with_the_list(self, serve: Callable[..., House], pki: Pki, tmp_path: Path) -> None:
        write_list(pki.ca.parent, tmp_path / "ca.crl")
        house = serve(crl=tmp_path / "ca.crl")
        with contextlib.closing(house.client().connection()) as connection:
            assert ask(connection).status == 200
            house.clock.forward(25 * HOUR)
            assert ask(connection).code == "revocation-unknown"


class TestResumption:
    """A resumed session carries no chain to judge, so there is none, and everybody is judged in full."""

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_is_not_offered(self, house: House, version: ssl.TLSVersion) -> None:
        client = house.client()
        context = client.context()
        context.minimum_version = context.maximum_version = version
        session = None
        for _ in range(3):
            with client.tls(context, session) as sock:
                sock.sendall(b"POST /app HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n")
                sock.sendall(b"Content-Length: 4\r\nConnection: close\r\n\r\n<a/>")
                answer = b""
                while piece := sock.recv(65536):
                    answer += piece
                assert DEMO_USER_SUBJECT.encode() in answer
                assert not sock.session_reused
                session = sock.session
