"""Who a client's certificate chain is: RFC 5280 path validation at an instant that is handed in.

OpenSSL builds and checks the path; what its store cannot be told is checked here: what the
certificates are for (a store has no purpose setting), the strength of keys and signatures (nor a
security level), and, in `proxies`, what a proxy certificate was given. The identity is the end entity's,
whoever of its proxies comes with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreContextError, X509StoreFlags
from OpenSSL.crypto import Error as OpenSslError
from OpenSSL.SSL import X509VerificationCodes as Code

from pathservice.listener.errors import CertificateRefused
from pathservice.listener.model import Identity, Judgement
from pathservice.listener.proxies import peel_legacy, split_proxies

UNREADABLE = (
    ValueError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
    OpenSslError,
)
"""What cryptography and OpenSSL raise over certificates nobody should have signed."""
_CHAIN_LIMIT = 10
_RSA_BITS = 2048
_SHORT_RSA_BITS = 1024
_EC_BITS = 224
_WEAK_HASHES = ("md5", "sha1")

_FOREIGN = ("certificate-foreign", "no authority we accept vouches for this certificate")
_REVOCATION = ("revocation-unknown", "an authority of this chain has no fresh revocation list here")
_REFUSALS: dict[int, tuple[str, str]] = {
    Code.ERR_UNABLE_TO_GET_ISSUER_CERT: _FOREIGN,
    Code.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: _FOREIGN,
    Code.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: _FOREIGN,
    Code.ERR_DEPTH_ZERO_SELF_SIGNED_CERT: _FOREIGN,
    Code.ERR_SELF_SIGNED_CERT_IN_CHAIN: _FOREIGN,
    Code.ERR_CERT_SIGNATURE_FAILURE: _FOREIGN,
    Code.ERR_CERT_HAS_EXPIRED: ("certificate-expired", "a certificate of this chain has expired"),
    Code.ERR_CERT_NOT_YET_VALID: (
        "certificate-not-yet-valid",
        "a certificate of this chain is not valid yet",
    ),
    Code.ERR_PROXY_PATH_LENGTH_EXCEEDED: (
        "proxy-too-deep",
        "a proxy of this chain allows fewer proxies below it",
    ),
    Code.ERR_CERT_REVOKED: ("certificate-revoked", "a certificate of this chain has been revoked"),
    Code.ERR_UNABLE_TO_GET_CRL: _REVOCATION,
    Code.ERR_UNABLE_TO_GET_CRL_ISSUER: _REVOCATION,
    Code.ERR_CRL_HAS_EXPIRED: _REVOCATION,
    Code.ERR_CRL_NOT_YET_VALID: _REVOCATION,
    Code.ERR_CRL_SIGNATURE_FAILURE: _REVOCATION,
    Code.ERR_DIFFERENT_CRL_SCOPE: _REVOCATION,
}
_INVALID = ("certificate-invalid", "this certificate chain is not valid")


class ChainVerifier:
    """Judges chains by authorities and revocation lists; holds no clock, and serves many threads.

    With `check_revocation` every authority of a chain needs a fresh list, else it is refused. With
    `legacy_proxies` those of the kind before RFC 3820 are taken too, with `short_proxy_keys` proxies may
    have RSA keys of 1024 bits. With `any_anchor` a path may end at an authority below another's.
    """

    def __init__(
        self,
        anchors: Sequence[x509.Certificate],
        crls: Sequence[x509.CertificateRevocationList] = (),
        *,
        check_revocation: bool = False,
        legacy_proxies: bool = False,
        short_proxy_keys: bool = False,
        any_anchor: bool = False,
    ) -> None:
        self.anchors = tuple(anchors)
        self.crls = tuple(crls)
        self.check_revocation = check_revocation
        self._flags = X509StoreFlags.ALLOW_PROXY_CERTS
        if any_anchor:
            self._flags |= X509StoreFlags.PARTIAL_CHAIN
        if check_revocation:
            self._flags |= X509StoreFlags.CRL_CHECK | X509StoreFlags.CRL_CHECK_ALL
        self._legacy_proxies = legacy_proxies
        self._proxy_bits = _SHORT_RSA_BITS if short_proxy_keys else _RSA_BITS
        self._trusted = [X509.from_cryptography(anchor) for anchor in self.anchors]
        self._subordinate = [anchor for anchor in self.anchors if anchor.issuer != anchor.subject]

    def verify(self, chain: Sequence[x509.Certificate], *, now: datetime) -> Identity:
        """Answer the end entity of `chain`, whose first certificate proved it holds its key.

        The others are hints in any order. Raises CertificateRefused with the reason's code:
        certificate-foreign | -expired | -not-yet-valid | -revoked | -purpose | -weak | -invalid,
        revocation-unknown, proxy-limited | -independent | -policy | -too-deep | -not-accepted.
        """
        if not 1 <= len(chain) <= _CHAIN_LIMIT:
            raise CertificateRefused(*_INVALID)
        try:
            legacy, rest = peel_legacy(chain, allowed=self._legacy_proxies, now=now)
            proxies, path = split_proxies(self._build_path(rest, now))
            proxies = legacy or proxies
            for certificate in (*proxies, *path):
                _refuse_other_purpose(certificate)
            for certificate in (*proxies, *path[:-1]):
                _refuse_weak_signature(certificate)
            for certificate in proxies:
                _refuse_weak_key(certificate, rsa_bits=self._proxy_bits)
            for certificate in path[:-1]:
                _refuse_weak_key(certificate, rsa_bits=_RSA_BITS)
            return self._identify(proxies, path)
        except UNREADABLE as error:
            raise CertificateRefused(*_INVALID) from error

    def _build_path(self, chain: Sequence[x509.Certificate], now: datetime) -> list[x509.Certificate]:
        """Answer the path from the first of `chain` up to one of our authorities, both included."""
        leaf, *others = (X509.from_cryptography(certificate) for certificate in chain)
        try:
            path = X509StoreContext(self._new_store(chain, now), leaf, others).get_verified_chain()
        except X509StoreContextError as error:
            raise CertificateRefused(*_REFUSALS.get(error.errors[0], _INVALID)) from error
        return [certificate.to_cryptography() for certificate in path]

    def _new_store(self, chain: Sequence[x509.Certificate], now: datetime) -> X509Store:
        """Answer a store for one verdict; the instant can be set on a store only once.

        Of the revocation lists it holds those the path can need: they are parsed for each store.
        """
        store = X509Store()
        store.set_time(now.astimezone(UTC))
        store.set_flags(self._flags)
        for anchor in self._trusted:
            store.add_cert(anchor)
        if self.check_revocation:
            issuers = {certificate.issuer for certificate in (*chain, *self._subordinate)}
            for crl in self.crls:
                if crl.issuer in issuers:
                    store.add_crl(crl)
        return store

    def _identify(self, proxies: Sequence[x509.Certificate], path: Sequence[x509.Certificate]) -> Identity:
        leaf = path[0]
        if not list(leaf.subject):
            raise CertificateRefused("certificate-invalid", "this certificate names nobody")
        ends = [certificate.not_valid_after_utc for certificate in (*proxies, *path)]
        if self.check_revocation:
            ends += [self._lists_end(certificate.subject) for certificate in path[1:]]
        return Identity(
            subject=leaf.subject.rfc4514_string(),
            issuer=leaf.issuer.rfc4514_string(),
            not_after=min(ends),
            certificate=leaf.public_bytes(Encoding.DER),
        )

    def _lists_end(self, issuer: x509.Name) -> datetime:
        """When the last of an authority's revocation lists stops being fresh."""
        return max(
            (crl.next_update_utc for crl in self.crls if crl.issuer == issuer and crl.next_update_utc),
            default=datetime.max.replace(tzinfo=UTC),
        )


