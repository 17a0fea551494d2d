"""Who may sign: a path up to a trusted root, strong enough, and a name that is over the target's."""

from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tbam.credentials import SignerUntrusted, TrustedRoots
from tests.unit.tbam.credentials.federation import (
    ALICE,
    AUTHORITY,
    DAY,
    NOW,
    SLICE,
    Party,
    ask,
    authority,
    certify,
    credential,
    good,
    key_of,
    slice_party,
    trusting,
)

ROOT = "urn:publicid:IDN+example.net+authority+root"


def root(**how: object) -> Party:
    return certify(ROOT, key=key_of("root", "ec"), **{"ca": True, **how})  # type: ignore[arg-type]


def signer(by: Party, *uris: str, **how: object) -> Party:
    """An authority below another."""
    return certify(*(uris or (AUTHORITY,)), by=by, **{"key": key_of("signer"), "subject": "CN=Signer", **how})  # type: ignore[arg-type]


def below(top: Party, party: Party, *others: Party) -> Party:
    """The party with others above it in what it sends."""
    return Party(party.certificate, party.key, tuple(other.certificate for other in others) or ())


def refused(trust: TrustedRoots, text: str, says: str) -> None:
    with pytest.raises(SignerUntrusted, match=says) as caught:
        ask(trust, text)
    assert caught.value.code == 23


def test_foreign_authority_of_the_same_name(trust: TrustedRoots) -> None:
    """Anybody can write a name into a certificate."""
    pretender = certify(AUTHORITY, ca=True, key=key_of("pretender"))
    refused(trust, credential(signer=pretender), "no trusted root vouches for it")


def test_nobody_is_trusted_in_an_empty_or_missing_directory(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "missing"):
        refused(TrustedRoots(directory), good(), "no trusted root vouches for it")


class TestPaths:
    def test_authority_below_a_root(self, tmp_path: Path) -> None:
        ask(trusting(tmp_path, root()), credential(signer=signer(root())))

    def test_two_below_with_all_in_any_order(self, tmp_path: Path) -> None:
        middle = certify(ROOT.replace("root", "middle"), by=root(), ca=True, key=key_of("middle", "ec"))
        party = signer(middle)
        trust = trusting(tmp_path, root())
        for above in ((middle, root()), (root(), middle), (middle,)):
            ask(trust, credential(signer=below(root(), party, *above)))
        refused(trust, credential(signer=Party(party.certificate, party.key)), "those above it in KeyInfo")

    def test_root_may_be_an_authority_below_anothers(self, tmp_path: Path) -> None:
        middle = certify(ROOT.replace("root", "middle"), by=root(), ca=True, key=key_of("middle", "ec"))
        ask(trusting(tmp_path, middle), credential(signer=signer(middle)))

    def test_signer_itself_may_be_a_root_though_no_ca(self, tmp_path: Path) -> None:
        party = signer(root())
        ask(trusting(tmp_path, party), credential(signer=party))

    @pytest.mark.parametrize("flag", [False, None])
    def test_users_issue_nobody(self, trust: TrustedRoots, flag: bool | None) -> None:
        mallory = certify(ALICE, by=authority(), ca=flag, key=key_of("mallory", "ec"))
        party = signer(mallory)
        refused(trust, credential(signer=below(authority(), party, mallory)), "is not an authority's")

    @pytest.mark.parametrize(
        ("starts", "ends", "says"),
        [
            (NOW - 9 * DAY, NOW - DAY, "has expired"),
            (NOW + DAY, NOW + 9 * DAY, "is not valid yet"),
        ],
    )
    def test_time_of_signer_and_of_root(
        self, tmp_path: Path, starts: datetime, ends: datetime, says: str
    ) -> None:
        late = signer(root(), starts=starts, ends=ends)
        refused(trusting(tmp_path, root()), credential(signer=late), says)
        old = root(starts=starts, ends=ends)
        refused(trusting(tmp_path / "old", old), credential(signer=signer(old)), says)

    def test_same_credential_at_another_time(self, trust: TrustedRoots) -> None:
        text = credential(expires=NOW + 900 * DAY)
        ask(trust, text, now=NOW + 299 * DAY)
        with pytest.raises(SignerUntrusted, match="has expired"):
            ask(trust, text, now=NOW + 301 * DAY)


