"""Who may call what, with which of the credentials sent."""

import itertools

import pytest
from lxml import etree

from tbam.credentials import (
    Call,
    CredentialExpired,
    CredentialInvalid,
    CredentialMismatch,
    Grant,
    Kind,
    Privilege,
    SignerUntrusted,
    TrustedRoots,
    authorize,
)
from tbam.credentials.content import read_statement
from tbam.credentials.issue import USER_PRIVILEGES
from tbam.errors import BadArgs, Forbidden, MissingArgs, TbamError
from tbam.urn import parse_urn
from tests.unit.tbam.credentials.federation import (
    ALICE,
    AUTHORITY,
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
)

OTHER = SLICE.replace("+one", "+two")


def users(owner: Party | None = None) -> str:
    owner = owner or alice()
    privileges = [Privilege(name, can_delegate=False) for name in USER_PRIVILEGES]
    return credential(owner=owner, target=owner, privileges=privileges)


def with_privileges(*names: str) -> str:
    return credential(privileges=[Privilege(name, can_delegate=False) for name in names])


def test_what_is_granted(trust: TrustedRoots) -> None:
    assert ask(trust, good()) == Grant(
        owner=parse_urn(ALICE),
        owner_subject="CN=alice,O=Federation",
        target=parse_urn(SLICE),
        operations=frozenset({"createsliver", "renewsliver", "deleteslice", "getsliceresources", "shutdown"}),
        expires_at=NOW + 3 * DAY,
        kind=Kind.SLICE,
    )


class TestOwner:
    def refused(self, trust: TrustedRoots, client: Party, says: str) -> None:
        with pytest.raises(CredentialMismatch, match=says) as caught:
            ask(trust, good(), client=client)
        assert caught.value.code == 22

    def test_somebody_else(self, trust: TrustedRoots) -> None:
        self.refused(trust, bob(), r"user\+alice's; you are connected as .*user\+bob$")

    def test_another_name_for_the_same_key(self, trust: TrustedRoots) -> None:
        self.refused(
            trust, certify(ALICE.replace("alice", "mallory"), by=authority(), key=alice().key), "mallory"
        )

    def test_another_key_of_the_same_name(self, trust: TrustedRoots) -> None:
        """Any authority that TLS trusts could issue one."""
        other = certify(ALICE, by=authority(), key=key_of("other-alice", "ec"))
        self.refused(trust, other, "with another key than its owner_gid has")

    def test_newer_certificate_of_the_same_key(self, trust: TrustedRoots) -> None:
        newer = certify(ALICE, by=authority(), key=alice().key, subject="CN=Alice,O=Renewed")
        assert ask(trust, good(), client=newer).owner_subject == "CN=Alice,O=Renewed"

    def test_certificate_without_urn_goes_by_its_subject(self, trust: TrustedRoots) -> None:
        """Grids issue them; the clearinghouse has put the certificate that it saw into owner_gid."""
        plain = certify(key=alice().key, subject="CN=alice,O=Federation")
        assert ask(trust, good(), client=plain).owner.name == "alice"
        self.refused(trust, certify(key=alice().key, subject="CN=alice,O=Elsewhere"), "O=Elsewhere")
        self.refused(trust, certify(key=bob().key, subject="CN=alice,O=Federation"), "another key")

    def test_no_certificate_at_all(self, trust: TrustedRoots) -> None:
        for der in (b"", b"junk", alice().pem):
            with pytest.raises(CredentialMismatch, match="cannot be read"):
                authorize([good()], client=der, call=Call.ALLOCATE, slice_urn=SLICE, trust=trust, now=NOW)


class TestTarget:
    def test_another_slice(self, trust: TrustedRoots) -> None:
        with pytest.raises(CredentialMismatch, match=r"is for .*slice\+one; .*slice\+two was called for"):
            ask(trust, good(), slice_urn=OTHER)

    def test_case(self, trust: TrustedRoots) -> None:
        ask(trust, good(), slice_urn=SLICE.replace("example.net", "EXAMPLE.Net"))
        with pytest.raises(CredentialMismatch):
            ask(trust, good(), slice_urn=SLICE.replace("+one", "+One"))

    def test_user_credential_opens_no_slice(self, trust: TrustedRoots) -> None:
        with pytest.raises(CredentialMismatch, match=r"is for .*user\+alice; .*slice\+one was called for"):
            ask(trust, users())

    @pytest.mark.parametrize("urn", ["", "one", ALICE, "urn:publicid:IDN+example.net+slice+"])
    def test_slice_has_to_be_one(self, trust: TrustedRoots, urn: str) -> None:
        with pytest.raises(BadArgs):
            ask(trust, good(), slice_urn=urn)

    @pytest.mark.parametrize("call", [call for call in Call if call is not Call.LIST_RESOURCES])
    def test_slice_has_to_be_named(self, trust: TrustedRoots, call: Call) -> None:
        with pytest.raises(BadArgs, match=f"{call.method} is about a slice"):
            ask(trust, good(), slice_urn=None, call=call)


class TestListResources:
    @pytest.mark.parametrize("text", [users, good])
    def test_users_or_slices_will_do(self, trust: TrustedRoots, text: object) -> None:
        assert callable(text)
        grant = ask(trust, text(), call=Call.LIST_RESOURCES, slice_urn=None)
        assert grant.kind is (Kind.USER if text is users else Kind.SLICE)

    def test_none_will_not(self, trust: TrustedRoots) -> None:
        with pytest.raises(MissingArgs):
            ask(trust, call=Call.LIST_RESOURCES, slice_urn=None)

    def test_anothers_will_not(self, trust: TrustedRoots) -> None:
        with pytest.raises(CredentialMismatch):
            ask(trust, users(bob()), call=Call.LIST_RESOURCES, slice_urn=None)

    def test_an_authoritys_will_not(self, trust: TrustedRoots) -> None:
        text = credential(target=authority())
        with pytest.raises(CredentialMismatch, match="send a slice's or a user's"):
            ask(trust, text, call=Call.LIST_RESOURCES, slice_urn=None)


