"""Commands of `pathservice`, run to their end: in this process, in a fork, or as a person starts them."""

import contextlib
import io
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import structlog

from pathservice import cli, tbam_cli
from tests.processes import fork_pathservice

COMMAND = (sys.executable, "-m", "pathservice")
PATIENCE = 60.0
"""Seconds after which a condition that never comes true fails its test; nothing is asserted about time."""
PROCESSES = frozenset({"demo", "serve", "worker"})
"""Commands that take a process for their own: they handle signals, and leave threads to its end."""

Program = Literal["pathservice", "tbam"]
_MAINS = {"pathservice": cli.main, "tbam": tbam_cli.main}


def run(
    *arguments: str,
    state: Path | None = None,
    check: bool = True,
    timezone: str | None = None,
    apart: bool = False,
    program: Program = "pathservice",
) -> subprocess.CompletedProcess[str]:
    """A command of `pathservice`, or of `tbam`, run to its end by the console script's own `main`.

    `apart` starts Python for it, as a person does. That takes a second each; for the words and the effects
    of a command it is nothing but time.
    """
    environment = own_environment()
    if state is not None:
        environment["PATHSERVICE_STATE"] = str(state)
    if timezone is not None:
        environment["TZ"] = timezone
    if apart:
        done = _run_apart(arguments, environment)
    elif PROCESSES.intersection(arguments):
        done = _run_forked(arguments, environment)
    else:
        done = _run_here(program, arguments, environment)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    if check:
        assert done.returncode == 0, done.stderr
    return done


def own_environment() -> dict[str, str]:
    """The environment without what is set for a `pathservice` of whoever runs the tests."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PATHSERVICE_")}


Done = subprocess.CompletedProcess[str]


def _run_apart(arguments: tuple[str, ...], environment: dict[str, str]) -> Done:
    return subprocess.run(
        (*COMMAND, *arguments), capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False
    )


def _run_forked(arguments: tuple[str, ...], environment: dict[str, str]) -> Done:
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = fork_pathservice(*arguments, environment=environment, out=out, err=err)
        try:
            status = process.wait(PATIENCE)
        finally:
            process.kill()
        return Done(arguments, status, *(file.read_text(encoding="utf-8") for file in (out, err)))


def _run_here(program: Program, arguments: tuple[str, ...], environment: dict[str, str]) -> Done:
    printed = [io.BytesIO(), io.BytesIO()]
    out, err = (io.TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in printed)
    status: object = 0
    with (
        _process_kept(),
        patch.dict(os.environ, environment, clear=True),
        patch.object(sys, "argv", [program, *arguments]),
        patch.object(sys, "stdin", io.StringIO()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            _MAINS[program]()
        except SystemExit as end:
            status = end.code or 0
    assert isinstance(status, int), status
    return Done(arguments, status, *(stream.getvalue().decode() for stream in printed))


@contextlib.contextmanager
def _process_kept() -> Iterator[None]:
    """Puts back what `main` sets for the whole of its process."""
    root = logging.getLogger()
    handlers, level, logs = list(root.handlers), root.level, structlog.get_config()
    mask = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(mask)
        structlog.configure(**logs)
        root.handlers[:] = handlers
        root.setLevel(level)
