"""Whom clients are judged by: authorities and revocation lists, in one file or in a grid-style directory.

Such a directory, `/etc/grid-security/certificates` for one, holds hundreds of files by others' hands: a
`<hash>.0` and a `<hash>.r0` for each authority, often under two hashes, and files of other kinds that are
passed over. What cannot be used there is logged and left out: its users are refused, others are not
troubled. A single file is the operator's own, and has to be right.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL.crypto import X509

from pathservice.listener.errors import TlsFileError
from pathservice.listener.verifier import UNREADABLE

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_CERTIFICATE_MARK = b"-----BEGIN CERTIFICATE-----"
_LIST = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)
_LIST_MARK = b"-----BEGIN X509 CRL-----"
_LIST_NAME = re.compile(r".+\.(?:r[0-9]+|crl)")
"""Files of these names may hold their list in DER, which has no mark to know it by."""

GUESTS = "trusted_roots"
"""The setting that names the authorities of guests."""

_Item = TypeVar("_Item", x509.Certificate, x509.CertificateRevocationList)
Stamp = tuple[object, ...]


def load_authorities(path: Path) -> list[x509.Certificate]:
    """Read the authorities in a file or directory, each once. Raises TlsFileError.

    There must be one: a service that trusts nobody is a mistake.
    """
    found = _load("ca", path, partial(_read_authorities, "ca"))
    if not found:
        raise TlsFileError("ca", path, "holds no authority in PEM")
    return found


def load_strangers(directory: Path) -> list[x509.Certificate]:
    """Read the authorities of others in a directory, which may be empty or missing. Raises TlsFileError.

    To trust none of them any more is a decision, and has to be followed.
    """
    return _load(GUESTS, directory, partial(_read_authorities, GUESTS)) if directory.exists() else []


def load_lists(path: Path) -> list[x509.CertificateRevocationList]:
    """Read the revocation lists in a file or directory, each once. Raises TlsFileError."""
    return _load("crl", path, _read_lists)


def load_certificates(field: str, path: Path) -> list[x509.Certificate]:
    """Read every certificate in a file; `field` is the setting's name. Raises TlsFileError."""
    return _parse_certificates(field, path, read_bytes(field, path))


def read_bytes(field: str, path: Path) -> bytes:
    """Read a file; `field` is the setting's name. Raises TlsFileError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsFileError(field, path, error.strerror or "cannot be read") from error


def stamp(*paths: Path) -> Stamp:
    """Answer what is seen of files and directories from outside; it is another when one has changed."""
    return tuple(_look_at(file) for path in paths for file in (path, *_list(path)))


def _list(path: Path) -> list[Path]:
    try:
        return sorted(path.iterdir()) if path.is_dir() else []
    except OSError:
        return []


def _look_at(file: Path) -> Stamp:
    try:
        status = file.stat()
    except OSError as error:
        return file, error.errno
    return file, status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode


def _load(field: str, path: Path, read: Callable[[Path, bytes, bool], list[_Item]]) -> list[_Item]:
    """What `read` makes of a file, or of every file in a directory, without repetitions."""
    if not path.is_dir():
        return _once(read(path, read_bytes(field, path), False))
    try:
        files = sorted(file for file in path.iterdir() if not file.is_dir())
    except OSError as error:
        raise TlsFileError(field, path, error.strerror or "cannot be read") from error
    found: list[_Item] = []
    for file in files:
        try:
            found += read(file, read_bytes(field, file), True)
        except TlsFileError as error:
            log.warning("left out", setting=field, path=str(file), problem=error.problem)
    return _once(found)


def _once(items: list[_Item]) -> list[_Item]:
    return list({item.fingerprint(SHA256()): item for item in items}.values())


def _read_authorities(field: str, path: Path, content: bytes, among_others: bool) -> list[x509.Certificate]:
    if among_others and _CERTIFICATE_MARK not in content:
        return []
    authorities = _parse_certificates(field, path, content)
    for authority in authorities:
        _refuse_end_entity(field, path, authority)
    return authorities


def _refuse_end_entity(field: str, path: Path, certificate: x509.Certificate) -> None:
    try:
        X509.from_cryptography(certificate)  # OpenSSL has to be able to read it too
        name = certificate.subject.rfc4514_string()
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return  # version 1 roots are still about
    except UNREADABLE as error:
        raise TlsFileError(field, path, "holds a certificate that cannot be understood") from error
    if not constraints.ca:
        raise TlsFileError(field, path, f"{name} is not an authority")


def _parse_certificates(field: str, path: Path, content: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise TlsFileError(field, path, "holds no certificate in PEM") from error


def _read_lists(path: Path, content: bytes, among_others: bool) -> list[x509.CertificateRevocationList]:
    try:
        if _LIST_MARK in content:
            return [x509.load_pem_x509_crl(pem) for pem in _LIST.findall(content) or [content]]
        if not among_others or _LIST_NAME.fullmatch(path.name):
            return [x509.load_der_x509_crl(content)]
    except ValueError as error:
        raise TlsFileError("crl", path, "holds no revocation list in PEM or DER") from error
    return []
