"""Labs that stay: up, looked at, down, and nothing is left of them, however they end."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.named import MARK, NamedLab, all_labs
from lab.network import PrivateNetwork
from lab.processes import LabError, run, wait_for
from pathservice.settings import load_settings
from tests.functional.pathservice.command_line import run as pathservice

SIMULATED = {"west": "cisco_ios", "east": "juniper_junos"}


def kernel() -> list[str]:
    """What this network has: devices, addresses, routes, rules, and everything of nftables."""
    looks = (("link",), ("address",), ("route", "show", "table", "all"), ("rule",))
    return [*(run("ip", "-brief", *look) for look in looks), run("nft", "list", "ruleset")]


def of_lab(lab: NamedLab) -> list[int]:
    """Every process of it."""
    word = f"{MARK}={(lab.folder / 'word').read_text()}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if word in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def labs(tmp_path: Path) -> Iterator[Path]:
    """A folder for labs, in a network that nobody else changes; both as they were in the end."""
    with PrivateNetwork():
        before = kernel()
        folder = tmp_path / "labs"
        try:
            yield folder
        finally:
            for lab in all_labs(folder):
                lab.down()
        assert kernel() == before
        assert not folder.exists()


def test_two_labs_at_once_and_nothing_of_them_is_outside(labs: Path) -> None:
    before = kernel()
    option = ("--folder", str(labs))
    told = pathservice(
        "lab", "up", "one", "--router", "cisco_ios", "--router", "juniper_junos", *option
    ).stdout
    pathservice("lab", "up", "two", *option)
    assert kernel() == before
    for word in ("west-1", "10.2.0.11", "west-border", "juniper_junos", "production", "9000", "site.yaml"):
        assert word in told
    one, two = all_labs(labs)
    listed = json.loads(pathservice("lab", "status", "--json", *option).stdout)
    assert [(lab["name"], lab["up"]) for lab in listed] == [("one", True), ("two", True)]
    assert [router["platform"] for router in listed[0]["routers"]] == ["cisco_ios", "juniper_junos"]
    ports = [router["port"] for lab in listed for router in lab["routers"]]
    assert len(set(ports)) == 4
    # Each has the same addresses, and reaches its own.
    for lab in (one, two):
        command, environment = lab.enter("west-2", ("ping", "-n", "-c", "1", "-W", "60", "10.2.0.12"))
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    settings = load_settings({"state": one.folder / "state"}, environment={})
    assert settings.site_file == one.folder / "site.yaml"
    assert (settings.pki / "user-cert.pem").exists()
    pathservice("lab", "silence", "two", "red", "east", *option)
    assert hears(one, "198.51.100.2")
    assert not hears(two, "198.51.100.2", within=2)
    pathservice("lab", "wake", "two", "red", "east", *option)
    assert hears(two, "198.51.100.2")
    refused = pathservice("lab", "silence", "two", "mauve", "east", *option, check=False)
    assert (refused.returncode, "has no path 'mauve'; it has blue, red, green" in refused.stderr) == (1, True)
    refused = pathservice("lab", "up", "one", *option, check=False)
    assert (refused.returncode, "there is a lab one" in refused.stderr) == (1, True)
    pathservice("lab", "down", "one", *option)
    assert [lab.name for lab in all_labs(labs)] == ["two"]
    assert two.facts() is not None


def hears(lab: NamedLab, address: str, *, within: int = 60) -> bool:
    """Whether west's router gets an answer from there, within so many seconds."""
    ping = ("ping", "-n", "-c", "1", "-w", str(within), address)
    command, environment = lab.enter("west-border", ping)
    return subprocess.run(command, env=environment, check=False, capture_output=True).returncode == 0


def test_lab_whose_keeper_was_killed_is_taken_away_with_what_ran_on_its_hosts(labs: Path) -> None:
    lab = NamedLab(labs, "one")
    lab.up(SIMULATED)
    command, environment = lab.enter("east-1", ("sleep", "600"))
    with subprocess.Popen(command, env=environment) as guest:
        wait_for("both processes", lambda: len(of_lab(lab)) == 2)
        [keeper] = set(of_lab(lab)) - {guest.pid}
        os.kill(keeper, signal.SIGKILL)
        wait_for("the lab to be down", lambda: lab.facts() is None)
        assert "left over" in pathservice("lab", "status", "--folder", str(labs)).stdout
        with pytest.raises(LabError, match="lab one is not up"):
            lab.enter("east-1", ("true",))
        lab.down()
        assert guest.wait(60) == -signal.SIGTERM


def test_lab_that_does_not_start_leaves_nothing_and_says_why(
    labs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for platforms, words in (
        ({"west": "cisco_ios", "east": "abacus"}, "no kind of router is called 'abacus'; there is cisco_ios"),
        ({}, "a lab's name is"),
    ):
        with pytest.raises(LabError, match=words):
            NamedLab(labs, "../x" if not platforms else "x").up(platforms)
    # Once it has begun: a keeper that finds no `nft`.
    monkeypatch.setattr("lab.named.search_path", lambda: "/nowhere")
    with pytest.raises(LabError, match=r"lab x did not start: .*"):
        NamedLab(labs, "x").up(SIMULATED)
    for ask in (NamedLab.down, NamedLab.facts):
        with pytest.raises(LabError, match="there is no lab x"):
            ask(NamedLab(labs, "x"))
