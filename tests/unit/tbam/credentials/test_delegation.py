"""Handing on: what one was given to hand on, to the same slice, for no longer, by oneself."""

import pytest
from lxml import etree

from tbam.credentials import (
    Call,
    CredentialError,
    CredentialExpired,
    CredentialInvalid,
    CredentialMismatch,
    Privilege,
    SignerUntrusted,
    TrustedRoots,
)
from tbam.credentials.document import XML_ID
from tests.unit.tbam.credentials.federation import (
    ALL,
    BOB,
    DAY,
    NOW,
    SLICE,
    Party,
    alice,
    ask,
    authority,
    bob,
    certify,
    credential,
    good,
    key_of,
    slice_party,
    trusting,
)


def handed_on(parent: str | None = None, **how: object) -> str:
    """What Alice hands on to Bob."""
    settings = {
        "signer": alice(),
        "owner": bob(),
        "parent": parent or good(),
        "expires": NOW + 2 * DAY,
        **how,
    }
    return credential(**settings)  # type: ignore[arg-type]


def refused(trust: TrustedRoots, text: str, error: type[CredentialError], says: str) -> None:
    with pytest.raises(error, match=says):
        ask(trust, text, client=bob())


def only(*names: str, can_delegate: bool = True) -> list[Privilege]:
    return [Privilege(name, can_delegate) for name in names]


def test_bob_may_do_what_alice_handed_on(trust: TrustedRoots) -> None:
    grant = ask(trust, handed_on(), client=bob())
    assert (grant.owner.name, str(grant.target), grant.expires_at) == ("bob", SLICE, NOW + 2 * DAY)


def test_alice_may_not_use_what_is_bobs(trust: TrustedRoots) -> None:
    with pytest.raises(CredentialMismatch, match=r"user\+bob's; you are connected as .*user\+alice"):
        ask(trust, handed_on())


def test_a_part_of_it(trust: TrustedRoots) -> None:
    text = handed_on(privileges=only("getsliceresources", can_delegate=False))
    assert ask(trust, text, client=bob(), call=Call.STATUS).operations == {"getsliceresources"}


@pytest.mark.parametrize(
    ("given", "wanted", "kept"),
    [
        (only("embed", can_delegate=False), only("embed"), "embed"),
        (only("embed"), only("*"), r"\*"),
        (only("control"), only("embed"), "embed"),
        (only("control"), only("shutdown"), "shutdown"),
        (only("embed"), only("createsliver", "reboot", "info"), "info, reboot"),
        (only("*", can_delegate=False), only("info"), "info"),
        ([*only("info"), *only("embed", can_delegate=False)], only("embed", "info"), "embed"),
        ([], only("info"), "info"),
    ],
)
def test_what_was_not_given_to_hand_on(
    trust: TrustedRoots, given: list[Privilege], wanted: list[Privilege], kept: str
) -> None:
    text = handed_on(credential(privileges=given), privileges=wanted)
    refused(trust, text, CredentialInvalid, f"^{kept}: .*user.alice was not given that to hand on")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (only("*"), only("*", "embed", "anything")),
        (only("embed"), only("control")),
        (only("embed"), only("createsliver", "shutdown")),
        ([*only("embed"), *only("embed", can_delegate=False)], only("embed")),
        (ALL, ()),
    ],
)
def test_what_was(trust: TrustedRoots, given: list[Privilege], wanted: list[Privilege]) -> None:
    text = handed_on(credential(privileges=given), privileges=wanted)
    ask(trust, text, client=bob(), call=Call.LIST_RESOURCES)


def test_for_longer(trust: TrustedRoots) -> None:
    ask(trust, handed_on(expires=NOW + 3 * DAY), client=bob())
    refused(
        trust, handed_on(expires=NOW + 3.0001 * DAY), CredentialInvalid, "later than the one it comes from"
    )


def test_for_another_slice(trust: TrustedRoots) -> None:
    other = certify(SLICE.replace("one", "two"), by=authority(), key=key_of("slice", "ec"))
    refused(trust, handed_on(target=other), CredentialInvalid, "cannot be delegated for")


def test_an_expired_one(trust: TrustedRoots) -> None:
    refused(trust, handed_on(expires=NOW), CredentialExpired, "expired at")
    old = credential(expires=NOW - DAY)
    refused(trust, handed_on(old, expires=NOW - DAY), CredentialExpired, "expired at")
    refused(trust, handed_on(old, expires=NOW + DAY), CredentialInvalid, "later than the one it comes from")


