"""`pathservice site diff | apply | versions | show`, beside services that follow without a restart."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DATABASES
from tests.functional.pathservice.test_site_versions import BORDER, FERMILAB, FIRST, SECOND, grown


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A site file of one's own, with what its simulated routers start from."""
    for name in (FIRST, SECOND):
        (tmp_path / f"{name}.txt").write_text(BORDER.replace(FIRST, name), encoding="utf-8")
    path = tmp_path / "site.yaml"
    path.write_text(FERMILAB, encoding="utf-8")
    return path


def test_two_services_on_one_server_follow_what_is_applied_and_go_on_after_a_bad_file(
    serve: Any, wait: Any, cli: Any, file: Path, tmp_path: Path
) -> None:
    url = DATABASES["postgresql"](tmp_path)
    options = ("--database", url, "--site", str(file))
    services = [serve(tmp_path / "a", *options), serve(tmp_path / "b", *options, "--no-worker")]
    # On another machine, where nobody serves.
    at = {"state": tmp_path / "c"}
    at["state"].mkdir()

    def site(*words: str, **more: Any) -> Any:
        return cli("site", *words, "--database", url, **at, **more)

    assert "which is in force" in site("diff", str(file)).stdout
    file.write_text(grown(FERMILAB), encoding="utf-8")
    differs = site("diff", str(file), check=False)
    assert differs.returncode == 3
    assert "Lab is new: prefixes [131.225.160.0/24], groups [NG-B]" in differs.stdout
    assert "steer next_hop was 192.0.2.1 and is 192.0.2.9" in differs.stdout
    assert f"{SECOND} is new: platform cisco_ios" in differs.stdout
    assert "version 2 of the site is in force now" in site("apply", str(file)).stdout
    for service in services:
        wait(lambda service=service: service.health()["site_version"] == 2, "the version to be followed")

    wrong = file.with_name("wrong.yaml")
    text = grown(FERMILAB).replace("topology: red\n    client: Lab", "topology: read\n    client: Lab")
    wrong.write_text(text, encoding="utf-8")
    refused = site("apply", str(wrong), check=False)
    line = next(n for n, text in enumerate(wrong.read_text().splitlines(), 1) if "read" in text.split())
    assert refused.returncode == 1
    assert f"{wrong}:{line}: rules[0].topology: there is no alternate topology read" in refused.stderr
    assert [service.health()["site_version"] for service in services] == [2, 2]
    # An operator elsewhere needs no site file: what is in force is read.
    assert "no tickets" in cli("ticket", "list", "--database", url, **at).stdout
    told = json.loads(site("versions", "--json").stdout)
    assert [version["number"] for version in told] == [2, 1]
    assert told[1]["applied_by"].endswith("at the first start")
    audit = [json.loads(line) for line in (tmp_path / "c" / "audit.log").read_text().splitlines()]
    applied = [
        (line["outcome"], line.get("code"), line.get("site_version"))
        for line in audit
        if line["operation"] == "site apply"
    ]
    assert applied == [("ok", None, 2), ("refused", "site-file", None)]


def test_a_version_that_was_printed_may_be_applied_again(cli: Any, file: Path, tmp_path: Path) -> None:
    cli("db", "upgrade", state=tmp_path)
    first = cli("site", "diff", str(file), state=tmp_path, check=False)
    assert (first.returncode, "this would be the first" in first.stdout) == (3, True)
    cli("site", "apply", str(file), state=tmp_path)
    file.write_text(grown(FERMILAB), encoding="utf-8")
    cli("site", "apply", str(file), state=tmp_path)
    back = file.with_name("back.yaml")
    back.write_text(cli("site", "show", "1", state=tmp_path).stdout, encoding="utf-8")
    assert "next_hop was 192.0.2.9 and is 192.0.2.1" in cli("site", "apply", str(back), state=tmp_path).stdout
    assert cli("site", "diff", str(back), state=tmp_path).returncode == 0
    missing = cli("site", "show", "7", state=tmp_path, check=False)
    assert (missing.returncode, "no version 7 of the site" in missing.stderr) == (1, True)
