"""The element that is verified is the one that is used, and nothing but known algorithms verifies it."""

import base64
import re

import pytest
import xmlsec
from lxml import etree

from tbam.credentials import CredentialInvalid, SignerUntrusted, TrustedRoots
from tbam.credentials.document import DSIG, XML_ID
from tbam.credentials.signature import ECDSA_SIGNATURE, SHA1_SIGNATURE, SHA256_SIGNATURE
from tests.unit.tbam.credentials.federation import (
    AUTHORITY,
    BOB,
    alice,
    ask,
    authority,
    bob,
    certify,
    credential,
    good,
    key_of,
    trusting,
)

_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


def refused(trust: TrustedRoots, text: str | etree._Element, says: str) -> None:
    if not isinstance(text, str):
        text = etree.tostring(text, encoding="unicode")
    with pytest.raises(CredentialInvalid, match=says):
        ask(trust, text)


def parsed() -> tuple[etree._Element, etree._Element, etree._Element]:
    """The root, its credential and its signature."""
    root = etree.fromstring(good())
    return root, root[0], root[1][0]


@pytest.mark.parametrize("algorithm", [SHA1_SIGNATURE, SHA256_SIGNATURE])
def test_rsa(trust: TrustedRoots, algorithm: str) -> None:
    assert ask(trust, credential(algorithm=algorithm)).owner.name == "alice"


def test_ecdsa(tmp_path_factory: pytest.TempPathFactory) -> None:
    signer = certify(AUTHORITY, ca=True, key=key_of("sa", "ec"))
    text = credential(signer=signer, algorithm=ECDSA_SIGNATURE)
    assert ask(trusting(tmp_path_factory.mktemp("ec"), signer), text).owner.name == "alice"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<name>info<", "<name>bind<"),
        ("2030-06-04", "2030-06-05"),
        ("<serial>1<", "<serial>2<"),
        ("+slice+one</target_urn>", "+slice+one</target_urn> "),
        ("<can_delegate>true<", "<can_delegate>1<"),
        ("<uuid></uuid>", "<extensions/>"),
    ],
)
def test_any_change_is_noticed(trust: TrustedRoots, old: str, new: str) -> None:
    assert old in good()
    refused(trust, good().replace(old, new, 1), "the signature does not fit")


@pytest.mark.parametrize("tag", ["DigestValue", "SignatureValue"])
def test_changed_values_are_noticed(trust: TrustedRoots, tag: str) -> None:
    root, _, signature = parsed()
    value = next(signature.iter(f"{DSIG}{tag}"))
    raw = bytearray(base64.b64decode(value.text or ""))
    raw[7] ^= 1
    value.text = base64.b64encode(bytes(raw)).decode()
    refused(trust, root, "the signature does not fit")


def test_unsigned(trust: TrustedRoots) -> None:
    root, _, signature = parsed()
    root[1].remove(signature)
    refused(trust, root, "with xml:id 'ref0' is not signed")


def test_signed_twice(trust: TrustedRoots) -> None:
    root, _, signature = parsed()
    root[1].append(etree.fromstring(etree.tostring(signature)))
    refused(trust, root, "two elements have the id 'Sig_ref0'")
    root[1][1].set(XML_ID, "Sig_other")
    refused(trust, root, "refers to one credential of its own")


class TestWrapped:
    """A good signature over a good credential that is not the one in the place that is read."""

    def forged(self, credential: etree._Element) -> etree._Element:
        forged = etree.fromstring(etree.tostring(credential))
        owner = forged.find("owner_urn")
        gid = forged.find("owner_gid")
        assert owner is not None
        assert gid is not None
        owner.text, gid.text = BOB, bob().pem.decode()
        return forged

    def test_signed_one_beside_the_forged_one(self, trust: TrustedRoots) -> None:
        root, real, _ = parsed()
        root.insert(0, self.forged(real))
        refused(trust, root, "two elements have the id 'ref0'")

    def test_signed_one_moved_into_the_signature(self, trust: TrustedRoots) -> None:
        root, real, signature = parsed()
        forged = self.forged(real)
        forged.set(XML_ID, "ref9")
        root.replace(real, forged)
        etree.SubElement(signature, f"{DSIG}Object").append(real)
        refused(trust, root, "not signed")

    def test_signed_one_moved_under_the_same_id(self, trust: TrustedRoots) -> None:
        root, real, signature = parsed()
        root.replace(real, self.forged(real))
        etree.SubElement(signature, f"{DSIG}Object").append(real)
        refused(trust, root, "two elements have the id 'ref0'")

    @pytest.mark.parametrize("name", ["id", "ID", "Id"])
    def test_signed_one_under_another_kind_of_id(self, trust: TrustedRoots, name: str) -> None:
        root, real, signature = parsed()
        root.replace(real, self.forged(real))
        real.set(name, str(real.attrib.pop(XML_ID)))
        etree.SubElement(signature, f"{DSIG}Object").append(real)
        refused(trust, root, "two elements have the id 'ref0'")

    def test_signed_one_as_a_parent_of_the_forged_one(self, trust: TrustedRoots) -> None:
        root, real, _ = parsed()
        forged = self.forged(real)
        forged.set(XML_ID, "ref1")
        root.replace(real, forged)
        etree.SubElement(forged, "parent").append(real)
        refused(trust, root, "with xml:id 'ref1' is not signed")

    def test_signed_one_in_the_forged_ones_extensions(self, trust: TrustedRoots) -> None:
        root, real, _ = parsed()
        forged = self.forged(real)
        forged.set(XML_ID, "ref1")
        root.replace(real, forged)
        etree.SubElement(forged, "extensions").append(real)
        refused(trust, root, "with xml:id 'ref1' is not signed")

    def test_signed_document_inside_another(self, trust: TrustedRoots) -> None:
        root, real, signature = parsed()
        outer = etree.Element("signed-credential")
        forged = self.forged(real)
        forged.set(XML_ID, "ref1")
        outer.append(forged)
        etree.SubElement(outer, "signatures").append(signature)
        etree.SubElement(forged, "extensions").append(root)
        refused(trust, outer, "with xml:id 'ref1' is not signed")


