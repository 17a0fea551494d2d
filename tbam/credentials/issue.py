"""Making credentials: for tests, demonstrations and sites without a clearinghouse of their own.

They are built as GENI's clearinghouses build them (`gcf`, geni-tools): without namespace, with
`Sig_<id>` as the signature's id and the signer's certificates in X509Data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from tbam.credentials.certificates import subject_of, urn_of
from tbam.credentials.document import DSIG, XML_ID, read_document
from tbam.credentials.errors import CredentialInvalid
from tbam.credentials.privileges import Privilege
from tbam.credentials.signature import ECDSA_SIGNATURE, SHA1_SIGNATURE, SHA256_SIGNATURE

SLICE_PRIVILEGES = ("refresh", "embed", "bind", "control", "info")
USER_PRIVILEGES = ("refresh", "resolve", "info")
"""What SFA's table gives owners of slices, and users."""

_CANONICAL = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_DIGESTS = {
    SHA1_SIGNATURE: "http://www.w3.org/2000/09/xmldsig#sha1",
    SHA256_SIGNATURE: "http://www.w3.org/2001/04/xmlenc#sha256",
    ECDSA_SIGNATURE: "http://www.w3.org/2001/04/xmlenc#sha256",
}


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the certificate with those above it, and its private key as unencrypted PEM."""

    chain: Sequence[x509.Certificate]
    key: bytes
    algorithm: str = SHA256_SIGNATURE


def issue_credential(
    signer: Signer,
    *,
    owner: Sequence[x509.Certificate],
    target: Sequence[x509.Certificate],
    privileges: Sequence[Privilege],
    expires_at: datetime,
    parent: str | None = None,
) -> str:
    """Answer a signed credential: `owner` may do that with `target` until then.

    `owner` and `target` are certificates with URNs, those above them after them. With `parent`, a
    credential of the signer's, it is delegated. Nothing is checked that verification would not. Raises
    CredentialInvalid for a certificate without URN, or a parent that is no credential.
    """
    root = _new_root() if parent is None else _emptied(etree.fromstring(parent.encode()))
    elders = [] if parent is None else read_document(parent)
    name = f"ref{len(elders)}"
    credential = etree.SubElement(root, "credential", {XML_ID: name})
    _describe(credential, owner, target, privileges, expires_at)
    signatures = etree.SubElement(root, "signatures")
    if elders:
        etree.SubElement(credential, "parent").append(elders[0].credential)
        signatures.extend(elder.signature for elder in reversed(elders))
    signature = _unsigned(name, signer)
    signatures.append(signature)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(signer.key, xmlsec.KeyFormat.PEM)
    context.sign(signature)
    return etree.tostring(root, encoding="unicode")


def _new_root() -> etree._Element:
    instance = "http://www.w3.org/2001/XMLSchema-instance"
    root = etree.Element("signed-credential", nsmap={"xsi": instance})
    root.set(
        f"{{{instance}}}noNamespaceSchemaLocation",
        "http://www.geni.net/resources/credential/2/credential.xsd",
    )
    return root


def _emptied(root: etree._Element) -> etree._Element:
    """The same root without its children: its namespaces are part of what was signed."""
    for inner in list(root):
        root.remove(inner)
    return root


def _describe(
    credential: etree._Element,
    owner: Sequence[x509.Certificate],
    target: Sequence[x509.Certificate],
    privileges: Sequence[Privilege],
    expires_at: datetime,
) -> None:
    fields = (
        ("type", "privilege"),
        ("serial", "1"),
        ("owner_gid", _pem(owner)),
        ("owner_urn", _urn(owner)),
        ("target_gid", _pem(target)),
        ("target_urn", _urn(target)),
        ("uuid", ""),
        ("expires", expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
    )
    for tag, text in fields:
        etree.SubElement(credential, tag).text = text
    listed = etree.SubElement(credential, "privileges")
    for privilege in privileges:
        element = etree.SubElement(listed, "privilege")
        etree.SubElement(element, "name").text = privilege.name
        etree.SubElement(element, "can_delegate").text = str(privilege.can_delegate).lower()


def _unsigned(name: str, signer: Signer) -> etree._Element:
    """A signature whose values are still to be filled in."""
    signature = etree.fromstring(f'<Signature xmlns="{DSIG[1:-1]}"/>')
    signature.set(XML_ID, f"Sig_{name}")
    info = etree.SubElement(signature, f"{DSIG}SignedInfo")
    etree.SubElement(info, f"{DSIG}CanonicalizationMethod", Algorithm=_CANONICAL)
    etree.SubElement(info, f"{DSIG}SignatureMethod", Algorithm=signer.algorithm)
    reference = etree.SubElement(info, f"{DSIG}Reference", URI=f"#{name}")
    transforms = etree.SubElement(reference, f"{DSIG}Transforms")
    etree.SubElement(transforms, f"{DSIG}Transform", Algorithm=_ENVELOPED)
    etree.SubElement(reference, f"{DSIG}DigestMethod", Algorithm=_DIGESTS[signer.algorithm])
    etree.SubElement(reference, f"{DSIG}DigestValue")
    etree.SubElement(signature, f"{DSIG}SignatureValue")
    data = etree.SubElement(etree.SubElement(signature, f"{DSIG}KeyInfo"), f"{DSIG}X509Data")
    for certificate in signer.chain:
        body = certificate.public_bytes(Encoding.PEM).decode().split("-----")[2]
        etree.SubElement(data, f"{DSIG}X509Certificate").text = body.strip()
    return signature


def _pem(chain: Sequence[x509.Certificate]) -> str:
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in chain)


def _urn(chain: Sequence[x509.Certificate]) -> str:
    urn = urn_of(chain[0])
    if urn is None:
        raise CredentialInvalid(
            f"the certificate of {subject_of(chain)} has no URN to issue a credential for"
        )
    return str(urn)
