"""Commands that need no running service: what they print, what they refuse, and with which status."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
FERMILAB = (ROOT / "examples" / "fermilab.yaml").read_text(encoding="utf-8")
REAL_DEVICE = """    host: border.example.org
    username: ls
    password: env:BORDER
    host_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFl0u2k2g9yPZ4Vd0b3dVw0g6Nnq0vF3y8s6m0oJ9q3x
"""


def refused(done: Any, *words: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


def test_db_upgrade_makes_the_tables_once_and_check_agrees(cli: Any, tmp_path: Path) -> None:
    assert "from revision none to" in cli("db", "upgrade", state=tmp_path / "state").stdout
    assert "already" in cli("db", "upgrade", state=tmp_path / "state").stdout
    assert "tables agree with the code" in cli("db", "check", state=tmp_path / "state").stdout


def test_a_database_without_tables_is_named_with_what_to_do(cli: Any, tmp_path: Path) -> None:
    done = cli("ticket", "list", state=tmp_path, check=False)
    refused(done, "schema-mismatch", "pathservice db upgrade")


def test_a_state_directory_must_be_named(cli: Any) -> None:
    refused(cli("ticket", "list", check=False, apart=True), "bad-setting", "--state DIR")


def test_a_database_that_is_away_is_a_sentence(cli: Any, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/missing/pathservice.db"
    done = cli("db", "check", "--database", url, state=tmp_path, check=False)
    refused(done, "store-unavailable", "missing/pathservice.db", "unable to open")


def test_pki_init_keeps_what_is_there(cli: Any, tmp_path: Path) -> None:
    cli("pki", "init", state=tmp_path)
    before = {path: path.read_bytes() for path in (tmp_path / "pki").iterdir()}
    assert {path.name for path in before} >= {"ca.pem", "server-cert.pem", "user-cert.pem", "user-key.pem"}
    cli("pki", "init", state=tmp_path)
    assert {path: path.read_bytes() for path in (tmp_path / "pki").iterdir()} == before


def test_pki_of_experimenters_from_authority_to_credential(cli: Any, tmp_path: Path) -> None:
    assert (
        "IDN+example.net+authority+sa" in cli("pki", "slice-authority", "example.net", state=tmp_path).stdout
    )
    assert "alice-key.pem" in cli("pki", "user", "alice", "--days", "30", state=tmp_path).stdout
    done = cli("pki", "slice-credential", "one", "--user", "alice", state=tmp_path)
    assert "IDN+example.net+slice+one" in done.stdout
    assert str(tmp_path / "pki" / "one-alice.xml") in done.stdout
    cli("pki", "user-credential", "alice", "--out", str(tmp_path / "alice.xml"), state=tmp_path)
    assert "<signed-credential" in (tmp_path / "alice.xml").read_text()
    again = cli("pki", "slice-credential", "one", "--user", "alice", state=tmp_path, check=False)
    refused(again, "pki-file-unwritable", "is there already")


@pytest.mark.parametrize("name", ["fermilab.yaml", "caltech.yaml"])
def test_the_examples_are_as_they_should_be(cli: Any, name: str) -> None:
    assert "is as it should be" in cli("site", "check", str(ROOT / "examples" / name)).stdout


@pytest.mark.parametrize(
    ("wrong", "right", "words"),
    [
        ("topology: red\n", "topology: read\n", (":", "read")),
        ("capacity: 622M", "capacity: lots", ("capacity", "lots")),
        ("station: FNAL", "station: FNAL\nstaton: X", ("staton",)),
        ("platform: cisco_ios", "platform: cisco_iox", ("cisco_iox", "cisco_ios")),
        ("name: Fermilab\n", "name: [\n", ()),
    ],
)
def test_a_wrong_site_file_is_told_with_its_line(
    cli: Any, tmp_path: Path, wrong: str, right: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "fermilab-border-1.txt").write_text("hostname x\n")
    file = tmp_path / "site.yaml"
    file.write_text(FERMILAB.replace(wrong, right, 1))
    assert wrong in FERMILAB
    refused(cli("site", "check", str(file), check=False), f"{file}:", *words)


def test_a_simulated_device_needs_a_running_service(cli: Any, tmp_path: Path) -> None:
    cli("db", "upgrade", state=tmp_path)
    done = cli("devices", "plan", "fermilab-border-1", state=tmp_path, check=False)
    refused(done, "fermilab-border-1 is simulated", "pathservice serve")


def test_a_device_that_does_not_exist_is_told_with_those_that_do(cli: Any, tmp_path: Path) -> None:
    cli("db", "upgrade", state=tmp_path)
    refused(cli("devices", "plan", "border-9", state=tmp_path, check=False), "border-9", "fermilab-border-1")


def test_a_ticket_that_does_not_exist_is_a_sentence(cli: Any, tmp_path: Path) -> None:
    cli("db", "upgrade", state=tmp_path)
    for command in ("show", "history", "cancel"):
        refused(cli("ticket", command, "7", state=tmp_path, check=False), "not-found", "there is no ticket 7")
    assert json.loads(cli("ticket", "list", "--json", state=tmp_path).stdout) == []
    assert "no tickets" in cli("ticket", "list", state=tmp_path).stdout


def test_test_certificates_are_not_made_beside_a_real_device(cli: Any, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    simulated = "    simulated: fermilab-border-1.txt\n"
    assert simulated in FERMILAB
    site.write_text(FERMILAB.replace(simulated, REAL_DEVICE))
    done = cli("serve", "--state", str(tmp_path / "state"), "--site", str(site), "--port", "0", check=False)
    assert done.returncode == 1
    assert "fermilab-border-1" in done.stderr
    assert "set ca, cert and key" in done.stderr
    assert not (tmp_path / "state" / "pki").exists()


def test_a_database_refuses_to_serve_under_another_station(cli: Any, tmp_path: Path) -> None:
    cli("db", "upgrade", state=tmp_path)
    (tmp_path / "fermilab-border-1.txt").write_text("hostname x\n")
    first = tmp_path / "first.yaml"
    first.write_text(FERMILAB)
    cli("site", "apply", str(first), state=tmp_path)
    renamed = tmp_path / "site.yaml"
    renamed.write_text(FERMILAB.replace("station: FNAL", "station: FNX"))
    options = ("--state", str(tmp_path), "--site", str(renamed))
    refused(cli("serve", *options, "--port", "0", check=False), "wrong-site", "station FNAL", "FNX")
    refused(cli("ticket", "list", *options, check=False), "wrong-site")
    refused(cli("site", "diff", str(renamed), state=tmp_path, check=False), "wrong-site")
    refused(cli("site", "apply", str(renamed), state=tmp_path, check=False), "wrong-site")


def test_numbers_that_no_ticket_has_are_misuse(cli: Any, tmp_path: Path) -> None:
    cli("db", "upgrade", state=tmp_path)
    huge = "99999999999999999999"
    assert cli("ticket", "show", huge, state=tmp_path, check=False).returncode == 2
    assert cli("ticket", "list", "--limit", huge, state=tmp_path, check=False).returncode == 2


def test_misuse_is_told_with_status_2(cli: Any) -> None:
    assert cli("serve", "--prot", "1", check=False).returncode == 2
    assert cli("ticket", "show", "zero", check=False).returncode == 2
    assert cli("nonsense", check=False, apart=True).returncode == 2


def test_the_site_map_is_the_one_dcache_reads(cli: Any) -> None:
    golden = (ROOT / "tests/fixtures/lambdastation/fermilab-site-map.xml").read_text(encoding="utf-8")
    assert cli("site", "export-map").stdout == golden
    assert golden.startswith("<l-station-map>"), "its reader takes no comment before the root"


def test_a_site_without_domains_has_no_map(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "fermilab-border-1.txt").write_text("hostname x\n")
    file = tmp_path / "site.yaml"
    file.write_text(FERMILAB.replace("\ndomains: [fnal]", ""))
    refused(cli("site", "export-map", str(file), check=False), "domains: [fnal]")


def test_a_domain_of_two_sites_is_told_with_its_line(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "fermilab-border-1.txt").write_text("hostname x\n")
    file = tmp_path / "site.yaml"
    file.write_text(FERMILAB.replace("[unl.edu]", "[fnal]"))
    refused(cli("site", "check", str(file), check=False), "peers[1].domains[0]", "fnal is there already")