@pytest.mark.parametrize(
    "uri",
    ["", "#", "#ref1", "#xpointer(/)", "#xpointer(id('ref0'))", "http://192.0.2.1/x", "file:///etc/passwd"],
)
def test_only_the_credential_can_be_referred_to(trust: TrustedRoots, uri: str) -> None:
    refused(trust, good().replace('URI="#ref0"', f'URI="{uri}"'), "refers to one|not signed")


def test_one_reference(trust: TrustedRoots) -> None:
    root, _, signature = parsed()
    info = signature[0]
    info.append(etree.fromstring(etree.tostring(info[2])))
    refused(trust, root, "has 2 Reference")
    info.remove(info[3])
    info[2].set("Type", "http://www.w3.org/2000/09/xmldsig#Manifest")
    refused(trust, root, "Reference has the URI of its credential, and nothing else")


@pytest.mark.parametrize(
    ("tag", "algorithm"),
    [
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#dsa-sha1"),
        ("SignatureMethod", ""),
        ("DigestMethod", "http://www.w3.org/2001/04/xmldsig-more#md5"),
        ("CanonicalizationMethod", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        ("CanonicalizationMethod", f"{_C14N}#WithComments"),
        ("Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        ("Transform", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        ("Transform", "http://www.w3.org/2002/06/xmldsig-filter2"),
        ("Transform", "http://www.w3.org/2000/09/xmldsig#base64"),
    ],
)
def test_other_algorithms(trust: TrustedRoots, tag: str, algorithm: str) -> None:
    root, _, signature = parsed()
    next(signature.iter(f"{DSIG}{tag}")).set("Algorithm", algorithm)
    refused(trust, root, f"{tag} '.*' is not accepted in a signature here")


@pytest.mark.parametrize("tag", ["SignatureMethod", "DigestMethod", "CanonicalizationMethod", "Transform"])
def test_algorithms_have_no_parameters(trust: TrustedRoots, tag: str) -> None:
    """HMACOutputLength, XPath, stylesheets, InclusiveNamespaces."""
    root, _, signature = parsed()
    etree.SubElement(next(signature.iter(f"{DSIG}{tag}")), f"{DSIG}HMACOutputLength").text = "1"
    refused(trust, root, f"{tag} '.*' is not accepted")


def test_signature_by_the_public_key_as_a_secret(trust: TrustedRoots) -> None:
    """The classic: what everybody has, taken for a shared secret."""
    root, _, signature = parsed()
    next(signature.iter(f"{DSIG}SignatureMethod")).set(
        "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
    )
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_binary_data(xmlsec.KeyData.HMAC, authority().pem)
    context.sign(signature)
    refused(trust, root, "SignatureMethod '.*' is not accepted")


def test_several_transforms(trust: TrustedRoots) -> None:
    root, _, signature = parsed()
    transforms = next(signature.iter(f"{DSIG}Transforms"))
    for _ in range(3):
        etree.SubElement(transforms, f"{DSIG}Transform", Algorithm=_C14N)
    refused(trust, root, "too many transforms")


class TestKeyInfo:
    def signature_with(self, *certificates: bytes) -> str:
        body = "".join(
            f"<X509Certificate>{pem.decode().split('-----')[2]}</X509Certificate>" for pem in certificates
        )
        return re.sub(r"<X509Data>.*?</X509Data>", f"<X509Data>{body}</X509Data>", good(), flags=re.DOTALL)

    def test_certificates_in_any_order_and_number(self, trust: TrustedRoots) -> None:
        text = self.signature_with(bob().pem, alice().pem, authority().pem)
        assert ask(trust, text).owner.name == "alice"

    def test_another_ones_certificate(self, trust: TrustedRoots) -> None:
        refused(trust, self.signature_with(alice().pem), "the signature does not fit")

    def test_too_many(self, trust: TrustedRoots) -> None:
        refused(trust, self.signature_with(*[alice().pem] * 11), "1 to 10 X509Certificate, this one 11")

    def test_none_but_a_bare_key(self, trust: TrustedRoots) -> None:
        """KeyValue is whatever the sender likes; it fits any signature."""
        root, _, signature = parsed()
        info = signature[2]
        info.remove(info[0])
        etree.SubElement(info, f"{DSIG}KeyValue")
        refused(trust, root, "this one 0")

    def test_nothing_is_fetched(self, trust: TrustedRoots) -> None:
        root, _, signature = parsed()
        etree.SubElement(signature[2], f"{DSIG}RetrievalMethod", URI="http://192.0.2.1/key")
        refused(trust, root, "anything to be fetched is refused")

    @pytest.mark.parametrize("text", ["", "MIIC", "*", "AAAA"])
    def test_unreadable(self, trust: TrustedRoots, text: str) -> None:
        root, _, signature = parsed()
        next(signature.iter(f"{DSIG}X509Certificate")).text = text
        refused(trust, root, "X509Certificate holds no certificate")

    def test_a_users_own_signature_is_no_authoritys(self, trust: TrustedRoots) -> None:
        with pytest.raises(SignerUntrusted, match="is no authority over"):
            ask(trust, credential(signer=alice()))
