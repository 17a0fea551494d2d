"""ost2 against a running service, called as dCache calls it."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lambdastation.ost2 import station as station_module
from lambdastation.ost2.arguments import read_arguments
from lambdastation.ost2.command import ok_line, open_ticket
from lambdastation.ost2.trouble import Trouble

ROOT = Path(__file__).parents[3]
DCACHE = "'--srcSite Caltech --dstSite Fermilab --travelTime 600 '"
PATIENCE = 60


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console script, as an installer writes it from setup.cfg."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    (entry,) = (
        line.partition("=")[2].strip()
        for line in config["options.entry_points"]["console_scripts"].splitlines()
        if line.partition("=")[0].strip() == "ost2"
    )
    module, _, function = entry.partition(":")
    file = tmp_path_factory.mktemp("bin") / "ost2"
    lines = (
        f"#!{sys.executable}",
        "import sys",
        f"from {module} import {function}",
        f"sys.exit({function}())",
    )
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def call(script: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LAMBDASTATION_")}
    done = subprocess.run(
        (str(script), *arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.endswith("\n")
    assert done.stdout.count("\n") == 1
    assert done.returncode == (0 if done.stdout.startswith("OK:") else 1)
    return done


@pytest.fixture(scope="module")
def serving(serve_for_module: Any) -> Any:
    """A service that may have tickets already."""
    return serve_for_module()


@pytest.fixture(scope="module")
def here(serving: Any) -> dict[str, str]:
    """The environment in which ost2 finds it."""
    return environment_of(serving)


@pytest.fixture
def new(serve: Any) -> Any:
    """A service without a ticket."""
    return serve()


def environment_of(serving: Any) -> dict[str, str]:
    pki = serving.state / "pki"
    return {
        "LAMBDASTATION_URL": f"{serving.url}/lambdastation",
        "LAMBDASTATION_CA": str(pki / "ca.pem"),
        "LAMBDASTATION_CERT": str(pki / "user-cert.pem"),
        "LAMBDASTATION_KEY": str(pki / "user-key.pem"),
    }


def test_calls_in_a_row_for_one_flow_are_one_ticket(new: Any, script: Path, cli: Any) -> None:
    here = environment_of(new)
    first = call(script, here, DCACHE).stdout
    head, word, numbers = first.strip().split(":")
    local, remote, end = map(int, numbers.split(","))
    assert (head, word, local, remote) == ("OK", "new", 1, 0)
    assert end > datetime.now(UTC).timestamp()
    for _ in range(4):
        again = call(script, here, DCACHE)
        assert again.stdout.startswith(("OK:join:1,0,", "OK:extend:1,0,"))
        assert again.stderr == ""
    wanted = read_arguments([DCACHE])
    for _ in range(195):
        line = ok_line(open_ticket(wanted, here))
        assert line.startswith(("OK:join:1,0,", "OK:extend:1,0,"))
    assert len(cli("ticket", "list", state=new.state).stdout.splitlines()) == 2


def test_ordinary_arguments_wait_for_the_path_and_a_file_says_where_the_station_is(
    new: Any, script: Path, tmp_path: Path
) -> None:
    conf = tmp_path / "ost2.conf"
    settings = environment_of(new)
    keys = {name.removeprefix("LAMBDASTATION_").lower(): value for name, value in settings.items()}
    conf.write_text("".join(f"{key} = {value}\n" for key, value in keys.items()), encoding="utf-8")
    words = ("--dstSite", "Caltech", "--srcClient", "CMS-Tier1", "--travelTime", "600")
    done = call(script, {"LAMBDASTATION_CONFIG": str(conf)}, *words, "--statusWait", "50", "--verbose")
    assert done.stdout.startswith("OK:new:1,0,")
    assert "ticket 1 is active" in done.stderr


HOSTILE: list[tuple[list[str], str]] = [
    (["'--srcSite Caltech --dstSite Atlantis --travelTime 600 '"], "unknown-site"),
    (["--dstSite", "Caltech"], "field-missing"),
    (["--dstSite", "Caltech", "--travelTime", "600", "--srcIP", "8.8.8.8/32"], "outside-client"),
    (["--dstSite", "<x>&amp;]]>", "--travelTime", "600"], "unknown-site"),
    (["--dstSite", "Caltech\nOK:new:1,0,1"], "usage"),
    (["--dstSite", "OK:new:1,0,1", "--travelTime", "1"], "unknown-site"),
    (["--dstSite", "ü" * 64, "--travelTime", "1"], "unknown-site"),
    (["--dstSite", "x" * 65, "--travelTime", "1"], "schema-invalid"),
    (["--travelTime", "$(id)"], "usage"),
    (["--help"], "usage"),
]


def test_what_cannot_be_is_one_line(here: dict[str, str], script: Path) -> None:
    for arguments, what in HOSTILE:
        done = call(script, here, *arguments)
        assert done.stdout.startswith(f"ERROR:{what}:"), arguments
        assert done.stdout.isascii()


def test_a_station_that_cannot_be_asked_is_one_line(
    serving: Any, here: dict[str, str], script: Path, cli: Any, tmp_path: Path
) -> None:
    cli("pki", "init", state=tmp_path / "other")
    foreign = tmp_path / "other" / "pki"
    missing = str(tmp_path / "missing.pem")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"https://localhost:{taken.getsockname()[1]}/"
        for change, what in (
            ({"LAMBDASTATION_URL": nobody}, "unreachable"),
            ({"LAMBDASTATION_URL": f"{serving.url}/elsewhere"}, "not-found"),
            ({"LAMBDASTATION_CA": str(foreign / "ca.pem")}, "tls"),
            ({"LAMBDASTATION_KEY": missing}, "settings"),
            ({"LAMBDASTATION_KEY": here["LAMBDASTATION_CA"]}, "settings"),
        ):
            assert call(script, {**here, **change}, DCACHE).stdout.startswith(f"ERROR:{what}:"), change


@pytest.fixture
def silent(here: dict[str, str]) -> Iterator[dict[str, str]]:
    """A station that takes connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield {**here, "LAMBDASTATION_URL": f"https://localhost:{listening.getsockname()[1]}/"}


def test_a_silent_station_is_not_waited_for_for_ever(
    silent: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(station_module, "TIMEOUT_SECONDS", 0.1)
    with pytest.raises(Trouble) as trouble:
        open_ticket(read_arguments([DCACHE]), silent)
    assert trouble.value.code == "timeout"


def test_nothing_at_all_is_waited_for_for_ever(silent: dict[str, str], script: Path, tmp_path: Path) -> None:
    hasty = tmp_path / "hasty"
    text = script.read_text(encoding="utf-8").replace(
        "sys.exit",
        "import lambdastation.ost2.command as command\ncommand.LATEST_ANSWER_SECONDS = 0.1\nsys.exit",
    )
    hasty.write_text(text, encoding="utf-8")
    hasty.chmod(0o700)
    assert call(hasty, silent, DCACHE).stdout == "ERROR:timeout:no answer within 0.1 seconds\n"


def test_a_caller_that_reads_nothing_is_no_trouble(here: dict[str, str], script: Path) -> None:
    with subprocess.Popen(
        (str(script), DCACHE),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), **here},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
