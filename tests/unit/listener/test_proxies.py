"""Proxy certificates: who they speak for, and every reason to refuse one.

Names, path lengths and signatures of RFC 3820's are OpenSSL's business: what is tested is that it is asked.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from pathservice.listener import verifier as verifier_module
from pathservice.listener.errors import CertificateRefused
from pathservice.listener.model import Identity
from pathservice.listener.verifier import ChainVerifier
from tests.unit.listener.conftest import SIGNING, Forge, Key, Party

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
ALICE = "CN=Alice,OU=Users,O=Forge"
NO_CLIENTS = (ExtendedKeyUsageOID.SERVER_AUTH,)
NO_SIGNING = x509.KeyUsage(False, False, True, False, False, False, False, False, False)

INHERIT_ALL = "06082b06010505071501"
INDEPENDENT = "06082b06010505071502"
LIMITED = "060b2b060104019b5001010109"
ANY_LANGUAGE = "06082b06010505071500"
A_POLICY = "040141"
A_LANGUAGE = "06032a0304"


def info(language: str = INHERIT_ALL, *, policy: str = "", path_length: int | None = None) -> str:
    """ProxyCertInfo in DER, as hexadecimal digits."""
    length = "" if path_length is None else f"0201{path_length:02x}"
    return _sequence(length + _sequence(language + policy))


def _sequence(content: str) -> str:
    return f"30{len(content) // 2:02x}{content}"


def extension(written: str, oid: str = "1.3.6.1.5.5.7.1.14") -> tuple[x509.ExtensionType, bool]:
    return x509.UnrecognizedExtension(ObjectIdentifier(oid), bytes.fromhex(written)), True


class Registry:
    """An authority, its user Alice, and proxies."""

    def __init__(self, forge: Forge) -> None:
        self.forge = forge
        self.now = forge.now
        self.root = forge.authority()
        self.alice = forge.party(ALICE, by=self.root)

    def proxy(
        self,
        of: Party | None = None,
        *,
        named: str = "1",
        written: str | None = None,
        legacy: bool = False,
        lasts: timedelta = DAY + 12 * HOUR,
        starts: timedelta = -DAY,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        key: Key | None = None,
        digest: hashes.SHA384 | None = None,
    ) -> Party:
        owner = of or self.alice
        own = [] if legacy else [extension(info() if written is None else written)]
        return self.forge.party(
            f"CN={named},{owner.certificate.subject.rfc4514_string()}",
            by=owner,
            starts=self.now + starts,
            lasts=lasts,
            purposes=(),
            extensions=[*own, *extensions],
            key=key,
            digest=digest,
        )

    def legacy(self, of: Party | None = None, *, named: str = "proxy", **changes: object) -> Party:
        return self.proxy(of, named=named, legacy=True, **changes)  # type: ignore[arg-type]

    def verify(self, *chain: Party, legacy_proxies: bool = False, short_proxy_keys: bool = False) -> Identity:
        verifier = ChainVerifier(
            (self.root.certificate,), legacy_proxies=legacy_proxies, short_proxy_keys=short_proxy_keys
        )
        return verifier.verify([party.certificate for party in chain], now=self.now)

    def refusal(self, *chain: Party, **settings: bool) -> str:
        with pytest.raises(CertificateRefused) as caught:
            self.verify(*chain, **settings)
        return caught.value.code


@pytest.fixture
def registry(forge: Forge) -> Registry:
    return Registry(forge)


def test_proxy_speaks_for_its_owner(registry: Registry) -> None:
    proxy = registry.proxy()
    identity = registry.verify(proxy, registry.alice)
    assert (identity.subject, identity.issuer) == (ALICE, "CN=Authority,O=Forge")
    assert identity.not_after == proxy.certificate.not_valid_after_utc


def test_proxies_of_proxies_do_too_sent_in_any_order(registry: Registry) -> None:
    one = registry.proxy(lasts=DAY + HOUR)
    two = registry.proxy(one)
    three = registry.proxy(two)
    identity = registry.verify(three, registry.alice, one, registry.root, two)
    assert identity.subject == ALICE
    assert identity.not_after == one.certificate.not_valid_after_utc


def test_authority_that_allows_no_authority_below_it_does_not_mind_proxies(forge: Forge) -> None:
    registry = Registry(forge)
    registry.root = forge.authority(constraints=x509.BasicConstraints(ca=True, path_length=0))
    registry.alice = forge.party(ALICE, by=registry.root)
    one = registry.proxy()
    assert registry.verify(registry.proxy(one), one, registry.alice).subject == ALICE


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (info(LIMITED), "proxy-limited"),
        (info(LIMITED, path_length=3), "proxy-limited"),
        (info(INDEPENDENT), "proxy-independent"),
        (info(ANY_LANGUAGE, policy=A_POLICY), "proxy-policy"),
        (info(ANY_LANGUAGE), "proxy-policy"),
        (info(A_LANGUAGE), "proxy-policy"),
        (info(INHERIT_ALL, policy=A_POLICY), "proxy-policy"),
        ("", "certificate-foreign"),  # OpenSSL makes nothing of it, not even a proxy
        ("3000", "certificate-foreign"),
        (info() + "00", "certificate-invalid"),
    ],
)
class TestWhatDoesNotCarryTheIdentity:
    def test_is_refused(self, registry: Registry, written: str, code: str) -> None:
        assert registry.refusal(registry.proxy(written=written), registry.alice) == code

    def test_is_refused_anywhere_in_the_chain(self, registry: Registry, written: str, code: str) -> None:
        lower = registry.proxy(written=written)
        full = registry.proxy(lower)
        assert registry.refusal(registry.proxy(full), full, lower, registry.alice) == code


class TestPathLength:
    def test_binds(self, registry: Registry) -> None:
        one = registry.proxy(written=info(path_length=1))
        two = registry.proxy(one)
        three = registry.proxy(two)
        assert registry.verify(two, one, registry.alice).subject == ALICE
        assert registry.refusal(three, two, one, registry.alice) == "proxy-too-deep"

    def test_of_none_allows_none(self, registry: Registry) -> None:
        last = registry.proxy(written=info(path_length=0))
        assert registry.verify(last, registry.alice).subject == ALICE
        assert registry.refusal(registry.proxy(last), last, registry.alice) == "proxy-too-deep"


WRONG: list[tuple[Callable[[Registry], Sequence[Party]], str]] = [
    (lambda r: [r.proxy(lasts=DAY - HOUR), r.alice], "certificate-expired"),
    (lambda r: [r.proxy(starts=HOUR), r.alice], "certificate-not-yet-valid"),
    (lambda r: [r.proxy()], "certificate-foreign"),
    (lambda r: [r.proxy(Party(r.alice.certificate, r.forge.key())), r.alice], "certificate-foreign"),
    (lambda r: [r.proxy(r.forge.party(ALICE, by=r.forge.authority())), r.alice], "certificate-foreign"),
    (lambda r: [r.proxy(r.root), r.root], "certificate-invalid"),
    (
        lambda r: [
            r.forge.party("CN=1,CN=Bob,O=Forge", by=r.alice, purposes=(), extensions=[extension(info())]),
            r.alice,
        ],
        "certificate-invalid",
    ),
    (
        lambda r: [r.proxy(extensions=[(x509.BasicConstraints(True, None), True)]), r.alice],
        "certificate-foreign",
    ),
    (lambda r: [r.proxy(extensions=[extension("0500", "1.2.3")]), r.alice], "certificate-invalid"),
    (
        lambda r: [r.proxy(extensions=[(x509.ExtendedKeyUsage(NO_CLIENTS), False)]), r.alice],
        "certificate-purpose",
    ),
    (lambda r: [r.proxy(extensions=[(NO_SIGNING, True)]), r.alice], "certificate-purpose"),
    (
        lambda r: [r.proxy(key=rsa.generate_private_key(65537, 1024)), r.alice],  # noqa: S505
        "certificate-weak",
    ),
]


@pytest.mark.parametrize(("make", "code"), WRONG)
def test_refused(registry: Registry, make: Callable[[Registry], Sequence[Party]], code: str) -> None:
    assert registry.refusal(*make(registry)) == code


def test_key_that_may_not_sign_signs_no_proxy(registry: Registry) -> None:
    host = registry.forge.party("CN=Host", by=registry.root, extensions=[(NO_SIGNING, True)])
    assert registry.refusal(registry.proxy(host), host) == "certificate-invalid"


def test_server_has_no_proxies(registry: Registry) -> None:
    server = registry.forge.party("CN=Server", by=registry.root, purposes=NO_CLIENTS)
    assert registry.refusal(registry.proxy(server), server) == "certificate-purpose"


def test_certificate_of_an_end_entity_is_issued_by_no_proxy(registry: Registry) -> None:
    proxy = registry.proxy()
    mallory = registry.forge.party("CN=Mallory", by=proxy)
    assert registry.refusal(mallory, proxy, registry.alice) == "certificate-invalid"


def test_proxy_of_the_draft_is_told_so(registry: Registry) -> None:
    draft = registry.legacy(named="1", extensions=[extension(info(), "1.3.6.1.4.1.3536.1.222")])
    assert registry.refusal(draft, registry.alice) == "proxy-not-accepted"
    assert registry.refusal(draft, registry.alice, legacy_proxies=True) == "proxy-not-accepted"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505


class TestShortKeys:
    @pytest.mark.parametrize("named", ["1", "proxy"])
    def test_are_a_setting_for_proxies(self, registry: Registry, key: Key, named: str) -> None:
        proxy = registry.proxy(key=key, named=named, legacy=named == "proxy")
        chain = proxy, registry.alice
        assert registry.refusal(*chain, legacy_proxies=True) == "certificate-weak"
        assert registry.verify(*chain, legacy_proxies=True, short_proxy_keys=True).subject == ALICE

    def test_but_not_for_their_owners(self, registry: Registry, key: Key) -> None:
        registry.alice = registry.forge.party(ALICE, by=registry.root, key=key)
        assert registry.refusal(registry.alice, short_proxy_keys=True) == "certificate-weak"
        assert registry.refusal(registry.proxy(), registry.alice, short_proxy_keys=True) == "certificate-weak"


@pytest.mark.parametrize("named", ["1", "proxy"])
def test_broken_hash_is_refused(registry: Registry, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """Nothing here signs with SHA-1 any more, so another hash is declared broken."""
    monkeypatch.setattr(verifier_module, "_WEAK_HASHES", ("sha384",))
    proxy = registry.proxy(digest=hashes.SHA384(), named=named, legacy=named == "proxy")
    assert registry.refusal(proxy, registry.alice, legacy_proxies=True) == "certificate-weak"


class TestRevocation:
    def verifier(self, registry: Registry, *revoked: Party, legacy: bool = False) -> ChainVerifier:
        return ChainVerifier(
            (registry.root.certificate,),
            (registry.forge.crl(registry.root, *revoked, lasts=DAY + HOUR),),
            check_revocation=True,
            legacy_proxies=legacy,
        )

    @pytest.mark.parametrize("legacy", [False, True])
    def test_users_publish_no_lists(self, registry: Registry, legacy: bool) -> None:
        proxy = registry.legacy() if legacy else registry.proxy()
        verifier = self.verifier(registry, legacy=legacy)
        identity = verifier.verify([proxy.certificate, registry.alice.certificate], now=registry.now)
        assert (identity.subject, identity.not_after) == (ALICE, registry.now + HOUR)

    @pytest.mark.parametrize("legacy", [False, True])
    def test_who_is_revoked_has_no_proxies(self, registry: Registry, legacy: bool) -> None:
        proxy = registry.legacy() if legacy else registry.proxy()
        verifier = self.verifier(registry, registry.alice, legacy=legacy)
        with pytest.raises(CertificateRefused) as caught:
            verifier.verify([proxy.certificate, registry.alice.certificate], now=registry.now)
        assert caught.value.code == "certificate-revoked"


class TestLegacy:
    """`CN=proxy`, which OpenSSL knows nothing of: everything about them is checked here."""

    def refusal(self, registry: Registry, *chain: Party) -> str:
        return registry.refusal(*chain, legacy_proxies=True)

    @pytest.mark.parametrize("named", ["proxy", "limited proxy"])
    def test_is_off_unless_set(self, registry: Registry, named: str) -> None:
        assert registry.refusal(registry.legacy(named=named), registry.alice) == "proxy-not-accepted"

    def test_speaks_for_its_owner(self, registry: Registry) -> None:
        one = registry.legacy(lasts=DAY + HOUR)
        two = registry.legacy(one)
        identity = registry.verify(two, registry.alice, one, legacy_proxies=True)
        assert (identity.subject, identity.issuer) == (ALICE, "CN=Authority,O=Forge")
        assert identity.not_after == one.certificate.not_valid_after_utc

    def test_limited_anywhere_is_refused(self, registry: Registry) -> None:
        limited = registry.legacy(named="limited proxy")
        assert self.refusal(registry, limited, registry.alice) == "proxy-limited"
        above = registry.legacy(limited)
        assert self.refusal(registry, above, limited, registry.alice) == "proxy-limited"

    def test_user_who_is_called_proxy_is_no_proxy(self, registry: Registry) -> None:
        user = registry.forge.party("CN=proxy,O=Elsewhere", by=registry.root)
        assert registry.verify(user, legacy_proxies=True).subject == "CN=proxy,O=Elsewhere"
        assert registry.verify(user).subject == "CN=proxy,O=Elsewhere"

    @pytest.mark.parametrize(
        ("make", "code"),
        [
            (lambda r: [r.legacy(lasts=DAY - HOUR), r.alice], "certificate-expired"),
            (lambda r: [r.legacy(lasts=DAY - SECOND), r.alice], "certificate-expired"),
            (lambda r: [r.legacy(starts=HOUR), r.alice], "certificate-not-yet-valid"),
            (lambda r: [r.legacy()], "certificate-foreign"),
            (
                lambda r: [r.legacy(Party(r.alice.certificate, r.forge.key())), r.alice],
                "certificate-foreign",
            ),
            (
                lambda r: [r.legacy(), r.forge.party(ALICE, by=r.root)],  # another key of the same name
                "certificate-foreign",
            ),
            (
                lambda r: _with_owner(r, r.forge.party(ALICE, by=r.forge.authority("CN=Elsewhere"))),
                "certificate-foreign",
            ),
            (
                lambda r: _with_owner(r, r.forge.party(ALICE, by=r.root, lasts=DAY - SECOND)),
                "certificate-expired",
            ),
            (
                lambda r: _with_owner(r, r.forge.party("CN=S", by=r.root, purposes=NO_CLIENTS)),
                "certificate-purpose",
            ),
            (
                lambda r: _with_owner(r, r.forge.party(ALICE, by=r.root, extensions=[(NO_SIGNING, True)])),
                "certificate-purpose",
            ),
            (lambda r: _with_owner(r, r.root), "certificate-invalid"),
            (
                lambda r: [r.legacy(extensions=[(x509.BasicConstraints(True, None), True)]), r.alice],
                "certificate-invalid",
            ),
            (lambda r: [r.legacy(extensions=[extension("0500", "1.2.3")]), r.alice], "certificate-invalid"),
            (lambda r: [r.legacy(extensions=[(NO_SIGNING, True)]), r.alice], "certificate-purpose"),
            (
                lambda r: [r.legacy(key=rsa.generate_private_key(65537, 1024)), r.alice],  # noqa: S505
                "certificate-weak",
            ),
        ],
    )
    def test_refused(
        self, registry: Registry, make: Callable[[Registry], Sequence[Party]], code: str
    ) -> None:
        assert self.refusal(registry, *make(registry)) == code

    def test_kinds_do_not_mix(self, registry: Registry) -> None:
        old, new = registry.legacy(), registry.proxy()
        assert self.refusal(registry, registry.legacy(new), new, registry.alice) == "certificate-invalid"
        assert self.refusal(registry, registry.proxy(old), old, registry.alice) == "certificate-invalid"

    def test_proxy_that_may_sign_is_taken(self, registry: Registry) -> None:
        proxy = registry.legacy(extensions=[(SIGNING, True)])
        assert registry.verify(proxy, registry.alice, legacy_proxies=True).subject == ALICE


def _with_owner(registry: Registry, owner: Party) -> Sequence[Party]:
    return [registry.legacy(owner), owner]
