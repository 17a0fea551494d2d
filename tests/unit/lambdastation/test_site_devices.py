"""Devices of a site file: where they are, what is refused of them, and that secrets stay out of it."""

from pathlib import Path

import pytest

from pathservice.sitefile import SiteFileError
from tests.unit.lambdastation.site_files import FERMILAB, Change, load, problems, require_told

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
CHANGES: dict[str, Change] = {
    "secret in the file": (
        "simulated: fermilab-border-1.txt",
        "password: hunter2",
        "password: hunter2",
        "devices[0].password",
        "env:NAME or file:PATH",
    ),
    "platform": (
        "platform: cisco_ios",
        "platform: acme_os",
        "platform: acme_os",
        "devices[0].platform",
        "cisco_ios",
    ),
    "host key": (
        "simulated: fermilab-border-1.txt",
        f"host: r1\n    username: ls\n    password: env:PW\n    host_key: {HOST_KEY[:-9]}",
        f"host_key: {HOST_KEY[:-9]}",
        "devices[0].host_key",
        "this ssh-ed25519 key is not whole",
    ),
    "no such file": (
        "border-1.txt",
        "border-2.txt",
        "simulated: fermilab-border-2.txt",
        "devices[0].simulated",
        "no file",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_wrong_with_a_device_is_told_with_line_and_remedy(tmp_path: Path, what: str) -> None:
    require_told(CHANGES[what], tmp_path)


def test_a_site_knows_no_more_of_a_device_than_its_name(tmp_path: Path) -> None:
    file = load(FERMILAB, tmp_path)
    assert not hasattr(file.site, "devices")
    assert "simulated" not in file.site.model_dump_json()


def test_relative_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    text = FERMILAB.replace(
        "    simulated: fermilab-border-1.txt",
        (
            "    host: 192.0.2.10\n    username: ls\n"
            f"    password: file:secrets/border\n    host_key: {HOST_KEY}"
        ),
    )
    (device,) = load(text, tmp_path).devices
    assert device.password == f"file:{tmp_path}/secrets/border"
    absolute = load(text.replace("file:secrets/border", "file:/etc/border"), tmp_path).devices[0]
    assert absolute.password == "file:/etc/border"


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    text = FERMILAB.replace("simulated: fermilab-border-1.txt", "password: hunter2")
    with pytest.raises(SiteFileError) as found:
        load(text, tmp_path)
    assert "hunter2" not in str(found.value)


def test_way_that_a_platform_cannot_go_is_told(tmp_path: Path) -> None:
    over_tls = "host: r1\n    tls: {ca: ca.pem, cert: cert.pem, key: key.pem}"
    text = FERMILAB.replace("simulated: fermilab-border-1.txt", over_tls)
    assert [(key, message) for _, key, message in problems(text, tmp_path)] == [
        ("devices[0].platform", "cisco_ios is reached by `simulated` or `ssh`, not by `tls`")
    ]
