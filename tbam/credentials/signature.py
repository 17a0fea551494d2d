"""Whose key signed a credential: XML Signature through libxmlsec1, of the one shape credentials have.

What the standard allows is wide enough to sign one thing and show another. So a signature has to be
built of known parts in known places before xmlsec looks at it: one reference, to the credential's own
unique xml:id; canonicalisation and the enveloped signature as the only transforms, without
parameters; RSA and ECDSA as the only algorithms. The key is taken from a certificate and handed to xmlsec,
which is never left to find one itself: a bare KeyValue would be anybody's.
"""

import xmlsec
from cryptography import x509
from lxml import etree

from tbam.credentials.certificates import key_bytes, read_bare
from tbam.credentials.document import DSIG, SignedElement, child, optional_child, text_of
from tbam.credentials.errors import CredentialInvalid

_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_CANONICAL = frozenset(
    {
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2006/12/xml-c14n11",
    }
)
_CANONICAL_NAMES = ("C14N", "EXCL_C14N", "C14N11")
SHA1_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
SHA256_SIGNATURE = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SIGNATURE = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_SHA1 = frozenset({SHA1_SIGNATURE, "http://www.w3.org/2000/09/xmldsig#sha1"})
_SIGNATURES = frozenset({SHA1_SIGNATURE, SHA256_SIGNATURE, ECDSA_SIGNATURE})
_DIGESTS = frozenset({"http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmlenc#sha256"})
_MOST_TRANSFORMS = 3
_MOST_CERTIFICATES = 10
_KEY_INFO = frozenset({f"{DSIG}X509Data", f"{DSIG}KeyValue", f"{DSIG}KeyName"})


def find_signer(signed: SignedElement, *, accept_sha1: bool) -> list[x509.Certificate]:
    """Answer the certificate whose key signed the credential, then the others that came with it.

    Nothing is known of the certificate yet but that. Raises CredentialInvalid.
    """
    info = _check_shape(signed, accept_sha1=accept_sha1)
    certificates = _certificates(info)
    for certificate in certificates:
        if _is_signed_with(certificate, signed.signature):
            return [certificate, *(other for other in certificates if other is not certificate)]
    raise CredentialInvalid(
        "the signature does not fit: the credential was changed after it was signed, "
        "or the signer's certificate is not in its KeyInfo"
    )


def _check_shape(signed: SignedElement, *, accept_sha1: bool) -> etree._Element:
    """Answer KeyInfo, everything else being as it has to be."""
    allowed = "SignedInfo SignatureValue KeyInfo"
    info, value, key_info = _children(signed.signature, allowed)
    text_of(value)
    method, algorithm, reference = _children(info, "CanonicalizationMethod SignatureMethod Reference")
    _algorithm(method, _CANONICAL)
    used = {_algorithm(algorithm, _SIGNATURES)}
    if len(reference.attrib) != 1 or reference.get("URI") != f"#{signed.id}":
        raise CredentialInvalid("a signature's Reference has the URI of its credential, and nothing else")
    transforms = optional_child(reference, f"{DSIG}Transforms")
    digest, digest_value = _children(reference, "DigestMethod DigestValue", besides=transforms)
    text_of(digest_value)
    used.add(_algorithm(digest, _DIGESTS))
    if transforms is not None:
        if len(transforms) > _MOST_TRANSFORMS:
            raise CredentialInvalid("a signature has too many transforms")
        for transform in transforms:
            if transform.tag != f"{DSIG}Transform":
                raise CredentialInvalid("Transforms holds something that is no Transform")
            _algorithm(transform, _CANONICAL | {_ENVELOPED})
    if used & _SHA1 and not accept_sha1:
        raise CredentialInvalid(
            "the credential is signed with SHA-1, which is not accepted here; use SHA-256"
        )
    return key_info


def _children(
    element: etree._Element, tags: str, besides: etree._Element | None = None
) -> list[etree._Element]:
    """The children of these tags, one each and no other."""
    found = [child(element, f"{DSIG}{tag}") for tag in tags.split()]
    if len(element) != len(found) + (besides is not None):
        raise CredentialInvalid(f"{str(element.tag).rpartition('}')[2]} of a signature holds {tags} alone")
    return found


def _algorithm(element: etree._Element, allowed: frozenset[str]) -> str:
    algorithm = element.get("Algorithm", "")
    if algorithm not in allowed or len(element) or len(element.attrib) != 1:
        raise CredentialInvalid(
            f"{str(element.tag).rpartition('}')[2]} {algorithm[:100]!r} is not accepted in a signature here"
        )
    return algorithm


def _certificates(info: etree._Element) -> list[x509.Certificate]:
    """Those of every X509Data, in their order, each key once."""
    if any(inner.tag not in _KEY_INFO for inner in info):
        raise CredentialInvalid("KeyInfo of a signature holds X509Data; anything to be fetched is refused")
    found = [
        element
        for data in info
        if data.tag == f"{DSIG}X509Data"
        for element in data
        if element.tag == f"{DSIG}X509Certificate"
    ]
    if not 1 <= len(found) <= _MOST_CERTIFICATES:
        raise CredentialInvalid(
            f"a signature's KeyInfo has 1 to {_MOST_CERTIFICATES} X509Certificate, this one {len(found)}"
        )
    return [read_bare(text_of(element), "X509Certificate") for element in found]


def _is_signed_with(certificate: x509.Certificate, signature: etree._Element) -> bool:
    context = xmlsec.SignatureContext()
    for name in (*_CANONICAL_NAMES, "ENVELOPED", "SHA1", "SHA256"):
        context.enable_reference_transform(getattr(xmlsec.Transform, name))
    for name in (*_CANONICAL_NAMES, "RSA_SHA1", "RSA_SHA256", "ECDSA_SHA256"):
        context.enable_signature_transform(getattr(xmlsec.Transform, name))
    try:
        context.key = xmlsec.Key.from_memory(key_bytes(certificate), xmlsec.KeyFormat.PEM)
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True