class TestStrength:
    def test_short_keys(self, tmp_path: Path) -> None:
        weak = certify(AUTHORITY, ca=True, key=key_of("weak", "rsa1024"))
        refused(trusting(tmp_path, weak), credential(signer=weak), "too weak: RSA of 2048 bits")

    def test_short_curves_above(self, tmp_path: Path) -> None:
        weak = certify(ROOT, ca=True, key=ec.generate_private_key(ec.SECP224R1()))
        refused(trusting(tmp_path, weak), credential(signer=signer(weak)), "too weak")


class TestNames:
    def test_signer_has_to_be_an_authority(self, trust: TrustedRoots) -> None:
        for name in (ALICE, SLICE, AUTHORITY.replace("authority", "authorityy")):
            refused(trust, credential(signer=signer(authority(), name)), "is no authority over")

    def test_signer_without_a_urn(self, tmp_path: Path) -> None:
        anonymous = certify(ca=True, key=key_of("signer"))
        refused(
            trusting(tmp_path, anonymous), credential(signer=anonymous), "CN=nobody.* is no authority over"
        )

    def test_another_authoritys_slice(self, tmp_path: Path) -> None:
        """One of two trusted authorities says nothing about the other's slices."""
        other = certify("urn:publicid:IDN+other.org+authority+sa", ca=True, key=key_of("other"))
        refused(trusting(tmp_path, authority(), other), credential(signer=other), r"IDN\+example.net:lab\+")

    def test_authority_of_a_part_of_it(self, tmp_path: Path) -> None:
        lab = certify("urn:publicid:IDN+example.net:lab+authority+sa", ca=True, key=key_of("lab"))
        trust = trusting(tmp_path, lab)
        ask(trust, credential(signer=lab))
        wide = certify(SLICE.replace(":lab", ""), by=lab, key=key_of("slice", "ec"))
        refused(trust, credential(signer=lab, target=wide), "is no authority over")

    def test_root_vouches_for_its_own_alone(self, tmp_path: Path) -> None:
        """Else each root of a federation could make an authority of any name."""
        other = certify("urn:publicid:IDN+other.org+authority+root", ca=True, key=key_of("other"))
        refused(trusting(tmp_path, other), credential(signer=signer(other)), "cannot vouch for")

    def test_root_without_a_urn_vouches_for_all(self, tmp_path: Path) -> None:
        plain = certify(ca=True, key=key_of("plain", "ec"))
        ask(trusting(tmp_path, plain), credential(signer=signer(plain)))

    def test_two_urns(self, tmp_path: Path) -> None:
        both = signer(root(), AUTHORITY, "urn:publicid:IDN+other.org+authority+sa")
        refused(trusting(tmp_path, root()), credential(signer=both), "2 URNs; it can name one thing")


class TestDirectory:
    def test_changes_count_at_once(self, tmp_path: Path) -> None:
        trust = TrustedRoots(tmp_path)
        refused(trust, good(), "no trusted root")
        file = tmp_path / "sa.pem"
        file.write_bytes(authority().pem)
        ask(trust, good())
        file.write_bytes(root().pem)
        refused(trust, good(), "no trusted root")
        file.unlink()
        refused(trust, good(), "no trusted root")

    def test_one_file_may_hold_several(self, tmp_path: Path) -> None:
        (tmp_path / "all.pem").write_bytes(root().pem + b"\n# the slice authority\n" + authority().pem)
        ask(TrustedRoots(tmp_path), good())

    def test_what_cannot_be_used_costs_the_others_nothing(self, tmp_path: Path) -> None:
        trust = trusting(tmp_path)
        (tmp_path / "README").write_text("whose is whose")
        (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n")
        (tmp_path / "gone.pem").symlink_to(tmp_path / "nowhere")
        (tmp_path / "old").mkdir()
        ask(trust, good())


def test_slice_certificate_does_not_matter_but_for_its_name(trust: TrustedRoots) -> None:
    """Clearinghouses sign them with MD5; what says what the slice is, is the credential's signature."""
    foreign = certify(SLICE, key=key_of("slice", "ec"), ends=NOW - DAY / 2)
    assert ask(trust, credential(target=foreign)).target == ask(trust, good()).target
    assert isinstance(slice_party().certificate, x509.Certificate)
