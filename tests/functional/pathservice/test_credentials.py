"""Proxies, revocation and reloading as an operator and a user meet them: at the running service."""

import os
import signal
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from OpenSSL.crypto import X509

from lambdastation.ost2.arguments import read_arguments
from lambdastation.ost2.command import open_ticket
from lambdastation.ost2.settings import read_settings
from lambdastation.ost2.station import Station, _context
from lambdastation.ost2.trouble import Trouble
from pathservice.pki import DEMO_USER_SUBJECT, init_pki
from tests.grid import grid_proxy_init
from tests.revocation import write_list

ROOT = Path(__file__).parents[3]
WORDS = ["--dstSite", "Caltech", "--srcClient", "CMS-SRM", "--travelTime", "600"]


def proxy_of_demo_user(pki: Path, out: Path, *options: str) -> Path:
    return grid_proxy_init(
        out, *options, cert=pki / "user-cert.pem", key=pki / "user-key.pem", authorities=pki
    )


def environment(serving: Any, **more: Path) -> dict[str, str]:
    """Where ost2 finds the station; a user's proxy comes besides."""
    place = {
        "LAMBDASTATION_URL": f"{serving.url}/lambdastation",
        "LAMBDASTATION_CA": str(pki_of(serving) / "ca.pem"),
    }
    return {**place, **{name: str(value) for name, value in more.items()}}


def pki_of(serving: Any) -> Path:
    return Path(serving.state) / "pki"


def test_proxys_ticket_is_its_owners(serve: Any, tmp_path: Path) -> None:
    """A proxy of a proxy: the station can only find the owner in a chain that was sent whole."""
    serving = serve()
    pki = pki_of(serving)
    one = proxy_of_demo_user(pki, tmp_path / "one", "-rfc")
    two = grid_proxy_init(tmp_path / "two", "-rfc", cert=one, key=one, authorities=pki)
    authorities = hashed_directory(pki / "ca.pem", tmp_path / "authorities")
    told = environment(serving, X509_USER_PROXY=two, LAMBDASTATION_CA=authorities)
    done = subprocess.run(
        (sys.executable, "-m", "lambdastation.ost2", *WORDS),
        env={**os.environ, "PYTHONPATH": str(ROOT), **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("OK:new:1,0,")
    assert done.stderr == ""
    assert serving.client().getTicket(1).credentialSubject == DEMO_USER_SUBJECT

    limited = proxy_of_demo_user(pki, tmp_path / "limited", "-rfc", "-limited")
    with pytest.raises(Trouble) as trouble:
        open_ticket(read_arguments(WORDS), environment(serving, LAMBDASTATION_CERT=limited))
    assert trouble.value.code == "proxy-limited"


def hashed_directory(ca: Path, directory: Path) -> Path:
    """A directory in which OpenSSL finds the authority by its name's hash."""
    directory.mkdir()
    authority = X509.from_cryptography(x509.load_pem_x509_certificate(ca.read_bytes()))
    (directory / f"{authority.subject_name_hash():08x}.0").symlink_to(ca)
    return directory


def test_settings_and_reload_reach_who_is_connected(serve: Any, wait: Any, cli: Any, tmp_path: Path) -> None:
    state, lists = tmp_path / "state", tmp_path / "lists"
    pki = state / "pki"
    lists.mkdir()
    cli("pki", "init", state=state)
    write_list(pki, lists / "5168735f.r0")
    (state / "settings.yaml").write_text(f"crl: {lists}\nlegacy_proxies: true\n")
    serving = serve(state)
    url = f"{serving.url}/lambdastation?wsdl"

    old = proxy_of_demo_user(pki, tmp_path / "old", "-old")
    opened = open_ticket(read_arguments(WORDS), environment(serving, LAMBDASTATION_CERT=old))
    assert (opened.local_id, opened.mode) == (1, "new")

    session = serving.session()
    assert session.get(url, timeout=60).status_code == 200
    write_list(pki, lists / "5168735f.r0", pki / "user-cert.pem")
    assert session.get(url, timeout=60).status_code == 200
    serving.process.send_signal(signal.SIGHUP)
    wait(lambda: session.get(url, timeout=60).status_code == 403, "the revoked to be refused")
    assert session.get(url, timeout=60).json()["code"] == "certificate-revoked"

    write_list(pki, lists / "5168735f.r0")
    (pki / "server-key.pem").chmod(0o644)
    serving.process.send_signal(signal.SIGHUP)
    wait(lambda: "chmod 600" in serving.log.read_text(), "the refusal to be logged")
    assert session.get(url, timeout=60).json()["code"] == "certificate-revoked", "the old lists stay"
    (pki / "server-key.pem").chmod(0o600)
    serving.process.send_signal(signal.SIGHUP)
    wait(lambda: session.get(url, timeout=60).status_code == 200, "the new list to be read")
    assert serving.stop() == 0


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_ost2_uses_no_key_that_others_can_read(tmp_path: Path, mode: int) -> None:
    pki = init_pki(tmp_path / "pki", host_names=[], now=datetime.now(UTC))
    pki.user_key.chmod(mode)
    with pytest.raises(
        Trouble, match=f"{pki.user_key} can be read by others .*{mode:04o}.*chmod 600"
    ) as trouble:
        Station(settings(pki.ca, pki.user_cert, pki.user_key))
    assert trouble.value.code == "settings"


def test_ost2_asks_no_more_of_certificates_than_openssl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.13's own context does, and refuses what grids issue; here every Python is like that."""
    make = ssl.create_default_context

    def strict(**options: Any) -> ssl.SSLContext:
        context = make(**options)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    pki = init_pki(tmp_path / "pki", host_names=[], now=datetime.now(UTC))
    context = _context(settings(pki.ca, pki.user_cert, pki.user_key))
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def settings(ca: Path, cert: Path, key: Path) -> Any:
    names = {"CA": ca, "CERT": cert, "KEY": key}
    given = {f"LAMBDASTATION_{name}": str(value) for name, value in names.items()}
    return read_settings({"LAMBDASTATION_URL": "https://localhost:8443/", **given})
