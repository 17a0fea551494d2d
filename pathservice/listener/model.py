"""Values at the listener's seams; all frozen, none knows a library."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from pathservice.listener.errors import CertificateRefused

StartResponse = Callable[..., Any]
Environ = dict[str, Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
"""A WSGI application (PEP 3333)."""

JUDGEMENT = "pathservice.judgement"
"""Where in the WSGI environ the front finds the client's Judgement; no application sees it."""

REQUEST_ID = "pathservice.request_id"
"""Where in the WSGI environ an application finds the request's short name, as X-Request-Id has it."""

ADMIT = "pathservice.admit"
"""Where in the WSGI environ the front finds what to call, with `needs_body` and the `limit` of its bytes,
before it reads a body or asks an application: it raises Postponed where the request is not whole. No
application sees it."""

Health = Callable[[], tuple[bool, Mapping[str, object]]]
"""Answers whether the service can do its work, and details that may be shown to anybody."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a verified chain belongs to.

    `subject` and `issuer` are the end entity's, as RFC 4514 writes them (most specific part first);
    `certificate` is it in DER. `not_after` is the earliest instant at which anything the verdict rests on
    runs out: a certificate of the chain or a revocation list. A `guest` is known to the guests' authorities
    alone, who may have given anybody's name away: only mounts that say so let it in.
    """

    subject: str
    issuer: str
    not_after: datetime
    certificate: bytes
    guest: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What we hold of a client: an identity, a reason to refuse it, or neither: nobody in particular."""

    identity: Identity | None = None
    refusal: CertificateRefused | None = None
    claimed_subject: str | None = None


class Outcome(StrEnum):
    """How a request ended: done, not allowed, not possible as asked, or our fault."""

    OK = "ok"
    DENIED = "denied"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AuditLine:
    """How a request ended that no application tells of; fields have the names applications use too.

    `peer` is the client's address. `subject` is a verified one; `claimed_subject` stood in a certificate
    we refused. `path` is None where none was read, in a handshake or half a head. `operation` is
    `wsdl` where the WSDL was asked for; other requests of this kind are none.
    """

    at: datetime
    request_id: str
    peer: str
    outcome: Outcome
    code: str | None = None
    subject: str | None = None
    claimed_subject: str | None = None
    path: str | None = None
    operation: str | None = None


Audit = Callable[[AuditLine], None]


@dataclass(frozen=True, slots=True)
class Mount:
    """An application at a path prefix, which it sees as SCRIPT_NAME; at `/` it has that one path.

    With `xml` its POST bodies are checked and reach it as UTF-8 without a declaration, and GET is
    for `?wsdl` alone. `methods` are answered, others get 405; GET implies HEAD. With `untyped` a body
    whose kind is not told is taken for XML. `guests` are let in where that is said. `body_bytes` stands
    in the place of the listener's limit.
    """

    prefix: str
    application: Application
    xml: bool = True
    methods: tuple[str, ...] = ("GET", "POST")
    untyped: bool = False
    guests: bool = False
    body_bytes: int | None = None

    def __post_init__(self) -> None:
        named = self.prefix.startswith("/") and not self.prefix.endswith("/") and self.prefix != "/health"
        if not named and self.prefix != "/":
            raise ValueError(f"{self.prefix!r} cannot be mounted: write it as /name")

    @property
    def script_name(self) -> str:
        """What of a path is the mount's own."""
        return self.prefix.rstrip("/")

    def serves(self, path: str) -> bool:
        """Whether a path is its."""
        return path == self.prefix or (self.prefix != "/" and path.startswith(f"{self.prefix}/"))


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """PEM files. `ca` holds the authorities clients are judged by, `cert` may go on with its chain.

    `guests` is a directory of others' authorities, whose certificates are good only where a mount lets
    guests in; it may be missing. `crl` is a file of revocation lists; with it every authority in a client's
    chain needs a list that is fresh. It and `ca` may each be a directory, as grids lay them out, even the
    same. `legacy_proxies` takes proxy certificates of the kind before RFC 3820 too, `short_proxy_keys`
    proxies whose RSA keys have 1024 bits.
    """

    ca: Path
    cert: Path
    key: Path
    crl: Path | None = None
    legacy_proxies: bool = False
    short_proxy_keys: bool = False
    guests: Path | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of us one client may use."""

    head_bytes: int = 16 * 1024
    body_bytes: int = 1024 * 1024
    xml_depth: int = 64
    xml_nodes: int = 50_000
    """Elements and attributes."""

    handshakes: int = 200
    """Half-open handshakes; one more makes the oldest go."""
    waiting: int = 500
    """Connections without a request; one more makes the oldest go."""
    bodies: int = 150
    """Requests whose bodies are arriving; one more makes the oldest of whoever has most of them go."""
    bodies_bytes: int = 64 * 1024 * 1024
    """What their bodies may take up together; beyond it the oldest of whoever holds most goes."""
    queued: int = 100
    """Whole requests that wait for a worker; one more is refused."""
    backlog: int = 256

    handshake_time: timedelta = timedelta(seconds=10)
    head_time: timedelta = timedelta(seconds=10)
    """From a head's first byte to its last."""
    body_time: timedelta = timedelta(seconds=30)
    """From a head's last byte to the body's."""
    stall_time: timedelta = timedelta(seconds=10)
    """How long a reader may take nothing of an answer."""
    answer_time: timedelta = timedelta(minutes=5)
    """How long a reader may take for one answer altogether."""
    idle_time: timedelta = timedelta(seconds=60)
    linger_time: timedelta = timedelta(seconds=2)
    """How long a refused client may go on sending before it is cut off."""
    stop_time: timedelta = timedelta(seconds=2)
    """How long a request that is being served may go on when we stop."""
