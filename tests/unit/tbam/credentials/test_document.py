"""XML that could mean two things, or too much, is none of ours."""

import re

import pytest

from tbam.credentials import CredentialInvalid, TrustedRoots
from tbam.credentials.document import GENERATIONS
from tests.unit.tbam.credentials.federation import ask, good

_BOMB = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'><!ENTITY c '&b;&b;&b;'>]>"
_OUTSIDE = "<!DOCTYPE signed-credential [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"


def change(old: str, new: str, count: int = 1) -> str:
    text = good().replace(old, new, count)
    assert text != good()
    return text


@pytest.mark.parametrize(
    "declaration", ['<?xml version="1.0"?>', "<?xml version='1.0' encoding='utf-8'?>\n", "\n \n"]
)
def test_declarations_do_not_matter(trust: TrustedRoots, declaration: str) -> None:
    assert ask(trust, declaration + good()).owner.name == "alice"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "well-formed"),
        ("hello", "well-formed"),
        ("<signed-credential>", "well-formed"),
        ("<a><b></a></b>", "well-formed"),
        ("<x\udc80/>", "well-formed"),
        ("<x>\x00</x>", "well-formed"),
        ("<x>&nothing;</x>", "well-formed"),
        ("<p:x/>", "well-formed|begins with signed-credential"),
        ("<?xml version='1.0'?><?xml version='1.0'?><x/>", "well-formed"),
        ("<x/>", "begins with signed-credential, not x"),
        ("<s:signed-credential xmlns:s='urn:s'/>", "begins with signed-credential"),
        ("<signed-credential/>", "has no credential"),
        ("<signed-credential><credential/></signed-credential>", "has no signatures"),
        (_BOMB + "<x>&c;</x>", "document type"),
        (_OUTSIDE + "<signed-credential>&a;</signed-credential>", "document type"),
        ("<!DOCTYPE x SYSTEM 'http://192.0.2.1/x.dtd'><x/>", "document type"),
        ("<x>" * 10_000, "too deep"),
        ("<x>" + "<y/>" * 10_000 + "</x>", "too many"),
        ("<x " + " ".join(f"a{number}=''" for number in range(10_000)) + "/>", "too many"),
    ],
)
def test_not_a_credential(trust: TrustedRoots, text: str, says: str) -> None:
    with pytest.raises(CredentialInvalid, match=says):
        ask(trust, text)


def test_what_is_signed_is_what_is_read(trust: TrustedRoots) -> None:
    """A comment is not part of what is signed, and would cut what is read in two."""
    with pytest.raises(CredentialInvalid, match="comments"):
        ask(trust, change("+user+alice<", "+user+al<!-- -->ice<"))
    with pytest.raises(CredentialInvalid, match="processing instruction"):
        ask(trust, change("+user+alice<", "+user+al<?x y?>ice<"))
    assert ask(trust, change("+user+alice<", "+user+<![CDATA[alice]]><")).owner.name == "alice"


def _twice(tag: str) -> str:
    found = re.search(rf"<{tag}.*?</{tag}>", good(), re.DOTALL)
    assert found
    return change(found[0], found[0] * 2)


@pytest.mark.parametrize(
    "tag",
    ["type", "owner_gid", "owner_urn", "target_gid", "target_urn", "expires", "privileges"],
)
def test_nothing_is_there_twice(trust: TrustedRoots, tag: str) -> None:
    with pytest.raises(CredentialInvalid, match=r"has 2 \w+; there can be one"):
        ask(trust, _twice(tag))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("<serial>1</serial>", "<other>1</other>", "other, which nobody here understands"),
        ("<type>privilege<", "<type>ticket<", "type is 'ticket'"),
        ("<name>embed</name>", "<name><b>embed</b></name>", "elements where there should be text"),
        ("<name>embed</name>", "<name/>", "a privilege has a name"),
        ("<can_delegate>true<", "<can_delegate>maybe<", "can_delegate is true or false"),
        ("<privileges>", "<privileges><all/>", "there can be privilege only"),
        ("<expires>2030-06-04T12:00:00Z<", "<expires>tomorrow<", "expires is 'tomorrow'"),
        ("<expires>2030-06-04T12:00:00Z<", "<expires>20300604T120000Z<", "expires is '2030"),
        ("<expires>2030-06-04T12:00:00Z<", "<expires>2030-06-31T12:00:00Z<", "expires is '2030"),
        ("<owner_urn>urn:publicid:IDN+", "<owner_urn>IDN+", "owner_urn: 'IDN"),
        ("+user+alice</owner_urn>", "+user+bob</owner_urn>", "owner_gid is the certificate of"),
        ("<signatures>", "<x/><signatures>", "nothing else"),
        ("</signatures>", "<x/></signatures>", "there can be Signature only"),
        ("</credential>", "<parent/></credential>", "the one credential that was delegated"),
    ],
)
def test_every_field_is_named(trust: TrustedRoots, old: str, new: str, says: str) -> None:
    with pytest.raises(CredentialInvalid, match=says):
        ask(trust, change(old, new))


@pytest.mark.parametrize("tag", ["owner_gid", "target_gid"])
@pytest.mark.parametrize(
    "content",
    [
        "",
        "x",
        "MIIC",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----",
    ],
)
def test_certificates_have_to_be_some(trust: TrustedRoots, tag: str, content: str) -> None:
    broken = re.sub(rf"<{tag}>.*?</{tag}>", f"<{tag}>{content}</{tag}>", good(), flags=re.DOTALL)
    with pytest.raises(CredentialInvalid, match=f"{tag} holds no certificate"):
        ask(trust, broken)


def test_parents_have_an_end(trust: TrustedRoots) -> None:
    nested = "<credential/>"
    for _ in range(GENERATIONS):
        nested = f"<credential><parent>{nested}</parent></credential>"
    with pytest.raises(CredentialInvalid, match="delegated 4 times, not more"):
        ask(trust, f"<signed-credential>{nested}<signatures/></signed-credential>")
