"""Reading the certificates in credentials ("GIDs"): PEM or bare base64, with a URN among their names."""

import base64
import binascii
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tbam.credentials.errors import CredentialInvalid
from tbam.urn import BadUrn, Urn, is_urn, parse_urn

UNREADABLE = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)
"""What cryptography raises over certificates nobody should have signed."""
_MOST = 10
_PEM_MARK = "-----BEGIN CERTIFICATE-----"


def read_gid(text: str, field: str) -> list[x509.Certificate]:
    """Answer a GID's certificate, then those above it. Raises CredentialInvalid, naming the field."""
    if _PEM_MARK not in text:
        return [read_bare(text, field)]
    if text.count(_PEM_MARK) > _MOST:
        raise CredentialInvalid(f"{field} has more than {_MOST} certificates")
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except UNREADABLE as error:
        raise CredentialInvalid(f"{field} holds no certificate in PEM") from error


def read_bare(text: str, field: str) -> x509.Certificate:
    """Read one certificate in base64 without PEM's frame. Raises CredentialInvalid."""
    try:
        return x509.load_der_x509_certificate(base64.b64decode("".join(text.split()), validate=True))
    except (*UNREADABLE, binascii.Error) as error:
        raise CredentialInvalid(f"{field} holds no certificate in base64") from error


def urn_of(certificate: x509.Certificate) -> Urn | None:
    """Answer the URN among the certificate's alternative names, None if there is none.

    Raises CredentialInvalid where there are two, or one that is none.
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        urns = [text for text in names.get_values_for_type(x509.UniformResourceIdentifier) if is_urn(text)]
    except x509.ExtensionNotFound:
        return None
    except UNREADABLE as error:
        raise CredentialInvalid("a certificate's names cannot be read") from error
    if len(urns) > 1:
        raise CredentialInvalid(f"a certificate has {len(urns)} URNs; it can name one thing")
    try:
        return parse_urn(urns[0]) if urns else None
    except BadUrn as error:
        raise CredentialInvalid(f"a certificate's URN: {error}") from error


def has_same_key(one: x509.Certificate, other: x509.Certificate) -> bool:
    """Whether two certificates are of one key. Raises CredentialInvalid for keys of kinds unheard of."""
    return key_bytes(one) == key_bytes(other)


def key_bytes(certificate: x509.Certificate) -> bytes:
    """Answer the certificate's public key in PEM. Raises CredentialInvalid."""
    try:
        return certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    except UNREADABLE as error:
        raise CredentialInvalid("a certificate's key cannot be read") from error


def subject_of(certificates: Sequence[x509.Certificate]) -> str:
    """Answer whom the first is of, as RFC 4514 writes it; for sentences."""
    try:
        return certificates[0].subject.rfc4514_string()[:200]
    except UNREADABLE:
        return "nobody that can be read"
