"""Which files the PKI has, which of them are kept as they are, and which are made."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pathservice.pki.certificates import (
    alternative_names,
    parse_host_names,
    parse_subject,
    serves_purpose,
    sign_authority,
    sign_end_entity,
)
from pathservice.pki.errors import PkiError
from pathservice.pki.files import load_certificate, load_key, locked, provide_key, write_certificate

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DEMO_USER_SUBJECT = "CN=Example User,OU=Demo,O=Path Service"
"""Whom `init_pki` issues `user-cert.pem` to, as RFC 4514 writes it; the example sites authorise it."""

_DEMO_USER = x509.Name.from_rfc4514_string(DEMO_USER_SUBJECT)
_AUTHORITY = x509.Name.from_rfc4514_string("CN=Demo Certificate Authority,O=Path Service")
_ORGANISATION = x509.Name.from_rfc4514_string("O=Path Service")
_ALWAYS_SERVED = ("localhost", "127.0.0.1", "::1")
_AUTHORITY_LIFETIME = timedelta(days=3650)
_LIFETIME = timedelta(days=730)
_CLIENT_FILES = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TAKEN = ("ca", "server", "user")


@dataclass(frozen=True, slots=True)
class Credential:
    """Where one certificate and its private key are kept."""

    cert: Path
    key: Path


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
    server, user = _files(directory, "server"), _files(directory, "user")
    with locked(directory, create=True):
        authority = _Authority.provide(directory, now=now)
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
    lifetime: timedelta = _LIFETIME,
) -> Credential:
    """Issue one more client certificate from the authority in `directory`.

    `subject` is a Name or its RFC 4514 text; the files are `<name>-cert.pem` and `<name>-key.pem`.
    Asked again for the same name and subject it answers the same files. Raises PkiError when there
    is no authority, the name cannot name files, or they are somebody else's.
    """
    if not _CLIENT_FILES.fullmatch(name) or name in _TAKEN:
        raise PkiError("pki-bad-name", None, f"{name[:80]!r} cannot name a client's files")
    wanted = parse_subject(subject) if isinstance(subject, str) else subject
    files = _files(directory, name)
    with locked(directory, create=False):
        certificate = _Authority.load(directory, now=now).provide_end_entity(
            files, subject=wanted, purpose=ExtendedKeyUsageOID.CLIENT_AUTH, now=now, lifetime=lifetime
        )
    if certificate.subject != wanted:
        raise PkiError("pki-bad-name", files.cert, f"is {certificate.subject.rfc4514_string()}'s")
    return files


def _files(directory: Path, name: str) -> Credential:
    return Credential(directory / f"{name}-cert.pem", directory / f"{name}-key.pem")


@dataclass(frozen=True, slots=True)
class _Authority:
    """An authority; its key may have been taken away, then it vouches for what it signed before."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey | None
    files: Credential

    @classmethod
    def provide(cls, directory: Path, *, now: datetime) -> Self:
        """Load the authority in `directory`, made if there is none."""
        files = Credential(directory / "ca.pem", directory / "ca-key.pem")
        if not files.cert.exists():
            key = provide_key(files.key)
            write_certificate(
                files.cert, sign_authority(key, subject=_AUTHORITY, now=now, lifetime=_AUTHORITY_LIFETIME)
            )
        return cls.load(directory, now=now)

    @classmethod
    def load(cls, directory: Path, *, now: datetime) -> Self:
        files = Credential(directory / "ca.pem", directory / "ca-key.pem")
        if not files.cert.exists():
            raise PkiError("pki-incomplete", files.cert, "there is no authority here; make one first")
        certificate = load_certificate(files.cert)
        _refuse_expired(files, certificate, now)
        key = load_key(files.key) if files.key.exists() else None
        if key is not None:
            _refuse_mismatch(files, certificate, key)
        return cls(certificate, key, files)

    def provide_end_entity(
        self,
        files: Credential,
        *,
        subject: x509.Name,
        purpose: x509.ObjectIdentifier,
        now: datetime,
        names: Sequence[x509.GeneralName] = (),
        lifetime: timedelta = _LIFETIME,
    ) -> x509.Certificate:
        """Answer the certificate in `files`: the one that is there, checked, else a new one."""
        if files.cert.exists():
            return self._load_end_entity(files, purpose=purpose, now=now)
        if self.key is None:
            raise PkiError(
                "pki-incomplete", self.files.key, f"is gone, so {files.cert.name} cannot be signed"
            )
        certificate = sign_end_entity(
            provide_key(files.key),
            subject=subject,
            issuer=self.certificate,
            issuer_key=self.key,
            purpose=purpose,
            names=names,
            now=now,
            lifetime=lifetime,
        )
        write_certificate(files.cert, certificate)
        return certificate

    def _load_end_entity(
        self, files: Credential, *, purpose: x509.ObjectIdentifier, now: datetime
    ) -> x509.Certificate:
        certificate = load_certificate(files.cert)
        if not files.key.exists():
            raise PkiError(
                "pki-incomplete", files.key, f"is gone; restore it, or move {files.cert.name} away as well"
            )
        _refuse_mismatch(files, certificate, load_key(files.key))
        _refuse_expired(files, certificate, now)
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise PkiError(
                "pki-file-invalid", files.cert, f"was not issued by {self.files.cert.name}"
            ) from error
        if not serves_purpose(certificate, purpose):
            raise PkiError("pki-file-invalid", files.cert, "is for another purpose")
        return certificate


def _refuse_expired(files: Credential, certificate: x509.Certificate, now: datetime) -> None:
    if now >= certificate.not_valid_after_utc:
        raise PkiError(
            "pki-expired",
            files.cert,
            f"expired at {certificate.not_valid_after_utc.isoformat()}; "
            f"move it and {files.key.name} away to have new ones made",
        )


def _refuse_mismatch(files: Credential, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> None:
    if certificate.public_key() != key.public_key():
        raise PkiError("pki-file-invalid", files.key, f"does not belong to {files.cert.name}")
