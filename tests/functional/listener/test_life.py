"""Starting, reloading and stopping."""

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy

import pytest

from pathservice.listener import BindError, Limits, Listener, TlsFileError, TlsSettings
from pathservice.pki import Pki, init_pki
from tests.functional.listener.conftest import Client, Clock, House, ask, eventually, read_to_end
from tests.revocation import write_list

BRIEF = Limits(stop_time=timedelta(milliseconds=200))


def listener(
    tls: TlsSettings, port: int = 0, host: str = "127.0.0.1", *, clock: Clock | None = None
) -> Listener:
    return Listener(
        bind=(host, port),
        mounts=[],
        tls=tls,
        health=lambda: (True, {}),
        audit=lambda _: None,
        clock=clock or Clock(),
        threads=1,
    )


@pytest.fixture
def tls(pki: Pki) -> TlsSettings:
    return TlsSettings(ca=pki.ca, cert=pki.server_cert, key=pki.server_key)


class TestStart:
    def test_nothing_happens_before_it(self, tmp_path: Path) -> None:
        missing = TlsSettings(tmp_path / "a", tmp_path / "b", tmp_path / "c")
        idle = listener(missing)
        with pytest.raises(RuntimeError, match="not started"):
            _ = idle.port
        idle.stop()

    def test_taken_address(self, tls: TlsSettings) -> None:
        with listener(tls) as first, pytest.raises(BindError, match=str(first.port)):
            listener(tls, first.port).start()

    @pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
    def test_address_that_is_not_ours(self, tls: TlsSettings, host: str) -> None:
        with pytest.raises(BindError, match=host):
            listener(tls, host=host).start()

    def test_bad_file_is_named_and_nothing_listens(self, tls: TlsSettings, tmp_path: Path) -> None:
        with pytest.raises(TlsFileError, match=r"tls\.cert: .*missing"):
            listener(TlsSettings(tls.ca, tmp_path / "missing", tls.key)).start()

    def test_ipv6(self, tls: TlsSettings, pki: Pki) -> None:
        with listener(tls, host="::1") as six:
            plain = socket.create_connection(("::1", six.port), timeout=60)
            with Client(six.port, pki.ca).context().wrap_socket(plain, server_hostname="::1") as sock:
                sock.sendall(b"GET /health HTTP/1.0\r\n\r\n")
                assert b'"status": "ok"' in read_to_end(sock)


class TestStop:
    def test_refuses_from_then_on(self, house: House) -> None:
        client = house.client()
        assert client.ask().status == 200
        house.listener.stop()
        with pytest.raises(ConnectionRefusedError):
            client.ask()

    def test_twice_is_once(self, house: House) -> None:
        house.listener.stop()
        house.listener.stop()

    def test_request_being_served_ends_well(self, serve: Callable[..., House]) -> None:
        house = serve(limits=Limits(stop_time=timedelta(hours=1)))
        with ThreadPoolExecutor(2) as pool:
            asked = pool.submit(house.client().ask, "/app/wait")
            house.gate.entered.get(timeout=60)
            server = house.listener._running()
            stopped = pool.submit(house.listener.stop)
            eventually(lambda: not server.ready)
            house.gate.leave.put(None)
            reply = asked.result(timeout=60)
            stopped.result(timeout=60)
        assert (reply.status, reply.fields["Connection"]) == (200, "close")

    def test_ends_although_an_application_does_not(self, serve: Callable[..., House]) -> None:
        house = serve(limits=BRIEF)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(house.client().ask, "/app/wait")
            house.gate.entered.get(timeout=60)
            house.listener.stop()
            house.gate.leave.put(None)
            with pytest.raises(ConnectionError):
                asked.result(timeout=60)

    def test_ends_whatever_the_clients_do(self, serve: Callable[..., House]) -> None:
        """Half a handshake, half a head, half a body, nobody reading, kept alive: all at once."""
        hours = timedelta(hours=1)
        limits = Limits(
            handshake_time=hours,
            head_time=hours,
            body_time=hours,
            stall_time=hours,
            stop_time=BRIEF.stop_time,
        )
        house = serve(limits=limits)
        head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n"
        with contextlib.ExitStack() as stack:
            half_shaken = stack.enter_context(house.plain())
            half_shaken.sendall(b"\x16\x03\x01")
            socks = [stack.enter_context(house.client().tls()) for _ in range(3)]
            socks[0].sendall(head % b"/app")
            socks[1].sendall(head % b"/app" + b"\r\n<a")
            socks[2].sendall(head % b"/app/big" + b"\r\n<a/>")
            kept = stack.enter_context(contextlib.closing(house.client().connection()))
            assert ask(kept).status == 200
            house.listener.stop()
            for sock in (half_shaken, *socks[:2]):
                assert read_to_end(sock) == b""
            assert kept.sock is not None
            assert read_to_end(kept.sock) == b""

    def test_leaves_no_thread_and_no_descriptor(self, tls: TlsSettings, pki: Pki) -> None:
        def descriptors() -> Counter[str]:
            """What is open, without what is closed while we look: the folder that is read for it."""
            found = Counter[str]()
            for link in list(Path("/proc/self/fd").iterdir()):
                with contextlib.suppress(FileNotFoundError):
                    found[str(link.readlink())] += 1
            return found

        # What an earlier test has left may go meanwhile; only what comes and stays is ours.
        threads, before = set(threading.enumerate()), descriptors()
        with listener(tls) as running:
            client = Client(running.port, pki.ca, pki.user_cert, pki.user_key)
            assert client.ask("/nothing").status == 404
            with client.tls():
                pass
        assert set(threading.enumerate()) <= threads
        assert descriptors() <= before


