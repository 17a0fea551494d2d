"""A slice authority beside the demonstration PKI: experimenters, and credentials for their slices.

It stands for a clearinghouse where there is none. Its own certificate lies among the trusted roots as well,
so that whom it issues may come in, and what it signs is believed.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pathservice.pki.certificates import sign_end_entity
from pathservice.pki.errors import PkiError
from pathservice.pki.files import load_certificate, locked, write_certificate, write_document
from pathservice.pki.issuer import LIFETIME, Credential, Issuer, files_of
from tbam.credentials import CredentialError, Privilege
from tbam.credentials.certificates import urn_of
from tbam.credentials.issue import SLICE_PRIVILEGES, USER_PRIVILEGES, Signer, issue_credential
from tbam.urn import BadUrn, Urn

ROOTS = "trusted-roots"
"""The directory, in that of the PKI, of those whose credentials count."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}")
_TAKEN = ("ca", "sa", "server", "user")
_AUTHORITY_LIFETIME = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class SliceAuthority:
    """Paths of its certificate and key, and of the certificate's copy among the trusted roots."""

    urn: Urn
    files: Credential
    root: Path


def init_slice_authority(directory: Path, authority: str, *, now: datetime) -> SliceAuthority:
    """Make sure `directory` holds the slice authority of that name, such as `example.net`.

    What is there is kept. Raises PkiError, for another authority's files too.
    """
    urn = _urn(authority, "authority", "sa")
    files, root = files_of(directory, "sa"), directory / ROOTS / "sa.pem"
    with locked(directory, create=True), locked(root.parent, create=True):
        issuer = Issuer.provide(
            files,
            subject=_subject("Slice Authority", urn),
            names=[x509.UniformResourceIdentifier(str(urn))],
            lifetime=_AUTHORITY_LIFETIME,
            now=now,
        )
        if _urn_in(files.cert) != urn:
            raise PkiError("pki-bad-name", files.cert, f"is {_urn_in(files.cert)}'s, not {urn}'s")
        if not root.exists():
            write_certificate(root, issuer.certificate)
    return SliceAuthority(urn, files, root)


def issue_user(directory: Path, name: str, *, now: datetime, lifetime: timedelta = LIFETIME) -> Credential:
    """Issue an experimenter's certificate, with a URN and for TLS; asked again it answers the same files.

    Raises PkiError when there is no slice authority, the name cannot name a user, or what is there under it
    is somebody else's.
    """
    files = _files_of_user(directory, name)
    with locked(directory, create=False):
        issuer = Issuer.load(files_of(directory, "sa"), now=now)
        urn = _urn(_urn_in(issuer.files.cert).authority, "user", name)
        certificate = issuer.provide_end_entity(
            files,
            subject=_subject(name, urn),
            purpose=ExtendedKeyUsageOID.CLIENT_AUTH,
            names=[x509.UniformResourceIdentifier(str(urn))],
            now=now,
            lifetime=lifetime,
        )
        _refuse_another(files, certificate, urn)
    return files


def _refuse_another(files: Credential, certificate: x509.Certificate, urn: Urn) -> None:
    try:
        there = urn_of(certificate)
    except CredentialError as error:
        raise PkiError("pki-file-invalid", files.cert, str(error)) from error
    if there != urn:
        whose = f"is {there}'s, not {urn}'s" if there else f"has no URN among its names, not {urn}"
        words = f"{whose}; move it and {files.key.name} away to have new ones made"
        raise PkiError("pki-bad-name", files.cert, words)


def issue_slice_credential(
    directory: Path, slice_name: str, user: str, *, path: Path, now: datetime, expires_at: datetime
) -> str:
    """Write a credential with which `user` may do everything with a slice, and hand it on, into `path`.

    Answers the slice's URN. Raises PkiError, when `path` is there already too.
    """
    with locked(directory, create=False):
        issuer = Issuer.load(files_of(directory, "sa"), now=now)
        urn = _urn(_urn_in(issuer.files.cert).authority, "slice", slice_name)
        # A slice has a certificate because SFA names things by certificates; nobody uses its key.
        certificate = sign_end_entity(
            ec.generate_private_key(ec.SECP256R1()).public_key(),
            subject=_subject(slice_name[:60], urn),
            issuer=issuer.certificate,
            issuer_key=issuer.need_key(path),
            purpose=ExtendedKeyUsageOID.CLIENT_AUTH,
            names=[x509.UniformResourceIdentifier(str(urn))],
            now=now,
            lifetime=max(expires_at - now, timedelta()),
        )
        owner = load_certificate(_files_of_user(directory, user).cert)
        _write(path, _signer(issuer, path), owner, certificate, SLICE_PRIVILEGES, expires_at, hand_on=True)
    return str(urn)


def issue_user_credential(
    directory: Path, user: str, *, path: Path, now: datetime, expires_at: datetime
) -> None:
    """Write a credential that says who `user` is, enough for ListResources, into `path`. Raises PkiError."""
    with locked(directory, create=False):
        issuer = Issuer.load(files_of(directory, "sa"), now=now)
        owner = load_certificate(_files_of_user(directory, user).cert)
        _write(path, _signer(issuer, path), owner, owner, USER_PRIVILEGES, expires_at, hand_on=False)


def _files_of_user(directory: Path, name: str) -> Credential:
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise PkiError("pki-bad-name", None, f"{name[:80]!r} cannot name a user's files")
    return files_of(directory, name)


def _write(
    path: Path,
    signer: Signer,
    owner: x509.Certificate,
    target: x509.Certificate,
    privileges: tuple[str, ...],
    expires_at: datetime,
    *,
    hand_on: bool,
) -> None:
    if path.exists():
        raise PkiError("pki-file-unwritable", path, "is there already; move it away, or name another file")
    try:
        text = issue_credential(
            signer,
            owner=[owner],
            target=[target],
            privileges=[Privilege(name, can_delegate=hand_on) for name in privileges],
            expires_at=expires_at,
        )
    except CredentialError as error:
        raise PkiError("pki-file-invalid", None, str(error)) from error
    write_document(path, text)


def _signer(issuer: Issuer, wanted: Path) -> Signer:
    key = issuer.need_key(wanted)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Signer([issuer.certificate], pem)


def _urn(authority: str, kind: str, name: str) -> Urn:
    try:
        return Urn(authority, kind, name)
    except BadUrn as error:
        raise PkiError("pki-bad-name", None, str(error)) from error


def _urn_in(path: Path) -> Urn:
    try:
        urn = urn_of(load_certificate(path))
    except CredentialError as error:
        raise PkiError("pki-file-invalid", path, str(error)) from error
    if urn is None or not urn.is_a("authority"):
        raise PkiError("pki-file-invalid", path, "has no authority's URN among its names")
    return urn


def _subject(common_name: str, urn: Urn) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, urn.authority[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
