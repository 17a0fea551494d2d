"""What stands in the PKI's certificates. Pure but for the serial numbers, which are random."""

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pathservice.pki.errors import PkiError

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_BACKDATED = timedelta(minutes=5)
"""Certificates begin a little in the past: another host's clock may be behind ours."""
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")


def sign_authority(
    key: rsa.RSAPrivateKey,
    *,
    subject: x509.Name,
    names: Sequence[x509.GeneralName] = (),
    now: datetime,
    lifetime: timedelta,
) -> x509.Certificate:
    """Answer an authority's own certificate; it may issue end entities only."""
    builder = (
        _begin(key.public_key(), subject=subject, issuer=subject, now=now, ends_at=now + lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256())


def sign_end_entity(
    key: PublicKey,
    *,
    subject: x509.Name,
    issuer: x509.Certificate,
    issuer_key: rsa.RSAPrivateKey,
    purpose: x509.ObjectIdentifier,
    names: Sequence[x509.GeneralName],
    now: datetime,
    lifetime: timedelta,
) -> x509.Certificate:
    """Answer a server's or client's certificate; it does not outlast its issuer's."""
    issuer_key_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    ends_at = min(now + lifetime, issuer.not_valid_after_utc)
    builder = (
        _begin(key, subject=subject, issuer=issuer.subject, now=now, ends_at=ends_at)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True, key_encipherment=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key_id), critical=False
        )
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def serves_purpose(certificate: x509.Certificate, purpose: x509.ObjectIdentifier) -> bool:
    """Whether `purpose` is among those the certificate names."""
    try:
        return purpose in certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False


def alternative_names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """Answer the names a server's certificate is valid for."""
    try:
        return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def parse_host_names(names: Sequence[str]) -> list[x509.GeneralName]:
    """Answer DNS names and addresses, each once. Raises PkiError for what is neither."""
    return [_parse_host_name(name) for name in dict.fromkeys(names)]


def parse_subject(text: str) -> x509.Name:
    """Read a distinguished name as RFC 4514 writes it. Raises PkiError."""
    try:
        return x509.Name.from_rfc4514_string(text)
    except ValueError as error:
        raise PkiError("pki-bad-name", None, f"{text[:80]!r} is no distinguished name (RFC 4514)") from error


def _parse_host_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if not _HOST_NAME.fullmatch(name):
            raise PkiError("pki-bad-name", None, f"{name[:80]!r} is no host name and no address") from None
        return x509.DNSName(name.lower())


def _begin(
    key: PublicKey, *, subject: x509.Name, issuer: x509.Name, now: datetime, ends_at: datetime
) -> x509.CertificateBuilder:
    if now.tzinfo is None:
        raise ValueError("now must be zone-aware")
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before((now - _BACKDATED).replace(microsecond=0))
        .not_valid_after(ends_at.replace(microsecond=0))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
