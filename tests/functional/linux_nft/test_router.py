"""A real router: packets on its links, its counters, its login, and the one program that may be run there."""

import dataclasses
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from netconfig.drivers.linux_nft import HELPER, LinuxNft
from netconfig.errors import StateUnknown, Unreachable
from netconfig.inventory import Device
from netconfig.simulator import Packet
from tests.contract.drivers.bench import OWNERSHIP, place, reconcile, unwanted, wanted
from tests.contract.drivers.cisco_ios_bench import FROM_BULK, TO_BULK, TO_SIX
from tests.contract.drivers.linux_nft_bench import TICKETS, LinuxBench, LinuxRig
from tests.contract.drivers.linux_nft_router import PASSWORD
from tests.contract.drivers.linux_nft_scripts import DEFAULTS

OTHER_PORT = dataclasses.replace(TO_BULK, destination_port=6001)
OTHER_MARKING = dataclasses.replace(TO_BULK, dscp=0)


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[LinuxRig]:
    monkeypatch.setenv("BENCH_PASSWORD", PASSWORD)
    with LinuxBench().start() as started:
        yield started


def test_a_flow_goes_to_the_other_next_hop_and_its_neighbours_stay(rig: LinuxRig) -> None:
    driver = rig.at_once()

    def ways(*packets: Packet) -> list[str | None]:
        return [rig.router.next_hop("eth0", packet) for packet in packets]

    assert ways(TO_BULK, TO_SIX, OTHER_PORT) == [DEFAULTS[0], DEFAULTS[1], DEFAULTS[0]]
    done = reconcile(driver, [TICKETS[0].part, TICKETS[1].part])
    assert ways(TO_BULK, TO_SIX) == ["192.0.2.1", "2001:db8:1::2"]
    assert ways(OTHER_PORT, OTHER_MARKING) == [DEFAULTS[0]] * 2
    assert rig.router.next_hop("eth1", TO_BULK) == DEFAULTS[0]
    reconcile(driver, unwanted(done.parts))
    assert ways(TO_BULK, TO_SIX, OTHER_PORT) == [DEFAULTS[0], DEFAULTS[1], DEFAULTS[0]]


def test_each_part_counts_what_passes_by_it(rig: LinuxRig) -> None:
    driver = LinuxNft(rig.device, OWNERSHIP)
    driver._commands = rig.at_once()._commands  # type: ignore[attr-defined]
    parts = place(driver, driver.read(), [ticket.part for ticket in TICKETS])
    assert driver.count(parts) == {}
    done = reconcile(driver, parts)
    assert {count.packets for count in driver.count(done.parts).values()} == {0}
    for _ in range(3):
        rig.router.next_hop("eth0", TO_BULK)
    rig.router.next_hop("eth0", OTHER_PORT)
    rig.router.next_hop("eth0", FROM_BULK)
    rig.router.has_counted()
    counts = driver.count(done.parts)
    # 20 octets of IP, 20 of TCP and 8 of the bench's in each.
    assert {part: (count.packets, count.octets) for part, count in counts.items()} == {
        1: (3, 144),
        3: (0, 0),
        4: (1, 48),
        5: (1, 48),
        7: (0, 0),
    }
    changed = f'LS-42-1-1 accept comment "LS 42-1-1 {OWNERSHIP.database}"'
    rig.edit(f"nft replace rule inet lambdastation_FNAL prerouting {changed}")
    reconcile(driver, done.parts)
    assert driver.count(done.parts)[1].packets == 3
    left = reconcile(driver, wanted(done.parts, but=frozenset({1})))
    assert 1 not in driver.count(left.parts)


def test_login_by_a_key_of_which_only_the_reference_is_known(rig: LinuxRig, tmp_path: Path) -> None:
    key = tmp_path / "key"
    rig.router.client.write_private_key(key)
    key.chmod(0o600)
    told = {**rig.device.model_dump(exclude={"password"}, exclude_none=True), "private_key": f"file:{key}"}
    driver = rig.over_the_wire(device=Device.model_validate(told))
    assert driver.read().text == ""
    assert rig.sessions == 1
    driver.close()
    key.write_text("no key at all")
    with pytest.raises(Unreachable, match="private_key: no SSH private key"):
        driver.read()
    key.chmod(0o644)
    with pytest.raises(Unreachable, match=r"private_key: .* can be read by others"):
        driver.read()


