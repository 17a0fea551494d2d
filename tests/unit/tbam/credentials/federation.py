"""A small federation for tests: an authority, two users, a slice, and credentials that may be made wrong."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tbam.credentials import Call, Grant, Privilege, TrustedRoots, authorize
from tbam.credentials.issue import SLICE_PRIVILEGES, Signer, issue_credential

NOW = datetime(2030, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
AUTHORITY = "urn:publicid:IDN+example.net+authority+sa"
SLICE = "urn:publicid:IDN+example.net:lab+slice+one"
ALICE = "urn:publicid:IDN+example.net+user+alice"
BOB = "urn:publicid:IDN+example.net+user+bob"
ALL = tuple(Privilege(name, can_delegate=True) for name in SLICE_PRIVILEGES)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@functools.cache
def key_of(name: str, kind: str = "rsa2048") -> Key:
    """One key for each name, made once: it takes a while."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Party:
    """A certificate, its key, and the certificates above it."""

    certificate: x509.Certificate
    key: Key
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> list[x509.Certificate]:
        return [self.certificate, *self.above]

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def secret(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def signer(self, algorithm: str | None = None) -> Signer:
        return Signer(self.chain, self.secret, *([algorithm] if algorithm else []))


def certify(
    *uris: str,
    by: Party | None = None,
    key: Key | None = None,
    ca: bool | None = False,
    subject: str | None = None,
    starts: datetime = NOW - DAY,
    ends: datetime = NOW + 300 * DAY,
) -> Party:
    """Issue a certificate with these URIs as names; by itself if by nobody, in a test's own way if told."""
    name = uris[0].rpartition("+")[2] if uris else "nobody"
    key = key or key_of("/".join(uris))
    own = x509.Name.from_rfc4514_string(subject or f"CN={name},O=Federation")
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(by.certificate.subject if by else own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    if uris:
        names = [x509.UniformResourceIdentifier(uri) for uri in uris]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(by.key if by else key, hashes.SHA256())
    above = tuple(by.chain) if by and by.above else ()
    return Party(certificate, key, above)


@functools.cache
def authority() -> Party:
    """The slice authority, which is a root."""
    return certify(AUTHORITY, ca=True)


@functools.cache
def alice() -> Party:
    """Who has the slice."""
    return certify(ALICE, by=authority())


@functools.cache
def bob() -> Party:
    """Who gets it delegated, or has nothing."""
    return certify(BOB, by=authority(), key=key_of("bob", "ec"))


@functools.cache
def slice_party() -> Party:
    """The slice itself."""
    return certify(SLICE, by=authority(), key=key_of("slice", "ec"))


def credential(
    *,
    signer: Party | None = None,
    owner: Party | None = None,
    target: Party | None = None,
    privileges: Sequence[Privilege] = ALL,
    expires: datetime = NOW + 3 * DAY,
    parent: str | None = None,
    algorithm: str | None = None,
) -> str:
    """Alice's credential for the slice, but for what is said."""
    return issue_credential(
        (signer or authority()).signer(algorithm),
        owner=(owner or alice()).chain,
        target=(target or slice_party()).chain,
        privileges=privileges,
        expires_at=expires,
        parent=parent,
    )


@functools.cache
def good() -> str:
    """Alice's credential for the slice."""
    return credential()


def trusting(directory: Path, *roots: Party, accept_sha1: bool = True) -> TrustedRoots:
    """Roots in a directory, the authority if none are named."""
    directory.mkdir(exist_ok=True)
    for number, root in enumerate(roots or (authority(),)):
        (directory / f"root-{number}.pem").write_bytes(root.pem)
    return TrustedRoots(directory, accept_sha1=accept_sha1)


def ask(
    trust: TrustedRoots,
    *credentials: object,
    client: Party | None = None,
    call: Call = Call.ALLOCATE,
    slice_urn: str | None = SLICE,
    now: datetime = NOW,
) -> Grant:
    """Alice calls with these credentials, but for what is said."""
    return authorize(
        list(credentials),
        client=(client or alice()).der,
        call=call,
        slice_urn=slice_urn,
        trust=trust,
        now=now,
    )
