"""A second opinion: what the program `xmlsec1` signed we accept, what we sign it accepts.

The files were made by openssl and xmlsec1 alone, in the shape of GENI's reference software.
"""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tbam.credentials import Call, CredentialInvalid, Grant, SignerUntrusted, TrustedRoots, authorize
from tbam.credentials.signature import SHA1_SIGNATURE, SHA256_SIGNATURE
from tests.unit.tbam.credentials.federation import NOW, alice, authority, bob, credential, good

FIXTURES = Path(__file__).parents[3] / "fixtures" / "tbam" / "credentials"
SLICE = "urn:publicid:IDN+golden.example.net:lab+slice+one"


@pytest.fixture
def golden(tmp_path: Path) -> TrustedRoots:
    (tmp_path / "root.pem").write_bytes((FIXTURES / "root.pem").read_bytes())
    return TrustedRoots(tmp_path)


def call(trust: TrustedRoots, name: str, user: str) -> Grant:
    der = x509.load_pem_x509_certificate((FIXTURES / f"{user}.pem").read_bytes()).public_bytes(Encoding.DER)
    text = (FIXTURES / name).read_text()
    return authorize([text], client=der, call=Call.ALLOCATE, slice_urn=SLICE, trust=trust, now=NOW)


@pytest.mark.parametrize(
    ("name", "user", "ends"),
    [
        ("slice-sha1.xml", "alice", datetime(2030, 7, 1, 8, 7, 21, tzinfo=UTC)),
        ("slice-sha256.xml", "alice", datetime(2030, 7, 1, 8, 7, 21, tzinfo=UTC)),
        ("delegated.xml", "bob", datetime(2030, 6, 20, tzinfo=UTC)),
    ],
)
def test_what_xmlsec1_signed_is_accepted(golden: TrustedRoots, name: str, user: str, ends: datetime) -> None:
    grant = call(golden, name, user)
    assert (str(grant.target), grant.owner.name, grant.expires_at) == (SLICE, user, ends)


@pytest.mark.parametrize("name", ["slice-sha1.xml", "delegated.xml"])
def test_sha1_on_credentials_can_be_switched_off(golden: TrustedRoots, tmp_path: Path, name: str) -> None:
    with pytest.raises(CredentialInvalid, match="SHA-1, which is not accepted here"):
        call(TrustedRoots(tmp_path, accept_sha1=False), name, "alice")


def test_sha1_on_certificates_goes_with_it(golden: TrustedRoots, tmp_path: Path) -> None:
    """The slice authority's own certificate is signed with it by the root."""
    with pytest.raises(SignerUntrusted, match=r"CN=sa,.* is signed with sha1, which is not accepted"):
        call(TrustedRoots(tmp_path, accept_sha1=False), "slice-sha256.xml", "alice")


def verify(text: str, signature: str, directory: Path) -> int:
    program = shutil.which("xmlsec1")
    assert program, "there is no xmlsec1: `tools/setup test` installs Debian's"
    (directory / "credential.xml").write_text(text)
    (directory / "root.pem").write_bytes(authority().pem)
    done = subprocess.run(
        # Its own clock must not matter to certificates of 2030.
        (program, "--verify", "--node-id", signature, "--trusted-pem", directory / "root.pem",
         "--verification-time", f"{NOW:%Y-%m-%d %H:%M:%S}", directory / "credential.xml"),
        check=False,
        capture_output=True,
        timeout=60,
    )  # fmt: skip
    return done.returncode


@pytest.mark.parametrize("algorithm", [SHA1_SIGNATURE, SHA256_SIGNATURE])
def test_what_we_sign_xmlsec1_accepts(tmp_path: Path, algorithm: str) -> None:
    text = credential(algorithm=algorithm)
    assert verify(text, "Sig_ref0", tmp_path) == 0
    assert verify(text.replace("+user+alice<", "+user+mallory<"), "Sig_ref0", tmp_path) != 0


def test_what_we_delegate_xmlsec1_accepts(tmp_path: Path) -> None:
    text = credential(signer=alice(), owner=bob(), parent=good())
    assert [verify(text, f"Sig_ref{number}", tmp_path) for number in (0, 1)] == [0, 0]
