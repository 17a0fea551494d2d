"""Who a chain is, and every reason to refuse one."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from pathservice.listener import verifier as verifier_module
from pathservice.listener.errors import CertificateRefused
from pathservice.listener.model import Judgement
from pathservice.listener.verifier import ChainVerifier, judge
from tests.unit.listener.conftest import Forge, Party

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def refusal(verifier: ChainVerifier, *chain: Party, now: datetime) -> str:
    with pytest.raises(CertificateRefused) as caught:
        verifier.verify([party.certificate for party in chain], now=now)
    return caught.value.code


@pytest.fixture
def root(forge: Forge) -> Party:
    return forge.authority()


@pytest.fixture
def verifier(root: Party) -> ChainVerifier:
    return ChainVerifier(anchors=(root.certificate,))


def test_identity_is_the_end_entitys(forge: Forge, root: Party, verifier: ChainVerifier) -> None:
    alice = forge.party("CN=Alice,OU=Users,O=Forge", by=root)
    identity = verifier.verify([alice.certificate], now=forge.now)
    assert identity.subject == "CN=Alice,OU=Users,O=Forge"
    assert identity.issuer == "CN=Authority,O=Forge"
    assert identity.not_after == alice.certificate.not_valid_after_utc


def test_intermediates_are_found_in_any_order(forge: Forge, root: Party, verifier: ChainVerifier) -> None:
    upper = forge.authority("CN=Upper", by=root)
    lower = forge.authority("CN=Lower", by=upper)
    alice = forge.party(by=lower)
    chain = [alice.certificate, upper.certificate, lower.certificate, root.certificate]
    assert verifier.verify(chain, now=forge.now).issuer == "CN=Lower"


def test_identity_runs_out_with_the_first_of_its_chain(
    forge: Forge, root: Party, verifier: ChainVerifier
) -> None:
    brief = forge.authority("CN=Brief", by=root, lasts=3 * DAY)
    alice = forge.party(by=brief, lasts=10 * DAY)
    identity = verifier.verify([alice.certificate, brief.certificate], now=forge.now)
    assert identity.not_after == brief.certificate.not_valid_after_utc


def test_good_certificate_behind_a_foreign_leaf_helps_nobody(
    forge: Forge, root: Party, verifier: ChainVerifier
) -> None:
    """An impostor may send anybody's certificate along; only of the first it proved to hold the key."""
    alice = forge.party(by=root)
    impostor = forge.party("CN=Impostor", by=forge.authority("CN=Elsewhere"))
    assert refusal(verifier, impostor, alice, root, now=forge.now) == "certificate-foreign"


def test_user_cannot_issue(forge: Forge, root: Party, verifier: ChainVerifier) -> None:
    alice = forge.party(by=root)
    shadow = forge.party("CN=Shadow", by=alice)
    assert refusal(verifier, shadow, alice, now=forge.now) == "certificate-invalid"


def test_path_length_binds(forge: Forge) -> None:
    root = forge.authority(constraints=x509.BasicConstraints(ca=True, path_length=0))
    below = forge.authority("CN=Below", by=root)
    alice = forge.party(by=below)
    assert refusal(ChainVerifier((root.certificate,)), alice, below, now=forge.now) == "certificate-invalid"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda forge, _: forge.party(), "certificate-foreign"),
        (lambda forge, _: forge.party(by=forge.authority("CN=Other")), "certificate-foreign"),
        (lambda forge, _: forge.party(by=forge.authority()), "certificate-foreign"),  # our authority's name
        (lambda forge, root: forge.party(by=root, lasts=DAY / 2), "certificate-expired"),
        (lambda forge, root: forge.party(by=root, lasts=DAY - SECOND), "certificate-expired"),
        (lambda forge, root: forge.party(by=root, starts=forge.now + DAY), "certificate-not-yet-valid"),
        (
            lambda forge, root: forge.party(by=root, purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)),
            "certificate-purpose",
        ),
        (lambda forge, root: forge.party("", by=root), "certificate-invalid"),
        (
            lambda forge, root: forge.party(by=root, key=rsa.generate_private_key(65537, 1024)),  # noqa: S505
            "certificate-weak",
        ),
        (
            lambda forge, root: forge.party(
                by=root, extensions=[(x509.UnrecognizedExtension(ObjectIdentifier("1.2.3"), b"\x05\0"), True)]
            ),
            "certificate-invalid",
        ),
    ],
)
def test_refused(
    forge: Forge,
    root: Party,
    verifier: ChainVerifier,
    make: Callable[[Forge, Party], Party],
    code: str,
) -> None:
    assert refusal(verifier, make(forge, root), now=forge.now) == code


