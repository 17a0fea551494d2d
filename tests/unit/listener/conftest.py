"""A forge for certificate chains of every kind, good and bad, and a fixed instant to judge them at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

NOW = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | dsa.DSAPrivateKey

SIGNING = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Party:
    """A certificate and the key it is for."""

    certificate: x509.Certificate
    key: Key


class Forge:
    """Makes what the tests ask for; defaults are a good certificate around NOW."""

    now = NOW

    def key(self) -> Key:
        return ec.generate_private_key(ec.SECP256R1())

    def authority(
        self,
        name: str = "CN=Authority,O=Forge",
        *,
        by: Party | None = None,
        lasts: timedelta = 3650 * DAY,
        constraints: x509.BasicConstraints | None = None,
        purposes: Sequence[x509.ObjectIdentifier] = (),
    ) -> Party:
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (constraints or x509.BasicConstraints(ca=True, path_length=None), True)
        ]
        if purposes:
            extensions.append((x509.ExtendedKeyUsage(purposes), False))
        return self.party(name, by=by, lasts=lasts, purposes=(), extensions=extensions)

    def party(
        self,
        name: str = "CN=Alice,OU=Users,O=Forge",
        *,
        by: Party | None = None,
        starts: datetime = NOW - DAY,
        lasts: timedelta = 10 * DAY,
        purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        key: Key | None = None,
        digest: hashes.SHA256 | hashes.SHA384 | None = None,
    ) -> Party:
        key = key or self.key()
        subject = x509.Name.from_rfc4514_string(name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by.certificate.subject if by else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(starts)
            .not_valid_after(starts + lasts)
        )
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return Party(builder.sign(by.key if by else key, digest or hashes.SHA256()), key)

    def crl(
        self, by: Party, *revoked: Party, starts: datetime = NOW - DAY, lasts: timedelta = 2 * DAY
    ) -> x509.CertificateRevocationList:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(by.certificate.subject)
            .last_update(starts)
            .next_update(starts + lasts)
        )
        for party in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(party.certificate.serial_number)
                .revocation_date(starts)
                .build()
            )
        return builder.sign(by.key, hashes.SHA256())


@pytest.fixture
def forge() -> Forge:
    return Forge()
