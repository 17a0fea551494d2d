"""An authority in two files, and the end entities it issues: what is there is checked and kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa

from pathservice.pki.certificates import serves_purpose, sign_authority, sign_end_entity
from pathservice.pki.errors import PkiError
from pathservice.pki.files import load_certificate, load_key, provide_key, write_certificate

LIFETIME = timedelta(days=730)
"""How long an end entity's certificate lasts if nothing else is said."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Where one certificate and its private key are kept."""

    cert: Path
    key: Path


def files_of(directory: Path, name: str) -> Credential:
    """Where an end entity's certificate and key are kept."""
    return Credential(directory / f"{name}-cert.pem", directory / f"{name}-key.pem")


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authority; its key may have been taken away, then it vouches for what it signed before."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey | None
    files: Credential

    @classmethod
    def provide(
        cls,
        files: Credential,
        *,
        subject: x509.Name,
        lifetime: timedelta,
        now: datetime,
        names: Sequence[x509.GeneralName] = (),
    ) -> Self:
        """Load the authority in `files`, made if there is none."""
        if not files.cert.exists():
            key = provide_key(files.key)
            write_certificate(
                files.cert, sign_authority(key, subject=subject, names=names, now=now, lifetime=lifetime)
            )
        return cls.load(files, now=now)

    @classmethod
    def load(cls, files: Credential, *, now: datetime) -> Self:
        """Load an authority that is there. Raises PkiError."""
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
        lifetime: timedelta = LIFETIME,
    ) -> x509.Certificate:
        """Answer the certificate in `files`: the one that is there, checked, else a new one."""
        if files.cert.exists():
            return self._load_end_entity(files, purpose=purpose, now=now)
        issuer_key = self.need_key(files.cert)
        certificate = sign_end_entity(
            provide_key(files.key).public_key(),
            subject=subject,
            issuer=self.certificate,
            issuer_key=issuer_key,
            purpose=purpose,
            names=names,
            now=now,
            lifetime=lifetime,
        )
        write_certificate(files.cert, certificate)
        return certificate

    def need_key(self, wanted: Path) -> rsa.RSAPrivateKey:
        """Answer the private key, without which `wanted` cannot be made. Raises PkiError."""
        if self.key is None:
            raise PkiError("pki-incomplete", self.files.key, f"is gone, so {wanted.name} cannot be signed")
        return self.key

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
