"""How log lines look and where they go: structured, one a line, the ticket's id on each that has one.

The audit trail is a file of its own in the state directory: one JSON object a request, denied ones too,
appended and flushed; a log rotator may move it away at any time.
"""

import contextlib
import json
import logging
import logging.handlers
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import structlog

AUDIT_FILE = "audit.log"


def configure_logs(level: str, *, stream: TextIO | None = None) -> None:
    """Send all log lines, the libraries' too, to `stream` (standard error): JSON, or text on a terminal."""
    out = stream or sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # A traceback is plain wherever it goes: a pretty one would show the variables, request bodies among them.
    if out.isatty():
        renderers: list[Any] = [
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        ]
    else:
        renderers = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=True)]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=_NamedLoggers(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *renderers,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # What these say at our level is about themselves, or repeats lines for devices, secrets among them.
    for name in ("alembic", "apscheduler", "asyncssh", "netmiko", "spyne", "cheroot"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # What goes wrong there is raised as well; a session that we close ourselves it calls an error.
    for name in ("ncclient", "paramiko"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # Says, at WARNING, that the next tick waited for the last: the design, not a fault.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)


class _NamedLoggers:
    """Gives each structlog logger the standard library's logger of its first argument."""

    def __call__(self, *names: str) -> logging.Logger:
        return logging.getLogger(names[0] if names else "pathservice")


class _AuditFile(logging.handlers.WatchedFileHandler):
    """Opened anew when it was rotated away; what cannot be written is one line of the log."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            # It could not be opened anew.
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        reason = sys.exc_info()[1]
        log = structlog.get_logger("audit")
        log.error("audit line not written", line=record.getMessage(), error=str(reason))
        # Or what did not go out stays in the buffer, and fails each later line and the end of the process.
        if self.stream is not None:
            with contextlib.suppress(OSError):
                self.stream.close()
            self.stream = None


class AuditTrail:
    """Appends one JSON object a line. Any number of threads and processes may write to one file.

    A line that cannot be written, the disk being full, is in the log; the request goes on.

    Records name alike what they have in common: `at`, `request_id`, `peer` (an address, or `local`),
    `subject` (a verified one; absent where there is none), `outcome` (ok, denied, refused or failed), `code`
    of what went wrong, `operation`, or `path` where a request did not come to one.
    """

    def __init__(self, path: Path) -> None:
        self._handler = _AuditFile(path, encoding="utf-8", delay=False)
        path.chmod(0o600)
        self._handler.setFormatter(logging.Formatter("%(message)s"))
        self._lock = threading.Lock()

    def write(self, record: Any) -> None:
        """Write a record: a dataclass or a mapping; times as ISO 8601, absent and empty values left out."""
        fields: Mapping[str, Any] = (
            asdict(record) if is_dataclass(record) and not isinstance(record, type) else record
        )
        line = json.dumps(
            {key: _plain(value) for key, value in fields.items() if value not in (None, "")}, sort_keys=True
        )
        with self._lock:
            self._handler.emit(logging.LogRecord("audit", logging.INFO, "", 0, line, None, None))

    def close(self) -> None:
        """Close the file."""
        self._handler.close()


Audit = Callable[[Any], None]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool, list, tuple)) else str(value)
