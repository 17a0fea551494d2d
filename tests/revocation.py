"""Revocation lists of a test PKI's authority, written as fetch-crl leaves them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

HOUR = timedelta(hours=1)


def write_list(pki: Path, path: Path, *revoked: Path) -> None:
    """Write the list of the authority in `pki` with these certificates on it, fresh for a day."""
    authority = x509.load_pem_x509_certificate((pki / "ca.pem").read_bytes())
    key = serialization.load_pem_private_key((pki / "ca-key.pem").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now - HOUR)
        .next_update(now + 24 * HOUR)
    )
    for certificate in revoked:
        serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - HOUR).build()
        builder = builder.add_revoked_certificate(entry)
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