class TestReload:
    @pytest.fixture
    def files(self, pki: Pki, tmp_path: Path) -> TlsSettings:
        tls = TlsSettings(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
        copy(pki.ca, tls.ca)
        copy(pki.server_cert, tls.cert)
        copy(pki.server_key, tls.key)
        return tls

    def test_new_certificate_is_shown_to_new_clients(
        self, files: TlsSettings, pki: Pki, foreign_pki: Pki
    ) -> None:
        with listener(files) as running:
            assert Client(running.port, pki.ca).ask("/health", None, method="GET").status == 200
            copy(foreign_pki.server_cert, files.cert)
            copy(foreign_pki.server_key, files.key)
            running.reload()
            assert Client(running.port, foreign_pki.ca).ask("/health", None, method="GET").status == 200

    def test_authority_that_is_gone_vouches_for_nobody(
        self, files: TlsSettings, pki: Pki, foreign_pki: Pki
    ) -> None:
        with listener(files) as running:
            client = Client(running.port, pki.ca, pki.user_cert, pki.user_key)
            with contextlib.closing(client.connection()) as connection:
                assert ask(connection, "/nothing").status == 404
                copy(foreign_pki.ca, files.ca)
                running.reload()
                assert ask(connection, "/nothing").code == "certificate-foreign"

    def test_bad_file_changes_nothing(self, files: TlsSettings, pki: Pki) -> None:
        with listener(files) as running:
            client = Client(running.port, pki.ca, pki.user_cert, pki.user_key)
            files.key.write_text("nonsense")
            with pytest.raises(TlsFileError, match=r"tls\.key"):
                running.reload()
            with contextlib.closing(client.connection()) as connection:
                for _ in range(2):
                    assert ask(connection, "/nothing").status == 404

    def test_changed_file_is_noticed(self, files: TlsSettings, pki: Pki, foreign_pki: Pki) -> None:
        with listener(files) as running:
            client = Client(running.port, pki.ca, pki.user_cert, pki.user_key)
            assert not running.reload_if_changed()
            copy(foreign_pki.ca, files.ca)
            assert client.ask("/nothing").status == 404, "nothing changes before the reload"
            assert running.reload_if_changed()
            assert client.ask("/nothing").code == "certificate-foreign"
            assert not running.reload_if_changed()

    def test_grids_directory_holds_authorities_and_lists(
        self, files: TlsSettings, pki: Pki, tmp_path: Path
    ) -> None:
        folder = tmp_path / "certificates"
        folder.mkdir()
        (folder / "5168735f.0").symlink_to(pki.ca)
        write_list(pki.ca.parent, folder / "5168735f.r0")
        with listener(replace(files, ca=folder, crl=folder)) as running:
            client = Client(running.port, pki.ca, pki.user_cert, pki.user_key)
            assert client.ask("/nothing").status == 404
            write_list(pki.ca.parent, folder / "5168735f.r0", pki.user_cert)
            assert running.reload_if_changed()
            assert client.ask("/nothing").code == "certificate-revoked"
            (folder / "5168735f.r0").unlink()
            assert running.reload_if_changed()
            assert client.ask("/nothing").code == "revocation-unknown"

    def test_bad_file_is_told_until_it_is_mended(self, files: TlsSettings, pki: Pki) -> None:
        with listener(files) as running:
            files.key.write_text("nonsense")
            for _ in range(2):
                with pytest.raises(TlsFileError, match=r"tls\.key"):
                    running.reload_if_changed()
            copy(pki.server_key, files.key)
            assert running.reload_if_changed()
            assert not running.reload_if_changed()

    def test_under_load(self, files: TlsSettings, pki: Pki) -> None:
        """A context in use cannot be changed; a reload takes a new one, and no request is lost."""
        with listener(files) as running, ThreadPoolExecutor(4) as pool:
            client = Client(running.port, pki.ca, pki.user_cert, pki.user_key)
            replies = [pool.submit(client.ask, "/nothing") for _ in range(40)]
            for _ in range(10):
                running.reload()
            assert {reply.result(timeout=60).status for reply in replies} == {404}


def test_own_certificate_must_be_in_date(tls: TlsSettings, tmp_path: Path) -> None:
    clock = Clock()
    clock.forward(timedelta(days=3000))
    with pytest.raises(TlsFileError, match="expired at"):
        listener(tls, clock=clock).start()
    old = init_pki(tmp_path / "old", host_names=[], now=datetime.now(UTC) - timedelta(days=1000))
    with pytest.raises(TlsFileError, match="expired at"):
        listener(TlsSettings(old.ca, old.server_cert, old.server_key)).start()
