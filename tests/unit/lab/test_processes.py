"""What a lab lacks is all told at once, with how to get it; what stays is ended, whatever it does."""

import os
import shutil
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.processes import LabError, MissingProgram, Service, require_programs, run, wait_for
from pathservice.demo.island.island import require_island

SAYS_READY = "import json, time; print(json.dumps({'event': 'ready', 'n': 7}), flush=True); time.sleep(600)"
STAYS = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SAYS_READY


def test_what_an_island_lacks_is_named_with_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    gone = {"ovs-vswitchd", "ping"}
    monkeypatch.setattr(shutil, "which", lambda name, **_: None if name in gone else name)
    with pytest.raises(MissingProgram) as missing:
        require_island()
    assert str(missing.value) == (
        "not installed: ovs-vswitchd, ping (Debian: apt-get install iputils-ping openvswitch-switch); "
        "not root: network devices and namespaces are made"
    )


def test_nothing_is_missing_where_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    require_programs({"sh": "dash"}, root=False)


def test_command_that_fails_is_told_in_its_own_words() -> None:
    with pytest.raises(LabError, match=r"^ls /nowhere-at-all: .*No such file"):
        run("ls", "/nowhere-at-all")


def test_fact_that_never_is_ends_the_wait() -> None:
    with pytest.raises(LabError, match=r"^waited in vain for rain$"):
        wait_for("rain", lambda: None, latest=datetime.now(UTC))


def test_service_says_what_it_does_and_ends_with_its_block(tmp_path: Path) -> None:
    with Service("it", (sys.executable, "-c", SAYS_READY), tmp_path) as service:
        assert service.wait_for_line("event", "ready")["n"] == 7
        number = service.pid
        service.end(signal.SIGKILL)
        service.start()
        # What it said before it was started again does not count.
        service.wait_for_line("event", "ready")
        assert service.pid != number
        assert len(service.lines()) == 2
    assert service.pid is None


def test_service_that_has_ended_is_not_waited_for(tmp_path: Path) -> None:
    with (
        Service("it", (sys.executable, "-c", "print('no')"), tmp_path) as service,
        pytest.raises(LabError, match=r"^it has ended:\nno\n$"),
    ):
        service.wait_for_line("event", "ready")


def test_service_that_stays_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service("it", (sys.executable, "-c", STAYS), tmp_path)
    service.wait_for_line("event", "ready")
    number = service.pid
    monkeypatch.setattr("lab.processes.PATIENCE", 0.2)
    service.end()
    assert not Path(f"/proc/{number}").exists()