class TestSigner:
    def test_somebody_else(self, trust: TrustedRoots) -> None:
        carol = certify(BOB.replace("bob", "carol"), by=authority())
        refused(trust, handed_on(signer=carol), SignerUntrusted, "only its owner could hand it on")

    def test_the_new_owner(self, trust: TrustedRoots) -> None:
        bobby = certify(BOB, by=authority())
        text = handed_on(signer=bobby, owner=bobby)
        with pytest.raises(SignerUntrusted, match="only its owner could hand it on"):
            ask(trust, text, client=bobby)

    def test_the_authority_itself(self, trust: TrustedRoots) -> None:
        """It can give Bob one without a parent; with Alice's for a parent, it is Alice's to hand on."""
        refused(trust, handed_on(signer=authority()), SignerUntrusted, "only its owner could hand it on")

    def test_alice_of_an_authority_nobody_trusts(self, trust: TrustedRoots) -> None:
        """Our authority may give a slice to a stranger; what strangers sign is another matter."""
        elsewhere = certify("urn:publicid:IDN+other.org+authority+sa", ca=True, key=key_of("other"))
        stranger = certify("urn:publicid:IDN+other.org+user+eve", by=elsewhere)
        text = handed_on(credential(owner=stranger), signer=stranger)
        refused(trust, text, SignerUntrusted, "no trusted root vouches for it")

    def test_owners_chain_helps_to_find_the_path(self, trust: TrustedRoots) -> None:
        """Clearinghouses put it into owner_gid, and delegating clients send their certificate alone."""
        middle = certify("urn:publicid:IDN+example.net+authority+ma", by=authority(), ca=True)
        member = certify(BOB.replace("bob", "member"), by=middle)
        whole = credential(owner=Party(member.certificate, member.key, (middle.certificate,)))
        ask(trust, handed_on(whole, signer=member), client=bob())
        refused(trust, handed_on(credential(owner=member), signer=member), SignerUntrusted, "in KeyInfo")


class TestLines:
    def line(self, length: int) -> str:
        text = good()
        owner = alice()
        for number in range(length):
            following = bob() if number == length - 1 else certify(f"{BOB}{number}", by=authority())
            text = credential(signer=owner, owner=following, parent=text, expires=NOW + 2 * DAY)
            owner = following
        return text

    def test_as_long_as_it_may_be(self, trust: TrustedRoots) -> None:
        assert ask(trust, self.line(4), client=bob()).owner.name == "bob"

    def test_longer(self, trust: TrustedRoots) -> None:
        refused(trust, self.line(5), CredentialInvalid, "delegated 4 times, not more")

    def test_back_to_where_it_was(self, trust: TrustedRoots) -> None:
        text = credential(
            signer=bob_signing(), owner=alice(), parent=handed_on(owner=bob_signing()), expires=NOW + DAY
        )
        assert ask(trust, text).expires_at == NOW + DAY

    def test_a_parent_of_itself(self, trust: TrustedRoots) -> None:
        """The same id for both: each signature could be the other's."""
        root = etree.fromstring(handed_on())
        for element in (root[0], root[0].find("parent/credential")):
            assert element is not None
            element.set(XML_ID, "ref0")
        refused(
            trust, etree.tostring(root, encoding="unicode"), CredentialInvalid, "two elements have the id"
        )

    def test_the_parents_signature_is_checked(self, trust: TrustedRoots) -> None:
        changed = handed_on(credential(privileges=only("info", "bind"))).replace("<name>bind", "<name>embed")
        refused(trust, changed, CredentialInvalid, "signature does not fit")

    def test_the_parents_signature_is_needed(self, trust: TrustedRoots) -> None:
        root = etree.fromstring(handed_on())
        root[1].remove(root[1][0])
        refused(trust, etree.tostring(root, encoding="unicode"), CredentialInvalid, "'ref0' is not signed")

    def test_without_its_parent(self, trust: TrustedRoots) -> None:
        """Bob's alone: signed by Alice, who is no authority."""
        refused(trust, handed_on_alone(), SignerUntrusted, "is no authority over")

    def test_first_in_line_is_an_authoritys(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        """Alice trusts herself: a line that begins with her own word is worth nothing."""
        trust = trusting(tmp_path_factory.mktemp("alice"), authority(), alice())
        own = credential(signer=alice())
        refused(trust, handed_on(own), SignerUntrusted, "is no authority over")


def bob_signing() -> Party:
    return certify(BOB, by=authority())


def handed_on_alone() -> str:
    return credential(signer=alice(), owner=bob(), target=slice_party())
