"""The files behind TLS, read and checked: an OpenSSL context and a chain verifier.

A context that has served a connection can no longer be changed, so a reload makes new material and
puts it in the place of the old.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL

from pathservice.listener.errors import TlsFileError
from pathservice.listener.model import TlsSettings
from pathservice.listener.verifier import ChainVerifier

_CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"
"""For TLS 1.2; those of TLS 1.3 are all good."""
_LIST_MARK = b"-----BEGIN X509 CRL-----"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, eq=False)
class TlsMaterial:
    """What one handshake needs, from files as they were when they were last (re)loaded."""

    context: SSL.Context
    verifier: ChainVerifier


def load_material(settings: TlsSettings, *, now: datetime) -> TlsMaterial:
    """Read every file of `settings`. Raises TlsFileError, naming the setting and the file."""
    authorities = _load_authorities(settings.ca)
    chain = _load_certificates("cert", settings.cert)
    _check_server_certificate(settings.cert, chain[0], now)
    key = _load_key(settings.key)
    if key.public_key() != chain[0].public_key():
        raise TlsFileError("key", settings.key, f"does not belong to {settings.cert}")
    context = _new_context(authorities)
    try:
        context.use_certificate(chain[0])
        for intermediate in chain[1:]:
            context.add_extra_chain_cert(intermediate)
        context.use_privatekey(key)
    except SSL.Error as error:
        raise TlsFileError(
            "cert", settings.cert, "OpenSSL does not take it; is the key too short?"
        ) from error
    verifier = ChainVerifier(
        authorities,
        tuple(_load_lists(settings.crl)) if settings.crl else (),
        check_revocation=settings.crl is not None,
    )
    return TlsMaterial(context, verifier)


def _new_context(authorities: list[x509.Certificate]) -> SSL.Context:
    """Ask every client for a certificate and take any, or none: the verdict is ours, afterwards.

    No session can be resumed (a resumed one carries no chain to judge) nor renegotiated (the client
    would change under the identity it was given). A client that ends without TLS's goodbye is still
    answered; nothing is lost by that, for every body says how long it is.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(_CIPHERS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(
        SSL.OP_IGNORE_UNEXPECTED_EOF
        | SSL.OP_NO_TICKET
        | SSL.OP_NO_RENEGOTIATION
        | SSL.OP_NO_COMPRESSION
        | SSL.OP_CIPHER_SERVER_PREFERENCE
    )
    context.set_session_id(b"pathservice")
    context.set_verify(SSL.VERIFY_PEER, _take_any)
    for authority in authorities:
        context.add_client_ca(authority)
    return context


def _take_any(*_: object) -> bool:
    return True


def _load_authorities(path: Path) -> list[x509.Certificate]:
    authorities = _load_certificates("ca", path)
    for authority in authorities:
        try:
            constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        except x509.ExtensionNotFound:
            continue  # version 1 roots are still about
        if not constraints.ca:
            raise TlsFileError("ca", path, f"{authority.subject.rfc4514_string()} is not an authority")
    return authorities


def _load_certificates(field: str, path: Path) -> list[x509.Certificate]:
    pem = _read(field, path)
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise TlsFileError(field, path, "holds no certificate in PEM") from error


def _check_server_certificate(path: Path, certificate: x509.Certificate, now: datetime) -> None:
    if now < certificate.not_valid_before_utc:
        raise TlsFileError(
            "cert", path, f"is not valid before {certificate.not_valid_before_utc.isoformat()}"
        )
    if now >= certificate.not_valid_after_utc:
        raise TlsFileError("cert", path, f"expired at {certificate.not_valid_after_utc.isoformat()}")
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
        raise TlsFileError("cert", path, "is not for TLS servers")


def _load_key(path: Path) -> PrivateKey:
    pem = _read("key", path)
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise TlsFileError("key", path, "is encrypted; the service cannot ask for the passphrase") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise TlsFileError("key", path, "holds no private key in PEM") from error
    if not isinstance(key, PrivateKey):
        raise TlsFileError("key", path, "is neither an RSA nor an elliptic curve key")
    return key


def _load_lists(path: Path) -> Iterator[x509.CertificateRevocationList]:
    """Read a file that must be a revocation list, or every file of a directory that looks like one."""
    whole = path.is_dir()
    for file in sorted(path.iterdir()) if whole else [path]:
        if whole and not file.is_file():
            continue
        pem = _read("crl", file)
        if whole and _LIST_MARK not in pem:
            continue
        try:
            yield x509.load_pem_x509_crl(pem)
        except ValueError as error:
            raise TlsFileError("crl", file, "holds no revocation list in PEM") from error


def _read(field: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsFileError(field, path, error.strerror or "cannot be read") from error
