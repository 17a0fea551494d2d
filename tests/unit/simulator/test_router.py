"""The living router: what it remembers, what it forgets, what it writes down."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from netconfig.simulator import IosRouter, JournalEntry, forwarding
from netconfig.simulator.nvram import write_nvram
from netconfig.simulator.session import Session


def push(router: IosRouter, *lines: str) -> Session:
    """Type lines into a session of its own, from privileged exec."""
    session = router.connect("admin", lambda: None)
    for line in lines:
        session = router.react(session, line).session
    return session


def test_router_without_a_name_gets_one(make_router: Callable[..., IosRouter]) -> None:
    assert make_router("", hostname="edge-2").running_config() == "hostname edge-2\n!\nend\n"


def test_reboot_returns_to_startup_and_breaks_sessions(router: IosRouter, text: str) -> None:
    broken = []
    session = router.connect("admin", lambda: broken.append(1))
    router.apply(["hostname r2"])
    router.reboot()
    assert router.running_config() == text
    assert broken == [1]
    assert router.react(session, "show clock").drops


def test_saved_configuration_survives_a_reboot(router: IosRouter) -> None:
    push(router, "conf t", "hostname r2", "end", "wr")
    router.reboot()
    assert router.state.hostname == "r2"


def test_hand_edit_takes_all_lines_or_none(router: IosRouter, text: str) -> None:
    with pytest.raises(ValueError, match=r"^bogus: % Invalid input"):
        router.apply(["hostname r2", "bogus"])
    assert router.running_config() == text
    assert router.journal == ()


def test_journal_tells_who_configured_what(router: IosRouter, now: datetime) -> None:
    router.apply(["hostname r2"])
    push(
        router, "conf t", "interface Te1/1", "bogus", "! aside", "exit", "do show clock", "exit", "show clock"
    )
    assert router.journal == (
        JournalEntry(now, 0, "hostname r2", accepted=True, output=""),
        JournalEntry(now, 1, "interface Te1/1", accepted=True, output=""),
        JournalEntry(
            now,
            1,
            "bogus",
            accepted=False,
            output="              ^\n% Invalid input detected at '^' marker.\n\n",
        ),
        JournalEntry(now, 1, "exit", accepted=True, output=""),
    )


def test_push_counts_when_a_line_was_accepted(router: IosRouter) -> None:
    router.apply(["hostname r2"])
    push(router, "conf t", "end")
    push(router, "conf t", "bogus", "end")
    assert (router.sessions, router.pushes) == (2, 0)
    push(router, "conf t", "hostname r3", "hostname r4", "end", "conf t", "hostname r5", "end")
    assert (router.sessions, router.pushes) == (3, 2)


def test_hooks_see_every_configuration_line(router: IosRouter) -> None:
    seen: list[tuple[str, int, str, str]] = []
    router.before_line = lambda number, line: seen.append(("before", number, line, router.state.hostname))
    router.after_line = lambda number, line: seen.append(("after", number, line, router.state.hostname))
    push(router, "show clock", "conf t", "hostname r2", "end")
    assert seen == [("before", 1, "hostname r2", "border-1"), ("after", 1, "hostname r2", "r2")]


def test_state_is_a_value_that_stays(router: IosRouter) -> None:
    before = router.state
    router.apply(["no route-map SITE"])
    assert before.route_map("SITE")
    assert router.state.route_map("SITE") is None
    with pytest.raises(LookupError):
        forwarding(before, "Te7/7", None)  # type: ignore[arg-type]


def test_several_sessions_edit_one_configuration(router: IosRouter) -> None:
    one = push(router, "conf t", "ip access-list extended A")
    push(router, "conf t", "ip access-list extended A", "permit tcp any any", "end")
    router.react(one, "permit udp any any")
    known = router.state.access_list(4, "A")
    assert known
    assert [number for number, _ in known.entries] == [10, 20]


def test_router_can_come_back_with_a_configuration_somebody_kept(
    make_router: Callable[..., IosRouter], tmp_path: Path
) -> None:
    router = make_router(nvram=tmp_path / "nvram")
    kept = router.running_config()
    push(router, "conf t", "hostname r2", "end", "wr")
    router.reboot(kept)
    assert router.running_config() == router.startup_config() == kept
    assert make_router(nvram=tmp_path / "nvram").running_config() == kept


def test_nvram_outlives_the_router(make_router: Callable[..., IosRouter], tmp_path: Path) -> None:
    nvram = tmp_path / "nvram"
    router = make_router(nvram=nvram)
    assert not nvram.exists()
    push(router, "conf t", "hostname r2", "end", "wr", "conf t", "hostname r3")
    assert make_router(nvram=nvram).state.hostname == "r2"
    assert nvram.stat().st_mode & 0o777 == 0o600
    assert nvram.read_text() == router.startup_config()


def test_failed_write_leaves_the_old_nvram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvram = tmp_path / "nvram"
    write_nvram(nvram, "old")

    def fail(path: Path, target: Path) -> None:
        raise OSError("no power")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no power"):
        write_nvram(nvram, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["nvram"]
    assert nvram.read_text() == "old"
