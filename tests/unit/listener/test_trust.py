"""Authorities and revocation lists as operators and grids keep them: files, and directories of hundreds."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pathservice.listener.errors import CertificateRefused, TlsFileError
from pathservice.listener.trust import load_authorities, load_lists, stamp
from pathservice.listener.verifier import ChainVerifier
from tests.unit.listener.conftest import Forge, Party

DAY = timedelta(days=1)


class Folder:
    """A grid's directory of authorities: hashes, symbolic links, lists and what else is there."""

    def __init__(self, forge: Forge, path: Path) -> None:
        self.forge, self.path = forge, path
        path.mkdir()
        self.cern, self.doe = (forge.authority(f"CN={name} CA,O=Grid") for name in ("CERN", "DOE"))
        self.add("5168735f", self.cern)
        self.add("e72045ce", self.doe)
        for name in ("8d0ff03b", "a2e7e0b1"):  # the same, under the hashes of older OpenSSL
            (path / f"{name}.0").symlink_to(path / "5168735f.0")
            (path / f"{name}.r0").symlink_to(path / "5168735f.r0")
        (path / "5168735f.signing_policy").write_text("access_id_CA X509 '/O=Grid/CN=CERN CA'\n")
        (path / "5168735f.crl_url").write_text("http://ca.example.org/ca.crl\n")
        (path / "5168735f.info").write_bytes(b"0\x82 alias = CERN\xff\n")
        (path / "old").mkdir()

    def add(self, name: str, authority: Party, encoding: Encoding = Encoding.PEM) -> None:
        (self.path / f"{name}.0").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        self.write_list(name, self.forge.crl(authority), encoding)

    def write_list(
        self, name: str, crl: x509.CertificateRevocationList, encoding: Encoding = Encoding.PEM
    ) -> None:
        (self.path / f"{name}.r0").write_bytes(crl.public_bytes(encoding))

    def verifier(self) -> ChainVerifier:
        return ChainVerifier(load_authorities(self.path), load_lists(self.path), check_revocation=True)

    def verdict(self, *chain: Party) -> str:
        try:
            certificates = [party.certificate for party in chain]
            return self.verifier().verify(certificates, now=self.forge.now).subject
        except CertificateRefused as refused:
            return refused.code


@pytest.fixture
def folder(forge: Forge, tmp_path: Path) -> Folder:
    return Folder(forge, tmp_path / "certificates")


def test_directory_of_a_grid_holds_authorities_and_lists_each_once(folder: Folder) -> None:
    assert {authority.subject for authority in load_authorities(folder.path)} == {
        folder.cern.certificate.subject,
        folder.doe.certificate.subject,
    }
    assert len(load_authorities(folder.path)) == len(load_lists(folder.path)) == 2


def test_both_authorities_users_are_known(folder: Folder, forge: Forge) -> None:
    for authority in (folder.cern, folder.doe):
        assert folder.verdict(forge.party("CN=Alice", by=authority)) == "CN=Alice"


def test_lists_may_be_in_der(folder: Folder, forge: Forge) -> None:
    alice = forge.party("CN=Alice", by=folder.cern)
    folder.write_list("5168735f", forge.crl(folder.cern, alice), Encoding.DER)
    assert folder.verdict(alice) == "certificate-revoked"


def test_file_may_hold_several_lists(folder: Folder, tmp_path: Path) -> None:
    whole = tmp_path / "all.crl"
    whole.write_bytes(
        b"\n".join((folder.path / f"{name}.r0").read_bytes() for name in ("5168735f", "e72045ce"))
    )
    assert len(load_lists(whole)) == 2


