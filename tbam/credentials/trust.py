"""Whose signatures count: a directory of certificates, and the path from a signer up to one of them.

Such a directory (`trusted_roots`, as GENI's own tools call it) is kept by hand or copied from a federation.
It is read again when it looks different; what cannot be used in it is logged and left out, and an empty
one trusts nobody. OpenSSL builds and checks the path; strength, and who may name whom, are checked
here.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreContextError, X509StoreFlags
from OpenSSL.crypto import Error as OpenSslError
from OpenSSL.SSL import X509VerificationCodes as Code

from tbam.credentials.certificates import UNREADABLE, subject_of, urn_of
from tbam.credentials.errors import CredentialInvalid, SignerUntrusted

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_MARK = b"-----BEGIN CERTIFICATE-----"
_RSA_BITS = 2048
_EC_BITS = 256
_HASHES = frozenset({"sha256", "sha384", "sha512"})
_PROBLEMS: dict[int, str] = {
    Code.ERR_CERT_HAS_EXPIRED: "its certificate, or one above it, has expired",
    Code.ERR_CERT_NOT_YET_VALID: "its certificate, or one above it, is not valid yet",
    Code.ERR_INVALID_CA: "a certificate above it is not an authority's",
    Code.ERR_PATH_LENGTH_EXCEEDED: "an authority above it may have fewer authorities below itself",
}
_FOREIGN = "no trusted root vouches for it; send its certificate with those above it in KeyInfo"


@dataclass(frozen=True, slots=True)
class _Loaded:
    seen: tuple[object, ...]
    anchors: tuple[X509, ...]


class TrustedRoots:
    """The certificates in a directory; serves many threads, holds no clock.

    `accept_sha1` says whether signatures by SHA-1 count, on credentials and on the certificates of
    signers: most clearinghouses in the wild still make them.
    """

    def __init__(self, directory: Path, *, accept_sha1: bool = True) -> None:
        self.accept_sha1 = accept_sha1
        self._directory = directory
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    def find_path(self, chain: Sequence[x509.Certificate], *, now: datetime) -> list[x509.Certificate]:
        """Answer the path from the first of `chain` up to a root; the others are hints in any order.

        Raises SignerUntrusted, saying what is wrong with it.
        """
        path = self._build(chain, now)
        for certificate in path:
            self._refuse_weak_key(certificate)
        for certificate in path[:-1]:
            self._refuse_weak_signature(certificate)
        _refuse_foreign_names(path)
        return path

    def _build(self, chain: Sequence[x509.Certificate], now: datetime) -> list[x509.Certificate]:
        store = X509Store()
        store.set_time(now.astimezone(UTC))
        # A root may be an authority below another's: whoever put it here trusts it, not those above it.
        store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
        for anchor in self._anchors():
            store.add_cert(anchor)
        try:
            leaf, *others = (X509.from_cryptography(certificate) for certificate in chain)
            path = X509StoreContext(store, leaf, others).get_verified_chain()
            return [certificate.to_cryptography() for certificate in path]
        except X509StoreContextError as error:
            problem = _PROBLEMS.get(error.errors[0], _FOREIGN)
            raise SignerUntrusted(f"the signer {subject_of(chain)} is not trusted: {problem}") from error
        except (*UNREADABLE, OpenSslError) as error:
            raise SignerUntrusted("a certificate of the signer cannot be understood") from error

    def _anchors(self) -> tuple[X509, ...]:
        seen = _look_at(self._directory)
        with self._lock:
            if self._loaded is None or self._loaded.seen != seen:
                self._loaded = _Loaded(seen, _load(self._directory))
            return self._loaded.anchors

    def _refuse_weak_key(self, certificate: x509.Certificate) -> None:
        try:
            key = certificate.public_key()
        except UNREADABLE as error:
            raise SignerUntrusted("a key above the signer is of a kind nobody here knows") from error
        strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS) or (
            isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= _EC_BITS
        )
        if not strong:
            raise SignerUntrusted(
                f"the key of {subject_of([certificate])} is too weak: RSA of {_RSA_BITS} bits "
                f"or an elliptic curve of {_EC_BITS} is the least"
            )

    def _refuse_weak_signature(self, certificate: x509.Certificate) -> None:
        try:
            algorithm = certificate.signature_hash_algorithm
        except UNREADABLE as error:
            raise SignerUntrusted("a certificate is signed in a way nobody here knows") from error
        name = algorithm.name if algorithm else "none"
        if name not in _HASHES and not (name == "sha1" and self.accept_sha1):
            raise SignerUntrusted(
                f"the certificate of {subject_of([certificate])} is signed with {name}, which is not accepted"
            )


def _refuse_foreign_names(path: Sequence[x509.Certificate]) -> None:
    """An authority that has a URN vouches for itself and what is below it, and for no other's."""
    try:
        leaf, *above = (urn_of(certificate) for certificate in path)
    except CredentialInvalid as error:
        raise SignerUntrusted(f"the signer's path: {error}") from error
    for authority in above:
        if authority is not None and (leaf is None or not authority.has_authority_over(leaf)):
            raise SignerUntrusted(f"{authority} cannot vouch for {leaf or 'a signer without a URN'}")


def _look_at(directory: Path) -> tuple[object, ...]:
    """What is seen from outside; another when a file has come, gone or changed."""
    try:
        files = sorted(directory.iterdir())
    except OSError as error:
        return (error.errno,)
    seen: list[object] = []
    for file in files:
        try:
            status = file.stat()
            seen.append((file.name, status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode))
        except OSError as error:
            seen.append((file.name, error.errno))
    return tuple(seen)


def _load(directory: Path) -> tuple[X509, ...]:
    try:
        files = sorted(file for file in directory.iterdir() if file.is_file())
    except OSError as error:
        log.warning("no trusted roots", path=str(directory), problem=error.strerror)
        return ()
    found: dict[bytes, X509] = {}
    for file in files:
        try:
            content = file.read_bytes()
            if _MARK not in content:
                continue
            for certificate in x509.load_pem_x509_certificates(content):
                found[certificate.fingerprint(SHA256())] = X509.from_cryptography(certificate)
        except (*UNREADABLE, OSError, OpenSslError) as error:
            log.warning("trusted root left out", path=str(file), problem=str(error)[:200])
    if not found:
        log.warning("no trusted roots", path=str(directory), problem="it holds no certificate in PEM")
    return tuple(found.values())
