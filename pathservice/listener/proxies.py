"""Proxy certificates: which of a chain they are, and whether they carry their owner's whole identity.

A proxy is signed by a user, not by an authority, and speaks for that user for some hours. RFC 3820's say
in an extension how much they were given; OpenSSL checks their names, path lengths and signatures, but
takes one that was given nothing (independent), or less than everything (limited, or by any other policy),
for a full one. The kind before that standard (`CN=proxy`) OpenSSL does not know at all: those are checked
and taken off here, and what is left of the chain is its business. Pure.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.x509.oid import NameOID

from pathservice.listener.errors import CertificateRefused

PROXY_CERT_INFO = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14")
_DRAFT_PROXY_CERT_INFO = x509.ObjectIdentifier("1.3.6.1.4.1.3536.1.222")
_INHERIT_ALL = x509.ObjectIdentifier("1.3.6.1.5.5.7.21.1")
_INDEPENDENT = x509.ObjectIdentifier("1.3.6.1.5.5.7.21.2")
_LIMITED = x509.ObjectIdentifier("1.3.6.1.4.1.3536.1.1.1.9")
_LEGACY, _LEGACY_LIMITED = "proxy", "limited proxy"

_INVALID = ("certificate-invalid", "this proxy certificate is not valid")
_NO_LEGACY = (
    "proxy-not-accepted",
    "proxies of the kind before RFC 3820 are not accepted here; make one with grid-proxy-init -rfc",
)
_IS_LIMITED = ("proxy-limited", "a limited proxy may not act here; make one without -limited")
_IS_INDEPENDENT = (
    "proxy-independent",
    "an independent proxy does not speak for its owner; make one without -independent",
)
_HAS_POLICY = ("proxy-policy", "this proxy was given rights by a policy that is not understood here")


@asn1.sequence
class _Policy:
    language: x509.ObjectIdentifier
    policy: bytes | None


@asn1.sequence
class _ProxyCertInfo:
    path_length: int | None
    policy: _Policy


def split_proxies(
    path: Sequence[x509.Certificate],
) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """Answer RFC 3820's proxies at the start of a verified path, and the path from the end entity up.

    Raises CertificateRefused where one does not carry the whole identity: proxy-limited,
    proxy-independent, proxy-policy.
    """
    first = next((at for at, certificate in enumerate(path) if not _has(certificate, PROXY_CERT_INFO)), None)
    if first is None:
        raise CertificateRefused(*_INVALID)
    proxies = list(path[:first])
    for proxy in proxies:
        _refuse_partial(proxy)
    return proxies, list(path[first:])


def peel_legacy(
    chain: Sequence[x509.Certificate], *, allowed: bool, now: datetime
) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """Answer the `CN=proxy` proxies that `chain` begins with, checked, and the chain that is left.

    What is left begins with whoever signed the last of them; the others stay hints in any order.
    Raises CertificateRefused: proxy-not-accepted unless `allowed`, proxy-limited, certificate-expired,
    certificate-not-yet-valid, certificate-foreign where nobody in the chain signed it, certificate-invalid.
    """
    leaf, *others = chain
    if _has(leaf, _DRAFT_PROXY_CERT_INFO):
        raise CertificateRefused(*_NO_LEGACY)
    peeled: list[x509.Certificate] = []
    while kind := _legacy_kind(leaf):
        if not allowed:
            raise CertificateRefused(*_NO_LEGACY)
        if kind == _LEGACY_LIMITED:
            raise CertificateRefused(*_IS_LIMITED)
        _refuse_at(leaf, now)
        _refuse_authority(leaf)
        _refuse_unknown(leaf)
        signer = _find_signer(leaf, others)
        _refuse_authority(signer)
        others.remove(signer)
        peeled.append(leaf)
        leaf = signer
    if peeled and _has(leaf, PROXY_CERT_INFO):  # Globus never mixes the kinds either
        raise CertificateRefused(*_INVALID)
    return peeled, [leaf, *others]


def _refuse_partial(proxy: x509.Certificate) -> None:
    """A proxy counts only with the policy language "inherit all", which has no policy to read."""
    extension = proxy.extensions.get_extension_for_oid(PROXY_CERT_INFO).value
    if not isinstance(extension, x509.UnrecognizedExtension):  # in case cryptography learns of it
        raise CertificateRefused(*_INVALID)
    policy = asn1.decode_der(_ProxyCertInfo, extension.value).policy
    if policy.language == _LIMITED:
        raise CertificateRefused(*_IS_LIMITED)
    if policy.language == _INDEPENDENT:
        raise CertificateRefused(*_IS_INDEPENDENT)
    if policy.language != _INHERIT_ALL or policy.policy is not None:
        raise CertificateRefused(*_HAS_POLICY)


def _legacy_kind(certificate: x509.Certificate) -> str | None:
    """Answer which legacy proxy this is by its name: its issuer's and one of two CNs."""
    if not certificate.subject.rdns:
        return None
    *parents, last = certificate.subject.rdns
    if parents != list(certificate.issuer.rdns) or len(last) != 1:
        return None
    [attribute] = last
    is_kind = attribute.oid == NameOID.COMMON_NAME and attribute.value in (_LEGACY, _LEGACY_LIMITED)
    return str(attribute.value) if is_kind else None


def _find_signer(proxy: x509.Certificate, others: Sequence[x509.Certificate]) -> x509.Certificate:
    for other in others:
        try:
            proxy.verify_directly_issued_by(other)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return other
    raise CertificateRefused("certificate-foreign", "whose proxy this is was not sent with it")


def _refuse_at(proxy: x509.Certificate, now: datetime) -> None:
    if now < proxy.not_valid_before_utc:
        raise CertificateRefused("certificate-not-yet-valid", "this proxy is not valid yet")
    if now > proxy.not_valid_after_utc:
        raise CertificateRefused("certificate-expired", "this proxy has expired")


def _refuse_authority(certificate: x509.Certificate) -> None:
    """An authority signs no proxies, and a proxy is none."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return
    if constraints.ca:
        raise CertificateRefused(*_INVALID)


def _refuse_unknown(proxy: x509.Certificate) -> None:
    """What is critical has to be understood; OpenSSL sees to that in what it sees."""
    known = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage)
    if any(extension.critical and not isinstance(extension.value, known) for extension in proxy.extensions):
        raise CertificateRefused(*_INVALID)


def _has(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> bool:
    return any(extension.oid == oid for extension in certificate.extensions)