@pytest.mark.parametrize("purposes", [(), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)])
def test_certificate_for_everything_is_for_clients(
    forge: Forge, root: Party, verifier: ChainVerifier, purposes: tuple[x509.ObjectIdentifier, ...]
) -> None:
    verifier.verify([forge.party(by=root, purposes=purposes).certificate], now=forge.now)


def test_authority_for_servers_only_issues_no_clients(
    forge: Forge, root: Party, verifier: ChainVerifier
) -> None:
    servers = forge.authority("CN=Servers", by=root, purposes=[ExtendedKeyUsageOID.SERVER_AUTH])
    alice = forge.party(by=servers)
    assert refusal(verifier, alice, servers, now=forge.now) == "certificate-purpose"


def test_key_that_may_not_sign_is_refused(forge: Forge, root: Party, verifier: ChainVerifier) -> None:
    usage = x509.KeyUsage(False, False, True, False, False, False, False, False, False)
    alice = forge.party(by=root, extensions=[(usage, True)])
    assert refusal(verifier, alice, now=forge.now) == "certificate-purpose"


def test_broken_hash_is_refused(forge: Forge) -> None:
    """Nothing here signs with SHA-1 any more, so a certificate is made to say that it is."""
    sha256_with_rsa, sha1_with_rsa = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", "05"))
    root = forge.party(key=rsa.generate_private_key(65537, 2048))
    der = forge.party(by=root).certificate.public_bytes(serialization.Encoding.DER)
    old = x509.load_der_x509_certificate(der.replace(sha256_with_rsa, sha1_with_rsa))
    with pytest.raises(CertificateRefused) as caught:
        verifier_module._refuse_weak_signature(old)
    assert caught.value.code == "certificate-weak"


def test_extension_that_is_there_twice_is_refused(forge: Forge, root: Party, verifier: ChainVerifier) -> None:
    """Nobody here makes such a certificate either."""
    one, two = b"\x06\x03\x2a\x03\x04", b"\x06\x03\x2a\x03\x05"  # the OIDs 1.2.3.4 and 1.2.3.5
    made = forge.party(
        by=root,
        extensions=[
            (x509.UnrecognizedExtension(ObjectIdentifier(f"1.2.3.{last}"), b"\x05\0"), False)
            for last in (4, 5)
        ],
    )
    der = made.certificate.public_bytes(serialization.Encoding.DER).replace(two, one)
    with pytest.raises(CertificateRefused) as caught:
        verifier.verify([x509.load_der_x509_certificate(der)], now=forge.now)
    assert caught.value.code == "certificate-invalid"


def test_dsa_is_refused(forge: Forge, root: Party, verifier: ChainVerifier) -> None:
    alice = forge.party(by=root, key=dsa.generate_private_key(2048))
    assert refusal(verifier, alice, now=forge.now) == "certificate-weak"


def test_endless_chain_is_not_even_looked_at(forge: Forge, root: Party, verifier: ChainVerifier) -> None:
    alice = forge.party(by=root)
    assert refusal(verifier, alice, *[root] * 20, now=forge.now) == "certificate-invalid"


def test_one_verifier_judges_at_any_instant(forge: Forge, root: Party, verifier: ChainVerifier) -> None:
    """OpenSSL takes an instant once per store and ignores the next, so every verdict has its own."""
    alice = forge.party(by=root, lasts=2 * DAY)
    verifier.verify([alice.certificate], now=forge.now)
    assert refusal(verifier, alice, now=forge.now + 2 * DAY) == "certificate-expired"
    verifier.verify([alice.certificate], now=forge.now)


