"""The PKI's files: PEM, keys unencrypted and readable by their owner alone."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pathservice.pki.errors import PkiError

_DIRECTORY_MODE = 0o700
_KEY_MODE = 0o600
_CERTIFICATE_MODE = 0o644


@contextlib.contextmanager
def locked(directory: Path, *, create: bool) -> Iterator[None]:
    """Keep other processes out of `directory`, which is made, readable by us alone, if `create`."""
    try:
        if create:
            directory.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                directory.mkdir(mode=_DIRECTORY_MODE)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise PkiError(
            "pki-file-unreadable", directory, f"is no usable directory: {error.strerror}"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_certificate(path: Path) -> x509.Certificate:
    """Read one certificate. Raises PkiError."""
    try:
        return x509.load_pem_x509_certificate(_read(path))
    except ValueError as error:
        raise PkiError("pki-file-invalid", path, "holds no certificate in PEM") from error


def write_certificate(path: Path, certificate: x509.Certificate) -> None:
    """Write a certificate where there is none. Raises PkiError."""
    _write_new(path, certificate.public_bytes(serialization.Encoding.PEM), _CERTIFICATE_MODE)


def write_document(path: Path, text: str) -> None:
    """Write a text that is no secret where there is none. Raises PkiError."""
    _write_new(path, text.encode(), _CERTIFICATE_MODE)


def load_key(path: Path) -> rsa.RSAPrivateKey:
    """Read one private key. Raises PkiError."""
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError) as error:
        raise PkiError("pki-file-invalid", path, "holds no unencrypted private key in PEM") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise PkiError("pki-file-invalid", path, "holds no RSA key")
    return key


def provide_key(path: Path) -> rsa.RSAPrivateKey:
    """Answer the key in `path`, made if there is none.

    Keys are written before their certificates, so one that stands alone is what was left of an
    interrupted attempt, and good for the next.
    """
    if path.exists():
        return load_key(path)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write_new(path, pem, _KEY_MODE)
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PkiError("pki-file-unreadable", path, error.strerror or "cannot be read") from error


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that appears complete or not at all, and never in the place of another."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            os.link(draft, path)  # unlike a rename, it refuses to replace
        finally:
            draft.unlink()
    except OSError as error:
        raise PkiError("pki-file-unwritable", path, error.strerror or "cannot be written") from error
