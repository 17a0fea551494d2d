"""XML-RPC over TLS, both sides known by their certificates, the connection kept open between calls.

The authority in the site file is the only one that is trusted; it may be the very certificate of the device,
which then is pinned. The host name must be in the certificate. Nothing is redirected or fetched from
elsewhere.
"""

import http.client
import io
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import cast

from netconfig.deadline import DeadlineReader
from netconfig.errors import BadCredential, StateUnknown, Unreachable
from netconfig.inventory import Device, TlsFiles
from netconfig.transport.link import Link
from netconfig.xmlrpcwire import NotXmlRpc, read_answer, write_call

DEFAULT_PORT = 8234
PATH = "/RPC2"
_REFUSALS = frozenset(
    f"{version}_ALERT_{what}"
    for version, what in (
        ("TLSV1", "UNKNOWN_CA"),
        ("TLSV1", "ACCESS_DENIED"),
        ("TLSV13", "CERTIFICATE_REQUIRED"),
        ("SSLV3", "BAD_CERTIFICATE"),
        ("SSLV3", "UNSUPPORTED_CERTIFICATE"),
        ("SSLV3", "CERTIFICATE_EXPIRED"),
        ("SSLV3", "CERTIFICATE_REVOKED"),
        ("SSLV3", "CERTIFICATE_UNKNOWN"),
    )
)
"""What OpenSSL calls the alerts of who is not content with our certificate."""
LARGEST_ANSWER = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds: to open a connection, for a whole answer."""

    open: float = 15.0
    answer: float = 60.0


DEFAULT_PATIENCE = Patience()


class XmlRpcSession:
    """The calls of one device; its connection is opened when it is needed, and anew when it broke.

    One thread at a time calls; `close` may be called from any.
    """

    def __init__(self, device: Device, patience: Patience = DEFAULT_PATIENCE) -> None:
        self._device = device
        self._patience = patience
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._link: Link | None = None
        self._closings = 0

    def call(self, method: str, *arguments: object) -> object:
        """What the device answers. A call may be made twice: where a connection kept open turns out broken.

        Raises:
            Fault: it answers that it did not do it.
            Unreachable: no connection, or it broke or fell silent.
            StateUnknown: the answer makes no sense.
        """
        closings = self._closings
        document = write_call(method, *arguments)
        kept = self._connection is not None
        try:
            return self._exchange(document, closings)
        except _Broken:
            # One that `close` ended stays closed: whoever closed it no longer wants this to happen.
            if not kept or self._closings != closings:
                raise
        return self._exchange(document, closings)

    def close(self) -> None:
        """End the connection, if there is one; whoever waits on it gets `Unreachable`."""
        with self._lock:
            self._closings += 1
        self._drop()

    def _exchange(self, document: bytes, closings: int) -> object:
        with self._translated():
            connection = self._connection or self._open(closings)
            answer = connection.post(document, self._patience.answer)
        try:
            return read_answer(answer)
        except NotXmlRpc as error:
            self._drop()
            raise StateUnknown(self._device.name, f"its answer makes no sense: {error}") from error

    def _open(self, closings: int) -> "_Connection":
        host, port = str(self._device.host), self._device.port or DEFAULT_PORT
        context = _context(cast("TlsFiles", self._device.tls))
        link = Link()
        with self._lock:
            self._require_open(closings)
            self._link = link
        sock = link.connect(host, port, self._patience.open)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wrapped = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        with self._lock:
            # From here on `close` finds it there.
            self._link, self._connection = None, (connection := _Connection(wrapped, host))
            self._require_open(closings)
        wrapped.settimeout(self._patience.open)
        wrapped.do_handshake()
        return connection

    def _require_open(self, closings: int) -> None:
        if self._closings != closings:
            raise ConnectionAbortedError("the connection was closed")

    def _drop(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            link, self._link = self._link, None
        if connection is not None:
            connection.break_off()
        if link is not None:
            link.break_off()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        name, port = self._device.name, self._device.port or DEFAULT_PORT
        where = f"{self._device.host} port {port}"
        try:
            yield
        except BadCredential as error:
            self._drop()
            raise Unreachable(name, str(error)) from error
        except NotXmlRpc as error:
            self._drop()
            raise StateUnknown(name, f"its answer makes no sense: {error}") from error
        except ssl.SSLCertVerificationError as error:
            self._drop()
            words = f"{where}: its certificate is not accepted: {error.verify_message}"
            raise Unreachable(name, words) from error
        except TimeoutError as error:
            self._drop()
            raise Unreachable(name, f"{where}: no answer in time") from error
        except (OSError, EOFError, http.client.HTTPException) as error:
            self._drop()
            raise _Broken(name, f"{where}: {_in_words(error)}") from error


class _Broken(Unreachable):
    """The connection ended, where it might do so because it had been kept open for long."""


class _Connection:
    """One TLS connection with HTTP on it."""

    def __init__(self, sock: ssl.SSLSocket, host: str) -> None:
        self._socket = sock
        self._host = host
        self._reader = DeadlineReader(sock)

    def post(self, document: bytes, patience: float) -> bytes:
        """The body of the answer; an answer of another kind than 200 with XML is NotXmlRpc."""
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: text/xml\r\n"
            f"Content-Length: {len(document)}\r\n\r\n"
        )
        self._socket.settimeout(patience)
        self._socket.sendall(head.encode("latin-1") + document)
        self._reader = DeadlineReader(self._socket)
        self._reader.allow(patience)
        response = http.client.HTTPResponse(cast("socket.socket", self), method="POST")
        response.begin()
        if response.status != http.HTTPStatus.OK:
            raise NotXmlRpc(f"HTTP {response.status} {response.reason[:80]}")
        body = response.read(LARGEST_ANSWER + 1)
        if len(body) > LARGEST_ANSWER:
            raise NotXmlRpc(f"it is larger than {LARGEST_ANSWER} bytes")
        if response.length:
            raise ConnectionResetError("the answer was cut short")
        return body

    def makefile(self, _mode: str) -> io.BufferedReader:
        """For the library, which wants to read from a socket."""
        return io.BufferedReader(self._reader)

    def break_off(self) -> None:
        """Wake whoever waits for it, and give it back."""
        # The plain socket's own: TLS would want to say goodbye, and another thread may be reading.
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        self._socket.close()


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # What stands in the file is trusted, be it an authority or the device's own certificate.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        if stat.S_IMODE(files.key.stat().st_mode) & 0o077:
            raise BadCredential(f"tls.key: {files.key} can be read by others than its owner; chmod 600 it")
        context.load_verify_locations(cafile=files.ca)
        context.load_cert_chain(files.cert, files.key, password=_no_password)
    except OSError as error:
        missing = next((path for path in (files.ca, files.cert, files.key) if not path.is_file()), None)
        what = (
            f"{missing} cannot be read"
            if missing
            else f"{files.ca}, {files.cert}, {files.key}: no usable PEM"
        )
        raise BadCredential(f"tls: {what}: {error.strerror or error}") from error
    return context


def _no_password() -> str:
    """Else the library would ask on the terminal."""
    raise OSError("the key is encrypted; no password is asked for")


def _in_words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) and error.reason in _REFUSALS:
        return f"it does not accept our certificate (`tls.cert`): TLS: {error.reason}"
    if isinstance(error, ssl.SSLEOFError):
        return "the connection was closed"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    if isinstance(error, http.client.HTTPException):
        return f"no HTTP: {type(error).__name__}"
    return str(getattr(error, "strerror", None) or error) or "the connection was closed"