class TestRevocation:
    def checking(self, root: Party, *crls: x509.CertificateRevocationList) -> ChainVerifier:
        return ChainVerifier((root.certificate,), crls, check_revocation=True)

    def test_revoked_is_refused_others_are_not(self, forge: Forge, root: Party) -> None:
        alice, bob = forge.party(by=root), forge.party("CN=Bob", by=root)
        verifier = self.checking(root, forge.crl(root, bob))
        assert refusal(verifier, bob, now=forge.now) == "certificate-revoked"
        assert verifier.verify([alice.certificate], now=forge.now).subject.startswith("CN=Alice")

    def test_every_authority_needs_a_list(self, forge: Forge, root: Party) -> None:
        below = forge.authority("CN=Below", by=root)
        alice = forge.party(by=below)
        verifier = self.checking(root, forge.crl(root))
        assert refusal(verifier, alice, below, now=forge.now) == "revocation-unknown"

    def test_revoked_authority_takes_its_users_along(self, forge: Forge, root: Party) -> None:
        below = forge.authority("CN=Below", by=root)
        alice = forge.party(by=below)
        verifier = self.checking(root, forge.crl(root, below), forge.crl(below))
        assert refusal(verifier, alice, below, now=forge.now) == "certificate-revoked"

    def test_authority_that_is_trusted_need_not_be_sent(self, forge: Forge, root: Party) -> None:
        below = forge.authority("CN=Below", by=root)
        alice = forge.party(by=below)
        crls = forge.crl(root), forge.crl(below), forge.crl(forge.authority("CN=Unrelated"))
        verifier = ChainVerifier((root.certificate, below.certificate), crls, check_revocation=True)
        assert verifier.verify([alice.certificate], now=forge.now).issuer == "CN=Below"

    def test_stale_list_is_no_list(self, forge: Forge, root: Party) -> None:
        verifier = self.checking(root, forge.crl(root, lasts=DAY / 2))
        assert refusal(verifier, forge.party(by=root), now=forge.now) == "revocation-unknown"

    def test_forged_list_is_no_list(self, forge: Forge, root: Party) -> None:
        verifier = self.checking(root, forge.crl(forge.authority()))
        assert refusal(verifier, forge.party(by=root), now=forge.now) == "revocation-unknown"

    def test_no_lists_at_all_is_not_no_revocation(self, forge: Forge, root: Party) -> None:
        assert refusal(self.checking(root), forge.party(by=root), now=forge.now) == "revocation-unknown"

    def test_verdict_lasts_as_long_as_the_freshest_list(self, forge: Forge, root: Party) -> None:
        old, new = forge.crl(root, lasts=DAY / 2), forge.crl(root, lasts=3 * DAY)
        alice = forge.party(by=root, lasts=10 * DAY)
        verifier = self.checking(root, old, new)
        identity = verifier.verify([alice.certificate], now=forge.now)
        assert identity.not_after == new.next_update_utc


class TestJudge:
    def test_no_certificate_is_nobody(self, forge: Forge, verifier: ChainVerifier) -> None:
        assert judge(list, verifier, now=forge.now) == Judgement()

    def test_refused_keeps_the_claimed_name(self, forge: Forge, verifier: ChainVerifier) -> None:
        judged = judge(lambda: [forge.party("CN=Mallory").certificate], verifier, now=forge.now)
        assert judged.identity is None
        assert judged.claimed_subject == "CN=Mallory"
        assert judged.refusal is not None
        assert judged.refusal.code == "certificate-foreign"

    def test_certificate_nobody_can_read_is_refused(self, forge: Forge, verifier: ChainVerifier) -> None:
        def unreadable() -> list[x509.Certificate]:
            raise ValueError("error parsing asn1 value")

        judged = judge(unreadable, verifier, now=forge.now)
        assert judged.refusal is not None
        assert judged.refusal.code == "certificate-invalid"
        assert "asn1" not in judged.refusal.message
