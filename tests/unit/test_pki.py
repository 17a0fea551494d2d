"""The demonstration PKI: made once, kept for good, completed after a crash, never overwritten."""

import ipaddress
import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from pathservice.pki import DEMO_USER_SUBJECT, Pki, PkiError, init_pki, issue_client

NOW = datetime(2030, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = ["ca.pem", "ca-key.pem", "server-cert.pem", "server-key.pem", "user-cert.pem", "user-key.pem"]


def make(directory: Path, *host_names: str, now: datetime = NOW) -> Pki:
    return init_pki(directory, host_names=host_names, now=now)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make(tmp_path_factory.mktemp("made") / "pki", "station.example.org", "192.0.2.7", "2001:db8::7")


@pytest.fixture
def copied(made: Pki, tmp_path: Path) -> Path:
    """A complete set that a test may spoil."""
    directory = tmp_path / "pki"
    directory.mkdir(mode=0o700)
    for name, content in contents(made.ca.parent).items():
        (directory / name).write_bytes(content)
    return directory


class TestMade:
    def test_files_and_nothing_else(self, made: Pki) -> None:
        assert sorted(contents(made.ca.parent)) == sorted(NAMES)
        assert [path.name for path in (made.ca, made.ca_key, made.server_cert)] == NAMES[:3]

    def test_keys_are_their_owners(self, made: Pki) -> None:
        def mode(path: Path) -> int:
            return stat.S_IMODE(path.stat().st_mode)

        assert mode(made.ca.parent) == 0o700
        assert {mode(path) for path in (made.ca_key, made.server_key, made.user_key)} == {0o600}

    def test_umask_does_not_matter(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            pki = make(tmp_path / "pki")
        finally:
            os.umask(before)
        assert stat.S_IMODE(pki.user_key.stat().st_mode) == 0o600

    def test_user_is_the_one_the_examples_know(self, made: Pki) -> None:
        assert load(made.user_cert).subject.rfc4514_string() == DEMO_USER_SUBJECT
        assert DEMO_USER_SUBJECT == "CN=Example User,OU=Demo,O=Path Service"

    def test_server_is_valid_for_its_names(self, made: Pki) -> None:
        names = load(made.server_cert).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["localhost", "station.example.org"]
        addresses = ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::7"]
        assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address(a) for a in addresses]

    @pytest.mark.parametrize("name", ["server", "user"])
    def test_end_entities_are_for_one_purpose(self, made: Pki, name: str) -> None:
        certificate = load(getattr(made, f"{name}_cert"))
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        expected = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "user": ExtendedKeyUsageOID.CLIENT_AUTH}
        assert list(purposes) == [expected[name]]
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    def test_strictest_verifier_we_have_is_content(self, made: Pki) -> None:
        policy = PolicyBuilder().store(Store([load(made.ca)])).time(NOW + DAY)
        policy.build_server_verifier(x509.DNSName("station.example.org")).verify(load(made.server_cert), [])

    def test_dates_come_from_the_given_instant(self, made: Pki) -> None:
        for path in (made.ca, made.server_cert, made.user_cert):
            assert timedelta(0) < NOW - load(path).not_valid_before_utc < DAY
        assert load(made.user_cert).not_valid_after_utc <= load(made.ca).not_valid_after_utc

    def test_naive_instant_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="aware"):
            make(tmp_path / "pki", now=NOW.replace(tzinfo=None))

    @pytest.mark.parametrize(
        "name", ["no spaces", "-dash.example", "ümlaut.example", "*.example", "", "a" * 300]
    )
    def test_host_name_must_be_one(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(PkiError) as caught:
            make(tmp_path / "pki", name)
        assert caught.value.code == "pki-bad-name"
        assert not (tmp_path / "pki").exists()


class TestKept:
    def test_good_files_are_used_again(self, copied: Path) -> None:
        before = contents(copied)
        make(copied, "another.example", now=NOW + DAY)
        assert contents(copied) == before

    @pytest.mark.parametrize(
        "lost", [(), ("user-cert.pem",), ("server-cert.pem", "user-cert.pem", "user-key.pem")]
    )
    def test_interrupted_set_is_completed(self, copied: Path, lost: tuple[str, ...]) -> None:
        for name in lost:
            (copied / name).unlink()
        kept = contents(copied)
        make(copied)
        assert contents(copied).items() >= kept.items()
        assert sorted(contents(copied)) == sorted(NAMES)

    def test_interrupted_before_the_authority_was_signed(self, tmp_path: Path) -> None:
        pki = make(tmp_path / "pki")
        for path in (pki.ca, pki.server_cert, pki.server_key, pki.user_cert, pki.user_key):
            path.unlink()
        key = pki.ca_key.read_bytes()
        make(tmp_path / "pki")
        assert pki.ca_key.read_bytes() == key

    def test_authority_may_take_its_key_away(self, copied: Path) -> None:
        (copied / "ca-key.pem").unlink()
        make(copied)
        assert not (copied / "ca-key.pem").exists()

    def test_ten_at_once_agree(self, tmp_path: Path) -> None:
        errors: list[BaseException] = []

        def attempt() -> None:
            try:
                make(tmp_path / "pki")
            except BaseException as error:
                errors.append(error)
                raise

        threads = [threading.Thread(target=attempt) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        make(tmp_path / "pki")


def other_key(path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    path.write_bytes(private_pem(key))


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def swap(directory: Path) -> None:
    """The user's certificate and key in the server's place."""
    for kind in ("cert", "key"):
        (directory / f"server-{kind}.pem").write_bytes((directory / f"user-{kind}.pem").read_bytes())


class TestRefused:
    @pytest.mark.parametrize(
        ("spoil", "code", "named"),
        [
            (lambda d: (d / "ca.pem").write_text("nonsense"), "pki-file-invalid", "ca.pem"),
            (lambda d: (d / "ca-key.pem").write_text(""), "pki-file-invalid", "ca-key.pem"),
            (lambda d: other_key(d / "ca-key.pem"), "pki-file-invalid", "ca-key.pem"),
            (lambda d: other_key(d / "user-key.pem"), "pki-file-invalid", "user-key.pem"),
            (lambda d: (d / "user-key.pem").unlink(), "pki-incomplete", "user-key.pem"),
            (lambda d: (d / "server-cert.pem").write_text(""), "pki-file-invalid", "server-cert.pem"),
            (
                lambda d: (d / "user-key.pem").write_bytes(
                    private_pem(rsa.generate_private_key(65537, 2048), b"secret")
                ),
                "pki-file-invalid",
                "user-key.pem",
            ),
            (
                lambda d: (d / "user-key.pem").write_bytes(
                    private_pem(ec.generate_private_key(ec.SECP256R1()))
                ),
                "pki-file-invalid",
                "user-key.pem",
            ),
            (swap, "pki-file-invalid", "server-cert.pem"),
            (
                lambda d: ((d / "user-cert.pem").unlink(), (d / "ca-key.pem").unlink()),
                "pki-incomplete",
                "ca-key.pem",
            ),
            (
                lambda d: ((d / "user-cert.pem").unlink(), (d / "user-cert.pem").mkdir()),
                "pki-file-unreadable",
                "user-cert.pem",
            ),
        ],
    )
    def test_what_cannot_be_used_is_named_and_kept(
        self, copied: Path, spoil: Callable[[Path], object], code: str, named: str
    ) -> None:
        spoil(copied)
        names = sorted(path.name for path in copied.iterdir())
        with pytest.raises(PkiError, match=named) as caught:
            make(copied)
        assert (caught.value.code, caught.value.path) == (code, copied / named)
        assert sorted(path.name for path in copied.iterdir()) == names

    def test_another_authoritys_certificate(self, copied: Path, tmp_path: Path) -> None:
        other = make(tmp_path / "other")
        (copied / "user-cert.pem").write_bytes(other.user_cert.read_bytes())
        (copied / "user-key.pem").write_bytes(other.user_key.read_bytes())
        with pytest.raises(PkiError, match=r"user-cert\.pem: was not issued by ca\.pem"):
            make(copied)

    def test_expired(self, copied: Path) -> None:
        with pytest.raises(PkiError, match=r"server-cert\.pem: expired at 2032.*move it") as caught:
            make(copied, now=NOW + 1000 * DAY)
        assert caught.value.code == "pki-expired"

    def test_directory_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "pki").write_text("")
        with pytest.raises(PkiError, match="no usable directory"):
            make(tmp_path / "pki")


class TestIssueClient:
    def test_certificate_is_for_the_asked_subject(self, copied: Path) -> None:
        alice = issue_client(copied, "CN=Alice,O=Elsewhere", name="alice", now=NOW, lifetime=DAY)
        certificate = load(alice.cert)
        assert certificate.subject.rfc4514_string() == "CN=Alice,O=Elsewhere"
        assert certificate.not_valid_after_utc == (NOW + DAY).replace(microsecond=0)
        certificate.verify_directly_issued_by(load(copied / "ca.pem"))
        assert stat.S_IMODE(alice.key.stat().st_mode) == 0o600

    def test_asked_again_it_is_the_same(self, copied: Path) -> None:
        subject = x509.Name.from_rfc4514_string("CN=Alice")
        one = issue_client(copied, subject, name="alice", now=NOW)
        before = contents(copied)
        assert issue_client(copied, subject, name="alice", now=NOW) == one
        assert contents(copied) == before

    def test_somebody_elses_name_is_taken(self, copied: Path) -> None:
        issue_client(copied, "CN=Alice", name="alice", now=NOW)
        with pytest.raises(PkiError, match="is CN=Alice's"):
            issue_client(copied, "CN=Bob", name="alice", now=NOW)

    @pytest.mark.parametrize(
        "name", ["", "ca", "server", "user", "../alice", "a/b", ".hidden", "a" * 65, "ü"]
    )
    def test_name_must_be_a_plain_one(self, copied: Path, name: str) -> None:
        with pytest.raises(PkiError) as caught:
            issue_client(copied, "CN=Alice", name=name, now=NOW)
        assert caught.value.code == "pki-bad-name"

    def test_subject_must_be_one(self, copied: Path) -> None:
        with pytest.raises(PkiError, match="distinguished name"):
            issue_client(copied, "Alice", name="alice", now=NOW)

    def test_without_an_authority(self, tmp_path: Path) -> None:
        with pytest.raises(PkiError, match="no usable directory"):
            issue_client(tmp_path / "nowhere", "CN=Alice", name="alice", now=NOW)
        with pytest.raises(PkiError, match="no authority here"):
            issue_client(tmp_path, "CN=Alice", name="alice", now=NOW)