def test_single_list_may_be_in_der(folder: Folder, forge: Forge, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(forge.crl(folder.cern).public_bytes(Encoding.DER))
    assert len(load_lists(tmp_path / "one")) == 1


class TestOneAuthoritysTrouble:
    """... is its users', not everybody's."""

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda folder: (folder.path / "5168735f.r0").unlink(),
            lambda folder: (folder.path / "5168735f.r0").write_text("-----BEGIN X509 CRL-----\nAAAA\n"),
            lambda folder: (folder.path / "5168735f.r0").write_bytes(b"0\x82\x01"),
            lambda folder: (folder.path / "5168735f.r0").write_bytes(b""),
            lambda folder: folder.write_list("5168735f", folder.forge.crl(folder.cern, lasts=DAY / 2)),
            lambda folder: folder.write_list("5168735f", folder.forge.crl(folder.doe)),
            lambda folder: folder.write_list(
                "5168735f", folder.forge.crl(folder.forge.authority("CN=CERN CA,O=Grid"))
            ),
        ],
    )
    def test_list_that_is_missing_spoilt_stale_or_forged(
        self, folder: Folder, forge: Forge, spoil: Callable[[Folder], object]
    ) -> None:
        for dangling in ("8d0ff03b.r0", "a2e7e0b1.r0"):
            assert (folder.path / dangling).is_symlink()
        spoil(folder)
        assert folder.verdict(forge.party("CN=Alice", by=folder.cern)) == "revocation-unknown"
        assert folder.verdict(forge.party("CN=Bob", by=folder.doe)) == "CN=Bob"

    @pytest.mark.parametrize(
        "content", ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "nothing"]
    )
    def test_authority_that_cannot_be_read(self, folder: Folder, forge: Forge, content: str) -> None:
        (folder.path / "5168735f.0").write_text(content)
        assert folder.verdict(forge.party("CN=Alice", by=folder.cern)) == "certificate-foreign"
        assert folder.verdict(forge.party("CN=Bob", by=folder.doe)) == "CN=Bob"

    def test_authority_with_an_extension_twice(self, folder: Folder, forge: Forge) -> None:
        one, two = b"\x06\x03\x2a\x03\x04", b"\x06\x03\x2a\x03\x05"  # the OIDs 1.2.3.4 and 1.2.3.5
        odd = forge.party(
            "CN=Odd",
            extensions=[
                (x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.2.3.{last}"), b"\x05\0"), False)
                for last in (4, 5)
            ],
        )
        der = odd.certificate.public_bytes(Encoding.DER).replace(two, one)
        twice = x509.load_der_x509_certificate(der)
        (folder.path / "00000000.0").write_bytes(twice.public_bytes(Encoding.PEM))
        assert len(load_authorities(folder.path)) == 2
        assert folder.verdict(forge.party("CN=Bob", by=folder.doe)) == "CN=Bob"

    def test_user_among_the_authorities_is_none(self, folder: Folder, forge: Forge) -> None:
        user = forge.authority("CN=User", constraints=x509.BasicConstraints(ca=False, path_length=None))
        folder.add("00000000", user)
        assert len(load_authorities(folder.path)) == 2
        assert folder.verdict(forge.party("CN=Alice", by=user)) != "CN=Alice"


def test_intermediate_without_a_list_is_unknown(folder: Folder, forge: Forge) -> None:
    below = forge.authority("CN=Below", by=folder.cern)
    alice = forge.party("CN=Alice", by=below)
    folder.add("11111111", below)
    assert folder.verdict(alice, below) == "CN=Alice"
    (folder.path / "11111111.r0").unlink()
    assert folder.verdict(alice, below) == "revocation-unknown"


def test_revoked_intermediate_takes_its_users_along(folder: Folder, forge: Forge) -> None:
    below = forge.authority("CN=Below", by=folder.cern)
    folder.add("11111111", below)
    folder.write_list("5168735f", forge.crl(folder.cern, below))
    assert folder.verdict(forge.party("CN=Alice", by=below), below) == "certificate-revoked"


def test_directory_without_authorities_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(TlsFileError, match=r"tls\.ca: .*holds no authority"):
        load_authorities(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_text("longer than before"),
        lambda file: file.unlink(),
        lambda file: (file.parent / "another.r0").write_text(""),
        lambda file: (file.parent / "new").rename(file),
        lambda file: (file.parent / "link.r0").unlink(),
        lambda file: file.chmod(0o600),
    ],
)
def test_stamp_tells_a_change(tmp_path: Path, change: Callable[[Path], object]) -> None:
    folder, alone = tmp_path / "folder", tmp_path / "alone"
    folder.mkdir()
    for file in (alone, folder / "ca.r0", folder / "new"):
        file.write_text("text")
        file.chmod(0o644)
    (folder / "link.r0").symlink_to(alone)
    (folder / "a-link-to.r0").symlink_to(folder / "nothing")
    before = stamp(folder, alone)
    assert stamp(folder, alone) == before
    change(folder / "ca.r0")
    assert stamp(folder, alone) != before


def test_stamp_of_what_is_missing_is_one_too(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    before = stamp(missing)
    assert stamp(missing) == before
    missing.write_text("here")
    assert stamp(missing) != before
