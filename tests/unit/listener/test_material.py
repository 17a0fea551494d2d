"""Files behind TLS: each thing that can be wrong with one is said with its setting and its path."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from pathservice.listener.errors import CertificateRefused, TlsFileError
from pathservice.listener.material import load_material, stamp_of
from pathservice.listener.model import TlsSettings
from tests.unit.listener.conftest import Forge, Key, Party

DAY = timedelta(days=1)
PEM = serialization.Encoding.PEM


def write_key(path: Path, key: Key | ed25519.Ed25519PrivateKey, password: bytes | None = None) -> None:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    path.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, encryption))
    path.chmod(0o600)


def write_certificate(path: Path, party: Party) -> None:
    path.write_bytes(party.certificate.public_bytes(PEM))


def not_an_authority(files: "Files") -> Party:
    return files.forge.authority(constraints=x509.BasicConstraints(ca=False, path_length=None))


class Files:
    """A good set of files, for tests to spoil."""

    def __init__(self, forge: Forge, directory: Path) -> None:
        self.forge = forge
        self.root = forge.authority()
        self.directory = directory
        self.settings = TlsSettings(directory / "ca.pem", directory / "cert.pem", directory / "key.pem")
        write_certificate(self.settings.ca, self.root)
        self.use(self.server())

    def server(self, **changes: object) -> Party:
        given = {"by": self.root, "purposes": (ExtendedKeyUsageOID.SERVER_AUTH,), **changes}
        return self.forge.party("CN=server", **given)  # type: ignore[arg-type]

    def use(self, server: Party) -> None:
        write_certificate(self.settings.cert, server)
        write_key(self.settings.key, server.key)


@pytest.fixture
def files(forge: Forge, tmp_path: Path) -> Files:
    return Files(forge, tmp_path)


def test_good_files(files: Files) -> None:
    material = load_material(files.settings, now=files.forge.now)
    assert material.verifier.anchors == (files.root.certificate,)
    assert not material.verifier.check_revocation


def test_each_load_makes_a_context_of_its_own(files: Files) -> None:
    one, two = (load_material(files.settings, now=files.forge.now) for _ in range(2))
    assert one.context is not two.context
    assert one != two


def test_chain_goes_with_the_certificate(files: Files) -> None:
    below = files.forge.authority("CN=Below", by=files.root)
    files.use(files.server(by=below))
    with files.settings.cert.open("ab") as stream:
        stream.write(below.certificate.public_bytes(PEM))
    load_material(files.settings, now=files.forge.now)


SPOILT: list[tuple[str, Callable[[Files], object], str]] = [
    ("ca", lambda files: files.settings.ca.unlink(), "No such file"),
    ("ca", lambda files: files.settings.ca.write_text(""), "no certificate"),
    ("ca", lambda files: write_certificate(files.settings.ca, not_an_authority(files)), "not an authority"),
    ("cert", lambda files: files.settings.cert.unlink(), "No such file"),
    ("cert", lambda files: files.settings.cert.write_text("nonsense"), "no certificate"),
    ("cert", lambda files: files.use(files.server(lasts=DAY / 2)), "expired at 2030"),
    ("cert", lambda files: files.use(files.server(starts=files.forge.now + DAY)), "not valid before 2030"),
    (
        "cert",
        lambda files: files.use(files.server(purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))),
        "not for TLS servers",
    ),
    ("key", lambda files: files.settings.key.unlink(), "No such file"),
    ("key", lambda files: files.settings.key.write_text("nonsense"), "no private key"),
    ("key", lambda files: files.settings.key.chmod(0o640), r"others than its owner \(mode 0640\)"),
    ("key", lambda files: files.settings.key.chmod(0o604), "chmod 600"),
    ("key", lambda files: write_key(files.settings.key, files.forge.key()), "does not belong to"),
    ("key", lambda files: write_key(files.settings.key, files.forge.key(), b"secret"), "encrypted"),
    ("key", lambda files: write_key(files.settings.key, ed25519.Ed25519PrivateKey.generate()), "neither"),
]


@pytest.mark.parametrize(("field", "spoil", "problem"), SPOILT)
def test_spoilt_file_is_named(
    files: Files, field: str, spoil: Callable[[Files], object], problem: str
) -> None:
    spoil(files)
    with pytest.raises(TlsFileError, match=problem) as caught:
        load_material(files.settings, now=files.forge.now)
    path = getattr(files.settings, field)
    assert (caught.value.field, caught.value.path) == (field, path)
    assert str(caught.value).startswith(f"tls.{field}: {path}: ")


class TestRevocationLists:
    def settings(self, files: Files, crl: Path) -> TlsSettings:
        return TlsSettings(files.settings.ca, files.settings.cert, files.settings.key, crl)

    def write(self, path: Path, crl: x509.CertificateRevocationList) -> None:
        path.write_bytes(crl.public_bytes(PEM))

    def test_file(self, files: Files, tmp_path: Path) -> None:
        self.write(tmp_path / "ca.crl", files.forge.crl(files.root))
        material = load_material(self.settings(files, tmp_path / "ca.crl"), now=files.forge.now)
        assert len(material.verifier.crls) == 1
        assert material.verifier.check_revocation

    def test_directory_holds_other_things_too(self, files: Files, tmp_path: Path) -> None:
        directory = tmp_path / "crls"
        (directory / "sub").mkdir(parents=True)
        (directory / "README").write_text("not a list")
        self.write(directory / "a.r0", files.forge.crl(files.root))
        self.write(directory / "b.pem", files.forge.crl(files.forge.authority("CN=Other")))
        material = load_material(self.settings(files, directory), now=files.forge.now)
        assert len(material.verifier.crls) == 2

    def test_empty_directory_is_not_no_revocation(self, files: Files, tmp_path: Path) -> None:
        (tmp_path / "crls").mkdir()
        material = load_material(self.settings(files, tmp_path / "crls"), now=files.forge.now)
        assert material.verifier.check_revocation

    @pytest.mark.parametrize(
        "content", ["nonsense", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"]
    )
    def test_bad_file(self, files: Files, tmp_path: Path, content: str) -> None:
        (tmp_path / "ca.crl").write_text(content)
        with pytest.raises(TlsFileError, match=r"tls\.crl: .*ca\.crl: holds no revocation list"):
            load_material(self.settings(files, tmp_path / "ca.crl"), now=files.forge.now)

    def test_missing_file(self, files: Files, tmp_path: Path) -> None:
        with pytest.raises(TlsFileError, match=r"tls\.crl"):
            load_material(self.settings(files, tmp_path / "missing"), now=files.forge.now)


class TestGuests:
    def with_guests(self, files: Files, *authorities: Party) -> TlsSettings:
        directory = files.directory / "trusted-roots"
        directory.mkdir()
        for number, authority in enumerate(authorities):
            write_certificate(directory / f"{number}.pem", authority)
        return replace(files.settings, guests=directory)

    def test_an_authority_below_anothers_is_enough(self, files: Files) -> None:
        below = files.forge.authority("CN=Below", by=files.forge.authority("CN=Above"))
        alice = files.forge.party(by=below)
        loaded = load_material(self.with_guests(files, below), now=files.forge.now)
        assert loaded.guests is not None
        assert loaded.guests.verify([alice.certificate], now=files.forge.now).subject.startswith("CN=Alice")
        with pytest.raises(CertificateRefused):
            loaded.verifier.verify([alice.certificate], now=files.forge.now)

    def test_no_directory_or_an_empty_one_is_nobody(self, files: Files) -> None:
        settings = replace(files.settings, guests=files.directory / "missing")
        assert load_material(settings, now=files.forge.now).guests is None
        assert load_material(self.with_guests(files), now=files.forge.now).guests is None

    def test_what_is_no_authority_is_left_out(self, files: Files) -> None:
        theirs = files.forge.authority("CN=Theirs")
        loaded = load_material(self.with_guests(files, not_an_authority(files), theirs), now=files.forge.now)
        assert loaded.guests is not None
        assert loaded.guests.anchors == (theirs.certificate,)

    def test_each_change_is_seen(self, files: Files) -> None:
        settings = replace(files.settings, guests=files.directory / "trusted-roots")
        seen = [stamp_of(settings)]
        self.with_guests(files)
        seen.append(stamp_of(settings))
        write_certificate(files.directory / "trusted-roots" / "new.pem", files.root)
        seen.append(stamp_of(settings))
        assert len(set(seen)) == 3
