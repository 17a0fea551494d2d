"""Programs that are started for a while: what is missing of them, how they end, and what they log."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

PATIENCE = 60.0
"""Seconds after which a program that does not start, answer or end is a failure."""
ENDS_WITH_US = ("setpriv", "--pdeathsig", "TERM")
"""Before a command: it is ended when the thread that started it ends, however that comes about."""

Result = TypeVar("Result")


class LabError(Exception):
    """Something of the lab does not do what it has to; the message says what."""

    code = "lab"


class MissingProgram(LabError):
    """A program is not installed or may not be used; the message says which and how to get it."""

    code = "missing-program"


class CommandRefused(LabError):
    """A command ended with an error; its words are the message."""

    code = "command-refused"


def search_path() -> str:
    """Where programs are looked for: where we were told, and where only root's are."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def require_programs(packages: Mapping[str, str], *, root: bool) -> None:
    """Say all that is missing to run these.

    Args:
        packages: the Debian package of each program.
        root: whether it takes root as well.

    Raises:
        MissingProgram: something is.
    """
    missing = [name for name in packages if shutil.which(name, path=search_path()) is None]
    found = []
    if missing:
        wanted = " ".join(sorted({packages[name] for name in missing}))
        found.append(f"not installed: {', '.join(missing)} (Debian: apt-get install {wanted})")
    if root and os.geteuid() != 0:
        found.append("not root: network devices and namespaces are made")
    if found:
        raise MissingProgram("; ".join(found))


def run(*command: str, typed: str | None = None, environment: Mapping[str, str] | None = None) -> str:
    """What a command that must end well prints, which is given `typed` to read; ours is its environment.

    Raises:
        CommandRefused: it ended otherwise, or not at all.
    """
    inherited = os.environ if environment is None else environment
    try:
        done = subprocess.run(
            command,
            input=typed,
            stdin=subprocess.DEVNULL if typed is None else None,
            capture_output=True,
            text=True,
            env={**inherited, "PATH": search_path(), "LC_ALL": "C.UTF-8"},
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandRefused(f"{' '.join(command)}: no end after {PATIENCE:.0f} s") from error
    if done.returncode:
        raise CommandRefused(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def wait_for(what: str, fact: Callable[[], Result | None], *, latest: datetime | None = None) -> Result:
    """What is true at last; until `latest` it may take its time, or for `PATIENCE` from now.

    Raises:
        LabError: it never was.
    """
    patience = PATIENCE if latest is None else max((latest - datetime.now(UTC)).total_seconds(), 0)
    end = time.monotonic() + patience
    while not (found := fact()):
        if time.monotonic() > end:
            raise LabError(f"waited in vain for {what}")
        threading.Event().wait(0.02)
    return found


class Service:
    """A program that stays and writes a line of JSON for what happens; ended with the `with` block.

    Attributes:
        log: what it prints, of all its starts.
    """

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start it in the folder, where its log is too; it need not be ready yet. Ours is its environment."""
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [*ENDS_WITH_US, *command]
        self._folder = folder
        self._environment = {**(os.environ if environment is None else environment), "PATH": search_path()}
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int | None:
        """Its process, while it has one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it, again."""
        self._began = len(self.lines())
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self._folder, env=self._environment
            )

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal, and wait until it has ended; kill it where it does not. Safe at any time."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE)
        self._process = None

    def lines(self) -> list[dict[str, Any]]:
        """Every line of JSON so far, oldest first."""
        if not self.log.exists():
            return []
        whole = self.log.read_text(encoding="utf-8", errors="replace").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def wait_for_line(self, key: str, value: object) -> dict[str, Any]:
        """The first line since its start that says this.

        Raises:
            LabError: it has ended, or never says so.
        """

        def said() -> dict[str, Any] | None:
            found = next((line for line in self.lines()[self._began :] if line.get(key) == value), None)
            if found is None and (self._process is None or self._process.poll() is not None):
                words = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise LabError(f"{self.name} has ended:\n{words}")
            return found

        return wait_for(f"{self.name} to say {key}={value}", said)
