"""Which files the PKI has, which of them are kept as they are, and which are made."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pathservice.pki.certificates import alternative_names, parse_host_names, parse_subject
from pathservice.pki.errors import PkiError
from pathservice.pki.files import locked
from pathservice.pki.issuer import LIFETIME, Credential, Issuer, files_of

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DEMO_USER_SUBJECT = "CN=Example User,OU=Demo,O=Path Service"
"""Whom `init_pki` issues `user-cert.pem` to, as RFC 4514 writes it; the example sites authorise it."""

_DEMO_USER = x509.Name.from_rfc4514_string(DEMO_USER_SUBJECT)
_AUTHORITY = x509.Name.from_rfc4514_string("CN=Demo Certificate Authority,O=Path Service")
_ORGANISATION = x509.Name.from_rfc4514_string("O=Path Service")
_ALWAYS_SERVED = ("localhost", "127.0.0.1", "::1")
_AUTHORITY_LIFETIME = timedelta(days=3650)
_CLIENT_FILES = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TAKEN = ("ca", "sa", "server", "user")


@dataclass(frozen=True, slots=True)
class Pki:
    """Paths of the files `init_pki` answers for."""

    ca: Path
    ca_key: Path
    server_cert: Path
    server_key: Path
    user_cert: Path
    user_key: Path


def init_pki(
    directory: Path, *, host_names: Sequence[str], now: datetime, user_subject: x509.Name = _DEMO_USER
) -> Pki:
    """Make sure `directory` holds a usable authority, server and user certificate.

    `host_names` are DNS names or addresses the server certificate is made for, besides localhost,
    127.0.0.1 and ::1; `now` is aware. Certificates that are there are kept, even if made for other
    names (which is logged). Safe in several processes at once and after a crash. Raises PkiError
    when a file cannot be used or made.
    """
    names = parse_host_names([*_ALWAYS_SERVED, *host_names])
    common_name = x509.NameAttribute(NameOID.COMMON_NAME, [*host_names, *_ALWAYS_SERVED][0][:64])
    server, user = files_of(directory, "server"), files_of(directory, "user")
    with locked(directory, create=True):
        authority = Issuer.provide(
            _authority_files(directory), subject=_AUTHORITY, lifetime=_AUTHORITY_LIFETIME, now=now
        )
        served = authority.provide_end_entity(
            server,
            subject=x509.Name([*_ORGANISATION, common_name]),
            purpose=ExtendedKeyUsageOID.SERVER_AUTH,
            names=names,
            now=now,
        )
        known = authority.provide_end_entity(
            user, subject=user_subject, purpose=ExtendedKeyUsageOID.CLIENT_AUTH, now=now
        )
    missing = [str(name.value) for name in names if name not in alternative_names(served)]
    if missing:
        log.warning("server certificate lacks names", path=str(server.cert), missing=missing)
    if known.subject != user_subject:
        log.warning(
            "user certificate is another's", path=str(user.cert), subject=known.subject.rfc4514_string()
        )
    return Pki(authority.files.cert, authority.files.key, server.cert, server.key, user.cert, user.key)


def issue_client(
    directory: Path,
    subject: x509.Name | str,
    *,
    name: str,
    now: datetime,
    lifetime: timedelta = LIFETIME,
) -> Credential:
    """Issue one more client certificate from the authority in `directory`.

    `subject` is a Name or its RFC 4514 text; the files are `<name>-cert.pem` and `<name>-key.pem`.
    Asked again for the same name and subject it answers the same files. Raises PkiError when there
    is no authority, the name cannot name files, or they are somebody else's.
    """
    if not _CLIENT_FILES.fullmatch(name) or name in _TAKEN:
        raise PkiError("pki-bad-name", None, f"{name[:80]!r} cannot name a client's files")
    wanted = parse_subject(subject) if isinstance(subject, str) else subject
    files = files_of(directory, name)
    with locked(directory, create=False):
        certificate = Issuer.load(_authority_files(directory), now=now).provide_end_entity(
            files, subject=wanted, purpose=ExtendedKeyUsageOID.CLIENT_AUTH, now=now, lifetime=lifetime
        )
    if certificate.subject != wanted:
        raise PkiError("pki-bad-name", files.cert, f"is {certificate.subject.rfc4514_string()}'s")
    return files


def _authority_files(directory: Path) -> Credential:
    return Credential(directory / "ca.pem", directory / "ca-key.pem")
