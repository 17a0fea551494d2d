"""The files behind TLS, read and checked: an OpenSSL context and a chain verifier.

A context that has served a connection can no longer be changed, so a reload makes new material and
puts it in the place of the old.
"""

import stat
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
from pathservice.listener.trust import (
    Stamp,
    load_authorities,
    load_certificates,
    load_lists,
    load_strangers,
    read_bytes,
    stamp,
)
from pathservice.listener.verifier import ChainVerifier

_CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"
"""For TLS 1.2; those of TLS 1.3 are all good."""
_OTHERS = 0o077

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, eq=False)
class TlsMaterial:
    """What one handshake needs, from files as they were when they were last (re)loaded.

    `guests` judges those whom `verifier` does not know; None where there are no guests. `stamp` is what
    `stamp_of` answered before the files were read.
    """

    context: SSL.Context
    verifier: ChainVerifier
    guests: ChainVerifier | None
    stamp: Stamp


def stamp_of(settings: TlsSettings) -> Stamp:
    """Answer how the files of `settings` look from outside; never the same after one has changed."""
    files = (settings.ca, settings.cert, settings.key, settings.crl, settings.guests)
    return stamp(*(path for path in files if path))


def load_material(settings: TlsSettings, *, now: datetime) -> TlsMaterial:
    """Read every file of `settings`. Raises TlsFileError, naming the setting and the file."""
    seen = stamp_of(settings)
    authorities = load_authorities(settings.ca)
    strangers = load_strangers(settings.guests) if settings.guests else []
    chain = load_certificates("cert", settings.cert)
    _check_server_certificate(settings.cert, chain[0], now)
    key = _load_key(settings.key)
    if key.public_key() != chain[0].public_key():
        raise TlsFileError("key", settings.key, f"does not belong to {settings.cert}")
    context = _new_context([*authorities, *strangers])
    try:
        context.use_certificate(chain[0])
        for intermediate in chain[1:]:
            context.add_extra_chain_cert(intermediate)
        context.use_privatekey(key)
    except SSL.Error as error:
        raise TlsFileError(
            "cert", settings.cert, "OpenSSL does not take it; is the key too short?"
        ) from error
    lists = load_lists(settings.crl) if settings.crl else []

    def verifier(anchors: list[x509.Certificate], *, any_anchor: bool = False) -> ChainVerifier:
        return ChainVerifier(
            anchors,
            lists,
            any_anchor=any_anchor,
            check_revocation=settings.crl is not None,
            legacy_proxies=settings.legacy_proxies,
            short_proxy_keys=settings.short_proxy_keys,
        )

    guests = verifier(strangers, any_anchor=True) if strangers else None
    return TlsMaterial(context, verifier(authorities), guests, seen)


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
    _refuse_open_key(path)
    pem = read_bytes("key", path)
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise TlsFileError("key", path, "is encrypted; the service cannot ask for the passphrase") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise TlsFileError("key", path, "holds no private key in PEM") from error
    if not isinstance(key, PrivateKey):
        raise TlsFileError("key", path, "is neither an RSA nor an elliptic curve key")
    return key


def _refuse_open_key(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise TlsFileError("key", path, error.strerror or "cannot be read") from error
    if mode & _OTHERS:
        raise TlsFileError(
            "key", path, f"can be read by others than its owner (mode {mode:04o}); chmod 600 it"
        )
