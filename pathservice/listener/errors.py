"""What can go wrong at the port.

    ListenerError               the listener cannot start or reload; the operator must act
    |-- TlsFileError            a file behind TLS: names the setting and the path
    `-- BindError               the address cannot be listened on
    Refused                     one request is refused; the client can read `code` in the answer
    `-- CertificateRefused      ... because of who is asking
    Postponed                   no error: the request goes on where an application may be asked

Codes are stable; messages are sentences for people, and never repeat what the client sent.
"""

from http import HTTPStatus
from pathlib import Path


class ListenerError(Exception):
    """The listener cannot start, or keeps what it had when it was told to reload."""

    code = "listener-error"


class TlsFileError(ListenerError):
    """A certificate, key or revocation list cannot be used; `field` is the setting's name."""

    code = "tls-file"

    def __init__(self, field: str, path: Path, problem: str) -> None:
        super().__init__(f"tls.{field}: {path}: {problem}")
        self.field = field
        self.path = path
        self.problem = problem


class BindError(ListenerError):
    """The address is taken, unknown or not ours to listen on."""

    code = "bind"


class Refused(Exception):
    """A request that goes no further. Becomes an answer with `status` and a JSON body."""

    def __init__(
        self, status: HTTPStatus, code: str, message: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


class CertificateRefused(Refused):
    """The client's certificate chain is not one we accept (403)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, code, message)


class Postponed(Exception):
    """A request is good as far as its head goes; it is asked for again once it is whole.

    `needs_body` says whether its body has to arrive first.
    """

    def __init__(self, *, needs_body: bool) -> None:
        super().__init__()
        self.needs_body = needs_body