def judge(
    present: Callable[[], Sequence[x509.Certificate]],
    verifier: ChainVerifier,
    guests: ChainVerifier | None = None,
    *,
    now: datetime,
) -> Judgement:
    """Judge the chain that `present` answers; none at all is nobody, one that cannot be read is refused.

    Whom `verifier` has no authority for may still be a guest, if `guests` has one.
    """
    claimed = None
    try:
        chain = present()
        if not chain:
            return Judgement()
        claimed = chain[0].subject.rfc4514_string()
        return Judgement(identity=_verify(chain, verifier, guests, now))
    except CertificateRefused as refusal:
        return Judgement(refusal=refusal, claimed_subject=claimed)
    except UNREADABLE:
        return Judgement(refusal=CertificateRefused(*_INVALID), claimed_subject=claimed)


def _verify(
    chain: Sequence[x509.Certificate], verifier: ChainVerifier, guests: ChainVerifier | None, now: datetime
) -> Identity:
    try:
        return verifier.verify(chain, now=now)
    except CertificateRefused as refusal:
        if guests is None or refusal.code != _FOREIGN[0]:
            raise
    return replace(guests.verify(chain, now=now), guest=True)


def _refuse_other_purpose(certificate: x509.Certificate) -> None:
    """A certificate that lists purposes must list ours; an authority's list binds what it issues."""
    extensions = certificate.extensions
    purposes = _extension(extensions, x509.ExtendedKeyUsage)
    allowed = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    if purposes is not None and not any(purpose in purposes for purpose in allowed):
        raise CertificateRefused("certificate-purpose", "this certificate is not for TLS clients")
    usage = _extension(extensions, x509.KeyUsage)
    constraints = _extension(extensions, x509.BasicConstraints)
    is_authority = constraints is not None and constraints.ca
    if usage is not None and not is_authority and not usage.digital_signature:
        raise CertificateRefused("certificate-purpose", "this certificate's key is not for signing")


def _refuse_weak_signature(certificate: x509.Certificate) -> None:
    algorithm = certificate.signature_hash_algorithm  # None where the scheme has its own, as Ed25519
    if algorithm is not None and algorithm.name in _WEAK_HASHES:
        raise CertificateRefused("certificate-weak", "this chain is signed with a hash that is broken")


def _refuse_weak_key(certificate: x509.Certificate, *, rsa_bits: int) -> None:
    key = certificate.public_key()
    weak = (
        isinstance(key, dsa.DSAPublicKey)
        or (isinstance(key, rsa.RSAPublicKey) and key.key_size < rsa_bits)
        or (isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _EC_BITS)
    )
    if weak:
        raise CertificateRefused("certificate-weak", "this chain has a key that is too short")


_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def _extension(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
