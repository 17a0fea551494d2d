"""The one program of a Linux router where not all is as usual: no IPv6, two at once, a boot that fails."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from netconfig.drivers.linux_nft import HELPER
from netconfig.errors import StateUnknown
from tests.contract.drivers.bench import reconcile, unwanted
from tests.contract.drivers.linux_nft_bench import TICKETS, LinuxBench, LinuxRig
from tests.contract.drivers.linux_nft_router import PASSWORD

IPV4 = [ticket for ticket in TICKETS if ticket.part.part_id in {1, 7}]
NO_IPV6 = """\
mount -t tmpfs none /proc
mount --bind {folder}/as-ip "$(command -v ip)"
exec {helper}
"""
"""As a kernel without it answers, and without what says that it has it."""
AS_IP = """\
#!/bin/sh
case $1 in -6) echo Operation not supported >&2; exit 2 ;; esac
exec {folder}/ip "$@"
"""


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[LinuxRig]:
    monkeypatch.setenv("BENCH_PASSWORD", PASSWORD)
    with LinuxBench().start() as started:
        yield started


def test_router_whose_kernel_has_no_ipv6_carries_ipv4(rig: LinuxRig) -> None:
    folder = rig.router.folder
    rig.router.run(f'cp "$(command -v ip)" {folder}/ip')
    (folder / "as-ip").write_text(AS_IP.format(folder=folder))
    (folder / "as-ip").chmod(0o755)
    (folder / "no-ipv6").write_text(NO_IPV6.format(folder=folder, helper=HELPER))
    original = rig.text()
    entrance = folder / "entrance"
    intact = entrance.read_text()
    entrance.write_text(intact.replace(str(HELPER), f"unshare --mount sh -eu {folder}/no-ipv6"))
    try:
        driver = rig.over_the_wire()
        done = reconcile(driver, [ticket.part for ticket in IPV4])
        assert not done.left
        assert all(ticket.is_served(rig) for ticket in IPV4)
        assert not reconcile(driver, unwanted(done.parts)).left
    finally:
        entrance.write_text(intact)
    assert rig.text() == original


def test_older_program_is_named(rig: LinuxRig) -> None:
    former = rig.router.folder / "former"
    former.write_text(
        HELPER.read_text().replace('echo "lambdastation-router 2"', 'echo "lambdastation-router 1"')
    )
    former.chmod(0o755)
    entrance = rig.router.folder / "entrance"
    intact = entrance.read_text()
    entrance.write_text(intact.replace(str(HELPER), str(former)))
    try:
        with pytest.raises(StateUnknown, match="its program lambdastation-router is an older one"):
            rig.over_the_wire().read()
    finally:
        entrance.write_text(intact)


def asked(verb: str, kept: Path) -> dict[str, str]:
    return {**os.environ, "SSH_ORIGINAL_COMMAND": verb, "LAMBDASTATION_KEPT": str(kept)}


def test_what_is_saved_by_several_at_once_is_that_of_one(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    texts = [f"nft add {letter * 70}\n".encode() * 5000 + b"# end\n" for letter in "abcdefgh"]
    saving = [subprocess.Popen([HELPER], env=asked("save FNAL", kept), stdin=subprocess.PIPE) for _ in texts]
    # All but their last word first, so that they are at it together.
    for process, text in zip(saving, texts, strict=True):
        assert process.stdin
        process.stdin.write(text[:-1])
        process.stdin.flush()
    for process in saving:
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.close()
    assert [process.wait(60) for process in saving] == [0] * len(texts)
    (file,) = kept.iterdir()
    assert file.name == "FNAL.boot"
    assert file.read_bytes() in texts


def restored(kept: Path, *lines: str) -> subprocess.CompletedProcess[bytes]:
    """What comes of a boot of an empty router with these lines kept, twice in a row."""
    kept.mkdir()
    (kept / "FNAL.boot").write_text("".join(f"{line}\n" for line in (*lines, "# end")))
    script = f'ip link set lo up; {HELPER} && echo again && {HELPER}; status=$?; ip rule; exit "$status"'
    return subprocess.run(
        ["unshare", "--net", "sh", "-c", script],  # noqa: S607 - the tests' own
        check=False,
        env=asked("restore", kept),
        capture_output=True,
        timeout=60,
    )


RULE = "priority 20001 fwmark 0x100000/0x3ff00000 lookup 20001 protocol 201"


def test_boot_with_what_was_kept_succeeds_and_does_no_harm_when_done_again(tmp_path: Path) -> None:
    lines = (f"ip4 rule add {RULE}", "nft add table inet lambdastation_FNAL")
    ended = restored(tmp_path / "kept", *lines)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(b"again\n")
    assert ended.stdout.count(b"20001:") == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ip4 route replace default via 192.0.2.1 dev eth7 table 20001 proto 201", b"eth7"),
        ("nft add rule inet lambdastation_FNAL prerouting accept", b"No such file or directory"),
        ("permit insert rule inet filter forward accept", b"permit insert rule inet filter forward accept: "),
    ],
)
def test_boot_that_could_not_do_all_of_it_says_so_and_does_the_rest(
    tmp_path: Path, line: str, words: bytes
) -> None:
    ended = restored(tmp_path / "kept", line, f"ip4 rule add {RULE}")
    assert ended.returncode == 1
    assert words in ended.stderr
    assert ended.stdout.count(b"20001:") == 1