NEEDED = {
    Call.ALLOCATE: "createsliver",
    Call.PROVISION: "createsliver",
    Call.PERFORM_OPERATIONAL_ACTION: "createsliver",
    Call.RENEW: "renewsliver",
    Call.DELETE: "deleteslice",
    Call.STATUS: "getsliceresources",
    Call.DESCRIBE: "getsliceresources",
    Call.SHUTDOWN: "shutdown",
}


def test_every_call_is_thought_of() -> None:
    assert {*NEEDED, Call.LIST_RESOURCES} == {*Call}
    assert len({call.method for call in Call}) == len(Call)


@pytest.mark.parametrize("call", NEEDED)
def test_privilege_each_call_needs(trust: TrustedRoots, call: Call) -> None:
    ask(trust, with_privileges(NEEDED[call]), call=call)
    others = {*NEEDED.values()} - {NEEDED[call]}
    with pytest.raises(Forbidden, match=f"{call.method} needs the privilege {NEEDED[call]}") as caught:
        ask(trust, with_privileges(*others), call=call)
    assert caught.value.code == 3


@pytest.mark.parametrize(
    ("group", "refused"),
    [
        ("*", set()),
        ("authority", set()),
        ("embed", set()),
        ("EMBED", set()),
        ("sa", {Call.SHUTDOWN}),
        ("control", {Call.SHUTDOWN}),
        ("instantiate", {*NEEDED} - {Call.ALLOCATE, Call.PROVISION, Call.PERFORM_OPERATIONAL_ACTION}),
        ("bind", {*NEEDED}),
        ("info", {*NEEDED}),
        ("refresh", {*NEEDED}),
        ("resolve", {*NEEDED}),
        ("everything", {*NEEDED}),
    ],
)
def test_groups(trust: TrustedRoots, group: str, refused: set[Call]) -> None:
    text = with_privileges(group)
    denied = set()
    for call in NEEDED:
        try:
            ask(trust, text, call=call)
        except Forbidden:
            denied.add(call)
    assert denied == refused


def test_no_privileges_at_all(trust: TrustedRoots) -> None:
    with pytest.raises(Forbidden):
        ask(trust, with_privileges(), call=Call.STATUS)


def test_it_is_over_at_the_instant_it_says(trust: TrustedRoots) -> None:
    ends = NOW + 3 * DAY
    ask(trust, good(), now=ends - DAY / 86_400_000)
    with pytest.raises(
        CredentialExpired, match=r"expired at 2030-06-04T12:00:00\+00:00; get a new one"
    ) as caught:
        ask(trust, good(), now=ends)
    assert caught.value.code == 21


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("2030-06-04T12:00:00", 0),
        ("2030-06-04T12:00:00.000", 0),
        ("2030-06-04T12:00:00+02:00", -2),
        ("2030-06-04T12:00:00-01:30", 1.5),
    ],
)
def test_times_in_the_wild(written: str, hours: float) -> None:
    element = etree.fromstring(good())[0]
    expires = element.find("expires")
    assert expires is not None
    expires.text = written
    assert read_statement(element).expires_at == NOW + 3 * DAY + hours * DAY / 24


class TestSeveral:
    def test_longest_lasting(self, trust: TrustedRoots) -> None:
        texts = [credential(expires=NOW + days * DAY) for days in (1, 5, 3)]
        for order in itertools.permutations(texts):
            assert ask(trust, *order).expires_at == NOW + 5 * DAY

    def test_one_that_serves_is_enough(self, trust: TrustedRoots) -> None:
        others = [
            "junk",
            users(),
            credential(owner=bob()),
            credential(expires=NOW - DAY),
            with_privileges("info"),
        ]
        pretender = credential(signer=certify(AUTHORITY, ca=True, key=key_of("pretender")))
        for order in ([*others, pretender, good()], [good(), pretender, *others]):
            assert ask(trust, *order).expires_at == NOW + 3 * DAY

    @pytest.mark.parametrize("turned", [False, True])
    def test_nearest_to_serve_is_told(self, trust: TrustedRoots, *, turned: bool) -> None:
        """Clients send their user credential along: that it is for no slice is not the point."""
        steps: list[tuple[str, type[TbamError]]] = [
            ("junk", CredentialInvalid),
            (credential(signer=certify(AUTHORITY, ca=True, key=key_of("pretender"))), SignerUntrusted),
            (users(), CredentialMismatch),
            (credential(expires=NOW - DAY), CredentialExpired),
            (with_privileges("info"), Forbidden),
        ]
        for count in range(1, len(steps) + 1):
            texts = [text for text, _ in steps[:count]]
            with pytest.raises(steps[count - 1][1]):
                ask(trust, *(reversed(texts) if turned else texts))

    def test_expired_one_of_another_slice_is_not_the_point(self, trust: TrustedRoots) -> None:
        other = certify(OTHER, by=authority(), key=key_of("slice", "ec"))
        old = credential(target=other, expires=NOW - DAY)
        with pytest.raises(CredentialMismatch):
            ask(trust, old)
