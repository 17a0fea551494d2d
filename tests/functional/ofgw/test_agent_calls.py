"""Who may call the agent, what is no call, and that nobody keeps the others waiting."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

import ofgw.server
from netconfig.errors import StateUnknown, Unreachable
from netconfig.inventory import TlsFiles
from netconfig.xmlrpcwire import Fault, write_call
from ofgw.agent import Agent
from ofgw.server import AgentServer
from ofgw.settings import Settings
from pathservice.pki import init_pki
from tests.functional.ofgw.agents import LOOPBACK, NOTHING, PATIENCE, Certificates, a_slice, manager, wait_for


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def agent(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    settings = Settings.model_validate(
        certificates.settings(tmp_path_factory.mktemp("agent"), with_devices=False)
    )
    with Agent(settings, clock=lambda: datetime.now(UTC)) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_left(agent: Agent) -> Iterator[None]:
    yield
    for item in ("remOvS", "remTCPProxy", "remUserAuth"):
        agent.server.call(item, ())


def raw(agent: Agent, tls: TlsFiles, *, version: ssl.TLSVersion | None = None) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(tls.ca)
    context.load_cert_chain(tls.cert, tls.key)
    if version is not None:
        context.maximum_version = version
    sock = socket.create_connection((LOOPBACK, agent.server.port), timeout=PATIENCE)
    return context.wrap_socket(sock, server_hostname=LOOPBACK)


def say(agent: Agent, certificates: Certificates, text: bytes) -> bytes:
    """All that comes back."""
    with raw(agent, certificates.manager) as sock:
        sock.sendall(text)
        return sock.makefile("rb").read()


def silent(agent: Agent, number: int) -> list[socket.socket]:
    """So many that say nothing."""
    where = (LOOPBACK, agent.server.port)
    return [socket.create_connection(where, timeout=PATIENCE) for _ in range(number)]


def post(body: bytes, *headers: str, path: str = "/RPC2", length: object = None) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", *headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize("names", [("setOvS", "remOvS"), ("setOvs", "remOvs")])
def test_deployed_and_documented_names_do_the_same(
    agent: Agent, certificates: Certificates, names: tuple[str, str]
) -> None:
    session = manager(agent.server.port, certificates.manager)
    assert session.call(names[0], {"10": "0xffff", "30": "20"}) is True
    assert session.call("setTCPProxy", "tcp:192.0.2.1:6633") is True
    assert session.call("setUserAuth", "1_demo") is True
    (held,) = session.call("getState")["slices"]  # type: ignore[index]
    assert held["vlans"] == {"10": "0xffff", "30": "20"}
    assert (held["controller"], held["group"]) == ("192.0.2.1:6633", "1_demo")
    assert session.call(names[1], {"10": "0xffff"}) is True
    (held,) = session.call("getState")["slices"]  # type: ignore[index]
    assert held["vlans"] == {"30": "20"}
    assert session.call("remTCPProxy", "192.0.2.9:6633") is True
    assert session.call(names[1]) is True
    assert session.call("remTCPProxy") is True
    assert session.call("remUserAuth", "1_demo") is True
    assert session.call("getState")["slices"] == []  # type: ignore[index]
    session.close()


def test_switches_and_links_are_the_originals_fixed_ones_without_devices(
    agent: Agent, certificates: Certificates
) -> None:
    session = manager(agent.server.port, certificates.manager)
    assert session.call("getSws") == [
        {"dipd": dpid, "dpid": dpid} for dpid in ("00:00:00:00:00:00:00", "00:00:00:00:00:00:01")
    ]
    link = session.call("getLinks")[0]  # type: ignore[index]
    assert sorted(link) == ["dpidDst", "dpidSrc", "portDst", "portSrc"]
    session.close()


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("reboot", (), "bad-call: there is no 'reboot'"),
        ("setState", (), "bad-call: setState: missing"),
        ("getState", ("now",), "bad-call: getState: too many"),
        ("setTCPProxy", ("; reboot",), "bad-value controller:"),
        ("setTCPProxy", ("192.0.2.1:6633 -o ProxyCommand=reboot",), "bad-value controller:"),
        ("setTCPProxy", (5,), "bad-value controller:"),
        ("setOvS", ({"10": "$(reboot)"},), "bad-value vlans:"),
        ("setOvS", ({"5000": "10"},), "bad-value vlans:"),
        ("setOvS", ({},), "bad-value vlans:"),
        ("setUserAuth", ("1_demo\n+ : ALL : ALL",), "bad-value group:"),
        ("setUserAuth", ("`reboot`",), "bad-value group:"),
        ("setState", (a_slice(until="2020-01-01T00:00:00Z"),), "slot-over: the slot ended"),
        ("setState", (a_slice(group="; reboot"),), "bad-value group:"),
        ("setState", ({**NOTHING, "command": "reboot"},), "bad-value state:"),
    ],
)
def test_call_that_does_not_fit_is_a_fault_and_nothing_is_done(
    agent: Agent, certificates: Certificates, method: str, arguments: tuple[object, ...], words: str
) -> None:
    session = manager(agent.server.port, certificates.manager)
    with pytest.raises(Fault) as caught:
        session.call(method, *arguments)
    assert caught.value.words.startswith(words)
    assert "Traceback" not in caught.value.words
    assert session.call("getState")["slices"] == []  # type: ignore[index]
    session.close()


def test_who_is_not_on_the_list_may_call_nothing_is_told_so_and_not_kept(
    agent: Agent, certificates: Certificates
) -> None:
    session = manager(agent.server.port, certificates.stranger)
    for method in ("getState", "getSws", "setState", "reboot"):
        with pytest.raises(Fault, match=r"^denied: CN=Somebody,O=Path Service may not call") as caught:
            session.call(method)
        assert caught.value.code == 7
    session.close()
    with raw(agent, certificates.stranger) as sock:
        sock.sendall(post(write_call("getState")))
        assert b"Connection: close" in sock.makefile("rb").read()


def test_certificate_of_another_authority_opens_nothing(
    agent: Agent, certificates: Certificates, tmp_path: Path
) -> None:
    other = init_pki(tmp_path / "other", host_names=(), now=datetime.now(UTC))
    forged = TlsFiles(ca=certificates.pki.ca, cert=other.user_cert, key=other.user_key)
    with pytest.raises(Unreachable, match=r"TLS|closed|reset"):
        manager(agent.server.port, forged).call("getState")


def test_agent_of_another_authority_is_not_believed_and_its_own_certificate_can_be_pinned(
    agent: Agent, certificates: Certificates, tmp_path: Path
) -> None:
    mine = certificates.manager
    other = init_pki(tmp_path / "other", host_names=(), now=datetime.now(UTC))
    with pytest.raises(Unreachable, match="certificate is not accepted"):
        manager(agent.server.port, mine.model_copy(update={"ca": other.ca})).call("getState")
    pinned = manager(agent.server.port, mine.model_copy(update={"ca": certificates.pki.server_cert}))
    assert pinned.call("getState")
    pinned.close()


def test_agent_whose_certificate_names_another_host_is_not_believed(
    agent: Agent, certificates: Certificates
) -> None:
    served = AgentServer(("127.0.0.2", 0), agent.server.credentials, agent.server.call)
    with served, pytest.raises(Unreachable, match="IP address mismatch"):
        manager(served.port, certificates.manager, host="127.0.0.2").call("getState")


def test_old_tls_is_not_spoken(agent: Agent, certificates: Certificates) -> None:
    with pytest.warns(DeprecationWarning, match="TLSv1_1"), pytest.raises(ssl.SSLError):
        raw(agent, certificates.manager, version=ssl.TLSVersion.TLSv1_1)


def test_our_key_that_others_can_read_is_not_used(certificates: Certificates, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(certificates.pki.user_key.read_bytes())
    key.chmod(0o644)
    with pytest.raises(Unreachable, match="chmod 600"):
        manager(1, certificates.manager.model_copy(update={"key": key})).call("getState")


BOMB = b"<!DOCTYPE b [<!ENTITY a 'aaaa'><!ENTITY c '&a;&a;&a;'>]>"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (post(b"", path="/etc/passwd"), 404),
        (post(b"<methodCall/>", length="-1"), 411),
        (post(b"", "Transfer-Encoding: chunked"), 411),
        (post(b"", length=10**12), 413),
        (post(b"reboot"), 400),
        (post(BOMB + b"<methodCall><methodName>&c;</methodName></methodCall>"), 400),
        (b"POST /RPC2 HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
)
def test_what_is_no_call_gets_its_status_and_the_connection_ends(
    agent: Agent, certificates: Certificates, text: bytes, status: int
) -> None:
    answer = say(agent, certificates, text)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Traceback" not in answer


def test_slow_ones_are_dropped_and_keep_nobody_waiting(
    agent: Agent, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ofgw.server, "CALL_PATIENCE", 0.5)
    crowd = silent(agent, 10)
    halting = raw(agent, certificates.manager)
    halting.sendall(post(write_call("getState"), length=100_000))
    session = manager(agent.server.port, certificates.manager)
    assert session.call("getState")
    # One byte now and then does not buy time.
    with pytest.raises(OSError):  # noqa: PT011 - reset or broken pipe, as it comes
        wait_for(lambda: halting.sendall(b" "))
    for sock in (*crowd, halting):
        sock.close()
    session.close()


def test_more_connections_than_there_is_room_for_are_closed_and_room_comes_back(
    agent: Agent, certificates: Certificates
) -> None:
    crowd = [raw(agent, certificates.manager) for _ in range(ofgw.server.CONNECTIONS)]

    def is_answered() -> bool:
        # A new one each time: who is in stays in.
        session = manager(agent.server.port, certificates.manager)
        try:
            return bool(session.call("getState"))
        except Unreachable:
            return False
        finally:
            session.close()

    def is_full() -> bool:
        if not is_answered():
            return True
        # On a busy machine the agent may have lost patience with one of the crowd.
        with suppress(OSError):
            crowd.append(raw(agent, certificates.manager))
        return False

    try:
        wait_for(is_full)
    finally:
        for sock in crowd:
            sock.close()
    wait_for(is_answered)


def test_crowd_that_shows_no_certificate_gives_way(
    agent: Agent, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ofgw.server, "HANDSHAKE_PATIENCE", 10 * PATIENCE)
    crowd = silent(agent, 2 * ofgw.server.CONNECTIONS)
    assert crowd[0].recv(1) == b""
    session = manager(agent.server.port, certificates.manager)
    assert session.call("getState")
    crowd += silent(agent, 2 * ofgw.server.CONNECTIONS)
    assert session.call("getState")
    for sock in crowd:
        sock.close()
    session.close()


def test_answer_that_makes_no_sense_is_state_unknown(certificates: Certificates) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.pki.server_cert, certificates.pki.server_key)
    with socket.create_server((LOOPBACK, 0)) as server:
        answers = [
            b"HTTP/1.1 302 Found\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nreboot",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b" " * 5_000_000,
        ]

        def serve() -> None:
            for answer in answers:
                connection = context.wrap_socket(server.accept()[0], server_side=True)
                connection.recv(65536)
                try:
                    connection.sendall(answer)
                    connection.recv(1)
                except OSError:
                    pass
                finally:
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        session = manager(server.getsockname()[1], certificates.manager)
        for _ in answers:
            with pytest.raises(StateUnknown, match="makes no sense"):
                session.call("getState")
        session.close()
        thread.join(PATIENCE)
