"""A slice authority of one's own: made once, kept, and its credentials are accepted where it is trusted."""

import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pathservice.pki import PkiError, init_pki, issue_client
from pathservice.pki.experimenters import (
    ROOTS,
    init_slice_authority,
    issue_slice_credential,
    issue_user,
    issue_user_credential,
)
from pathservice.pki.issuer import Issuer, files_of
from tbam.credentials import Call, CredentialMismatch, Grant, Kind, TrustedRoots, authorize

NOW = datetime(2030, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
SLICE = "urn:publicid:IDN+example.net+slice+one"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the authority, a user and nothing else."""
    directory = tmp_path_factory.mktemp("made") / "pki"
    init_slice_authority(directory, "example.net", now=NOW)
    issue_user(directory, "alice", now=NOW)
    return directory


def call(made: Path, path: Path, *, slice_urn: str | None, call: Call) -> Grant:
    certificate = x509.load_pem_x509_certificate((made / "alice-cert.pem").read_bytes())
    return authorize(
        [path.read_text()],
        client=certificate.public_bytes(Encoding.DER),
        call=call,
        slice_urn=slice_urn,
        trust=TrustedRoots(made / ROOTS, accept_sha1=False),
        now=NOW + DAY / 2,
    )


def test_what_is_there_is_kept(made: Path) -> None:
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    again = init_slice_authority(made, "Example.NET", now=NOW + DAY)
    assert issue_user(made, "alice", now=NOW + DAY).cert in before
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before
    assert again.root.read_bytes() == again.files.cert.read_bytes()


def test_copy_for_the_roots_is_made_again(made: Path) -> None:
    root = made / ROOTS / "sa.pem"
    content = root.read_bytes()
    root.unlink()
    init_slice_authority(made, "example.net", now=NOW)
    assert root.read_bytes() == content


def test_keys_are_their_owners(made: Path) -> None:
    for name in ("sa-key.pem", "alice-key.pem"):
        assert stat.S_IMODE((made / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((made / ROOTS).stat().st_mode) == 0o700
    assert not [path for path in (made / ROOTS).iterdir() if b"PRIVATE" in path.read_bytes()]


def test_another_authority_does_not_take_its_place(made: Path) -> None:
    with pytest.raises(PkiError, match=r"is .*example.net\+authority\+sa's, not .*other.net"):
        init_slice_authority(made, "other.net", now=NOW)


def test_slice_credential_opens_the_slice(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.xml"
    urn = issue_slice_credential(made, "one", "alice", path=path, now=NOW, expires_at=NOW + DAY)
    assert urn == SLICE
    grant = call(made, path, slice_urn=SLICE, call=Call.SHUTDOWN)
    assert (grant.owner.name, grant.expires_at) == ("alice", (NOW + DAY).replace(microsecond=0))


def test_user_credential_opens_the_list_alone(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "alice.xml"
    issue_user_credential(made, "alice", path=path, now=NOW, expires_at=NOW + DAY)
    assert call(made, path, slice_urn=None, call=Call.LIST_RESOURCES).kind is Kind.USER
    with pytest.raises(CredentialMismatch):
        call(made, path, slice_urn=SLICE, call=Call.STATUS)


def test_short_lived_users(made: Path) -> None:
    certificate = x509.load_pem_x509_certificate(
        issue_user(made, "brief", now=NOW, lifetime=DAY / 24).cert.read_bytes()
    )
    assert certificate.not_valid_after_utc == (NOW + DAY / 24).replace(microsecond=0)


def test_credentials_are_not_overwritten(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.xml"
    path.write_text("mine")
    with pytest.raises(PkiError, match="is there already; move it away"):
        issue_slice_credential(made, "one", "alice", path=path, now=NOW, expires_at=NOW + DAY)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["", "sa", "ca", "user", "../alice", "a b", "a/b", "\u00fc", "x" * 50])
def test_users_have_names_of_files(made: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(PkiError, match="cannot name a user's files"):
        issue_user(made, name, now=NOW)
    with pytest.raises(PkiError, match="cannot name a user's files"):
        issue_user_credential(made, name, path=tmp_path / "x.xml", now=NOW, expires_at=NOW + DAY)


def test_names_that_make_no_urn(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    with pytest.raises(PkiError, match="'no spaces' cannot be the authority of a URN"):
        init_slice_authority(made, "no spaces", now=NOW)
    with pytest.raises(PkiError, match="'a b' cannot be the name of a URN"):
        issue_slice_credential(made, "a b", "alice", path=path, now=NOW, expires_at=NOW + DAY)
    assert not path.exists()


def test_who_has_no_urn_gets_no_credential(made: Path, tmp_path: Path) -> None:
    """Such are the users of `pki init`."""
    directory = tmp_path / "pki"
    shutil.copytree(made, directory)
    init_pki(directory, host_names=[], now=NOW)
    issue_client(directory, "CN=Plain", name="plain", now=NOW)
    with pytest.raises(PkiError, match="has no URN to issue a credential for"):
        issue_slice_credential(
            directory, "one", "plain", path=tmp_path / "x.xml", now=NOW, expires_at=NOW + DAY
        )


def test_nobody_is_issued_without_an_authority(tmp_path: Path) -> None:
    with pytest.raises(PkiError, match="there is no authority here"):
        issue_user(tmp_path, "alice", now=NOW)


def test_authority_whose_key_was_taken_away_signs_nothing(made: Path, tmp_path: Path) -> None:
    key = made / "sa-key.pem"
    content = key.read_bytes()
    key.unlink()
    try:
        with pytest.raises(PkiError, match=r"is gone, so one.xml cannot be signed"):
            issue_slice_credential(
                made, "one", "alice", path=tmp_path / "one.xml", now=NOW, expires_at=NOW + DAY
            )
    finally:
        key.touch(mode=0o600)
        key.write_bytes(content)


def test_what_is_anothers_under_a_users_name_is_not_taken_for_the_users(made: Path, tmp_path: Path) -> None:
    directory = tmp_path / "pki"
    shutil.copytree(made, directory)
    for kind in ("cert", "key"):
        shutil.copyfile(directory / f"alice-{kind}.pem", directory / f"bob-{kind}.pem")
        (directory / f"bob-{kind}.pem").chmod(0o600)
    with pytest.raises(
        PkiError, match=r"is .*user\+alice's, not .*user\+bob's; move it and bob-key.pem away"
    ):
        issue_user(directory, "bob", now=NOW)


def test_certificate_without_a_urn_is_no_users(made: Path, tmp_path: Path) -> None:
    directory = tmp_path / "pki"
    shutil.copytree(made, directory)
    issuer = Issuer.load(files_of(directory, "sa"), now=NOW)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bob")])
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH
    issuer.provide_end_entity(files_of(directory, "bob"), subject=subject, purpose=purpose, now=NOW)
    with pytest.raises(PkiError, match=r"has no URN among its names, not .*user\+bob"):
        issue_user(directory, "bob", now=NOW)