def test_router_without_nft_is_a_named_error(rig: LinuxRig) -> None:
    driver = rig.over_the_wire()
    entrance = rig.router.folder / "entrance"
    intact = entrance.read_text()
    hidden = f"unshare --mount sh -c 'mount --bind /dev/null \"$(command -v nft)\" && exec {HELPER}'"
    entrance.write_text(intact.replace(str(HELPER), hidden))
    try:
        with pytest.raises(StateUnknown, match=r"does not tell what it has: .*nft"):
            driver.read()
    finally:
        entrance.write_text(intact)
    assert driver.read().text == ""


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "sh",
        "read; id",
        "save",
        "save ",
        "save ../etc/passwd",
        "save FNAL x",
        "nft -i",
        "ip4 x",
        "ping 192.0.2.1",
    ],
)
def test_login_runs_nothing_else(asked: str, tmp_path: Path) -> None:
    environment = {**os.environ, "SSH_ORIGINAL_COMMAND": asked, "LAMBDASTATION_KEPT": str(tmp_path / "kept")}
    ended = subprocess.run([HELPER], check=False, env=environment, capture_output=True, input=b"")
    assert ended.returncode == 64
    assert b"lambdastation-router: " in ended.stderr
    assert not list(tmp_path.iterdir())


def test_what_is_kept_is_whole_or_as_it_was(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    environment = {**os.environ, "SSH_ORIGINAL_COMMAND": "save FNAL", "LAMBDASTATION_KEPT": str(kept)}

    def save(text: bytes) -> int:
        command = [HELPER]
        return subprocess.run(
            command, check=False, env=environment, input=text, capture_output=True
        ).returncode

    assert save(b"nft add one\n# end\n") == 0
    assert (kept / "FNAL.boot").read_bytes() == b"nft add one\n# end\n"
    assert save(b"nft add two\nnft add three\n# end\n") == 0
    (file,) = kept.iterdir()
    assert (file.name, file.read_bytes()) == ("FNAL.boot", b"nft add two\nnft add three\n# end\n")
    for cut in (b"", b"nft fo", b"nft four\n", b"nft four\n# en"):
        assert save(cut) == 64
        assert [one.read_bytes() for one in kept.iterdir()] == [b"nft add two\nnft add three\n# end\n"]
    assert save(b"# end\n") == 0
    assert not list(kept.iterdir())


def test_nothing_is_done_of_what_came_in_part(rig: LinuxRig) -> None:
    for verb, whole in (
        ("ip4", b"rule add priority 20001 fwmark 0x100000/0x3ff00000 lookup 20001\n"),
        ("ip6", b"rule add priority 20001 fwmark 0x100000/0x3ff00000 lookup 20001\n"),
        ("nft", b"add table inet lambdastation_FNAL\n"),
    ):
        before = rig.text()
        # A prefix of a line may mean something else, such as another table.
        for cut in (whole, whole[:-2], whole + b"# en"):
            status, _, errors = rig.router.ask(verb, cut)
            assert (status, errors) == (64, b"lambdastation-router: what is to be done was cut short\n")
        assert rig.text() == before
        assert rig.router.ask(verb, whole + b"# end\n")[0] == 0
        assert rig.text() != before


@pytest.mark.parametrize(
    ("verb", "line"),
    [
        ("ip4", "netns exec any touch {marker}"),
        ("ip6", " vrf exec any touch {marker}"),
        ("nft", 'include "{secret}"'),
        ("nft", 'add table inet any; include "{secret}"'),
        ("save FNAL", "ip4 netns exec any touch {marker}"),
        ("save FNAL", 'nft include "{secret}"'),
        ("save FNAL", "touch {marker}"),
    ],
)
def test_no_line_runs_a_program_or_reads_a_file(verb: str, line: str, tmp_path: Path) -> None:
    marker, secret = tmp_path / "marker", tmp_path / "secret"
    secret.write_text("very-private\n")
    kept = tmp_path / "kept"
    asked = {"SSH_ORIGINAL_COMMAND": verb, "LAMBDASTATION_KEPT": str(kept)}
    text = f"{line.format(marker=marker, secret=secret)}\n# end\n".encode()
    command = ["unshare", "--net", str(HELPER)]
    ended = subprocess.run(command, check=False, env={**os.environ, **asked}, input=text, capture_output=True)
    assert ended.returncode == 64
    assert b"very-private" not in ended.stderr
    assert not marker.exists()
    assert not kept.exists()
