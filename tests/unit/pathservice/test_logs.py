"""Log lines and the audit trail."""

import io
import json
import logging
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from pathservice.logs import AuditTrail, configure_logs


@dataclass(frozen=True)
class Record:
    at: datetime
    operation: str
    field: str | None = None


@pytest.fixture(autouse=True)
def _logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_log_line_is_json_with_the_fields_it_was_given() -> None:
    out = io.StringIO()
    configure_logs("info", stream=out)
    structlog.get_logger("activation", part="tick").info("reservation moved", reservation=42)
    line = json.loads(out.getvalue())
    assert line["event"] == "reservation moved"
    assert line["reservation"] == 42
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


def test_a_librarys_line_looks_like_ours() -> None:
    out = io.StringIO()
    configure_logs("info", stream=out)
    logging.getLogger("somebody").warning("took %s s", 3)
    assert json.loads(out.getvalue())["event"] == "took 3 s"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("out", [io.StringIO(), Terminal()], ids=["file", "terminal"])
def test_a_traceback_shows_no_variables(out: io.StringIO) -> None:
    configure_logs("info", stream=out)
    secret = "of the request".upper()

    def fail(body: str) -> None:
        raise ValueError(len(body))

    try:
        fail(secret)
    except ValueError:
        structlog.get_logger("door").exception("request failed")
    assert "ValueError" in out.getvalue()
    assert secret not in out.getvalue()


def test_the_level_is_kept() -> None:
    out = io.StringIO()
    configure_logs("warning", stream=out)
    structlog.get_logger("activation").info("not this")
    structlog.get_logger("activation").warning("this")
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["this"]


def test_an_audit_line_has_what_was_known_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    trail = AuditTrail(path)
    trail.write(Record(at=datetime(2026, 11, 21, 12, tzinfo=UTC), operation="openSvcTicket"))
    trail.close()
    assert json.loads(path.read_text()) == {"at": "2026-11-21T12:00:00+00:00", "operation": "openSvcTicket"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_empty_subject_is_an_absent_one(tmp_path: Path) -> None:
    trail = AuditTrail(tmp_path / "audit.log")
    trail.write({"subject": "", "code": None, "ticket_id": 0, "allowed": False})
    trail.close()
    assert json.loads((tmp_path / "audit.log").read_text()) == {"ticket_id": 0, "allowed": False}


def test_a_rotated_audit_trail_goes_on_in_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    trail = AuditTrail(path)
    trail.write({"operation": "first"})
    path.rename(tmp_path / "audit.log.1")
    trail.write({"operation": "second"})
    trail.close()
    assert json.loads(path.read_text()) == {"operation": "second"}


def test_a_line_break_in_a_value_cannot_forge_a_line(tmp_path: Path) -> None:
    trail = AuditTrail(tmp_path / "audit.log")
    trail.write({"subject": 'CN=a\n{"operation": "forged"}'})
    trail.close()
    assert len((tmp_path / "audit.log").read_text().splitlines()) == 1


def test_an_audit_line_that_finds_no_room_is_in_the_log_and_the_next_one_has_its_own(tmp_path: Path) -> None:
    out = io.StringIO()
    configure_logs("info", stream=out)
    path = tmp_path / "audit.log"
    trail = AuditTrail(path)
    # A device that is always full, and the file again, as when somebody has made room.
    path.rename(tmp_path / "before")
    path.symlink_to("/dev/full")
    trail.write({"operation": "lost"})
    path.unlink()
    path.mkdir()
    trail.write({"operation": "lost too"})
    path.rmdir()
    trail.write({"operation": "second"})
    trail.close()
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["event"], line["level"]) for line in told] == [("audit line not written", "error")] * 2
    assert [json.loads(line["line"])["operation"] for line in told] == ["lost", "lost too"]
    assert "No space left" in told[0]["error"]
    assert json.loads(path.read_text()) == {"operation": "second"}
