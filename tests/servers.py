"""What a real database server for tests is, whichever it is: private, and ended with the tests.

Each process of the test run has its own: a directory only it can enter, a Unix socket in it and no port. The
kernel ends a server whose process is gone, however that came about.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import psycopg
import pymysql
from sqlalchemy.engine import URL

PATIENCE = 60.0
"""Seconds after which a server that does not start or end is a failure."""
USER, PASSWORD = "pathservice", "se:c/r@t"
"""The role that tests work as: it owns its databases and nothing else."""


class MissingServer(Exception):
    """A server's programs are not installed: the tests cannot run, and are not skipped either."""


class Server(ABC):
    """One server: its directory, its process and the databases in it."""

    package: ClassVar[str]
    program: ClassVar[str]
    elsewhere: ClassVar[str]
    account: ClassVar[str]
    shut_down: ClassVar[signal.Signals]
    crash: ClassVar[signal.Signals]

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.binaries = self._find()
        # Short: the name of a socket has room for 107 characters.
        self.directory = Path(tempfile.mkdtemp(prefix=f"{self.program}-"))
        self.log = self.directory / "log"
        if os.geteuid() == 0:
            shutil.chown(self.directory, self.account)
        try:
            self.initialise()
            self.start()
            self.make_role()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def initialise(self) -> None:
        """Make the server's own files."""

    @abstractmethod
    def command(self) -> list[str]:
        """What runs it in the foreground."""

    @abstractmethod
    def make_role(self) -> None:
        """Make the role that tests work as."""

    @abstractmethod
    def administer(self, *statements: str) -> None:
        """Execute statements as the server's administrator, each for itself."""

    @abstractmethod
    def url(self, database: str) -> URL:
        """Where the role finds a database."""

    @abstractmethod
    def create(self, database: str) -> None:
        """Make a database as docs/operations.md says."""

    @abstractmethod
    def drop(self, database: str) -> None:
        """Do away with a database, whoever is still connected."""

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self.create(name)
        return self.url(name).render_as_string(hide_password=False)

    def start(self) -> None:
        """Run it; return when it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_account(), "setpriv", "--pdeathsig", self.crash.name, *self.command()],
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=self._environment(),
                # A Ctrl-C at the terminal is for pytest, which ends us in its own time.
                start_new_session=True,
            )
        latest = time.monotonic() + PATIENCE
        pause = threading.Event()
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > latest:
                raise RuntimeError(f"{self.program} does not start:\n{self.log.read_text(errors='replace')}")
            pause.wait(0.02)

    def stop(self, number: signal.Signals | None = None) -> None:
        """End it, connections and all, by its own way of shutting down or by another signal."""
        if self._process is not None:
            self._process.send_signal(number or self.shut_down)
            self._process.wait(PATIENCE)
            self._process = None

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def process_id(self) -> int:
        """Of the process that answers, while it runs."""
        assert self._process is not None
        return self._process.pid

    @contextlib.contextmanager
    def down(self, number: signal.Signals | None = None) -> Iterator[None]:
        """Without the server for the block."""
        self.stop(number)
        try:
            yield
        finally:
            self.start()

    def close(self) -> None:
        """End it and leave nothing."""
        self.stop(self.crash)
        shutil.rmtree(self.directory, ignore_errors=True)

    def run(self, *command: str) -> None:
        """Run one of its tools to the end."""
        done = subprocess.run(
            [*self._as_account(), *command],
            capture_output=True,
            text=True,
            cwd=self.directory,
            env=self._environment(),
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")

    def _answers(self) -> bool:
        try:
            self.administer("SELECT 1")
        except (psycopg.OperationalError, pymysql.err.OperationalError):
            return False
        return True

    def _as_account(self) -> list[str]:
        # Neither server runs as root.
        if os.geteuid() != 0:
            return []
        group = pwd.getpwnam(self.account).pw_gid
        return ["setpriv", f"--reuid={self.account}", f"--regid={group}", "--clear-groups", "--"]

    def _environment(self) -> dict[str, str]:
        return {"PATH": f"{self.binaries}:{os.environ.get('PATH', os.defpath)}", "LC_ALL": "C.UTF-8"}

    def _find(self) -> Path:
        places = [Path(place) for place in os.environ.get("PATH", os.defpath).split(":")]
        # The newest first: a Debian keeps one directory for each version.
        places += sorted(
            Path("/").glob(self.elsewhere), key=lambda place: (len(place.name), place), reverse=True
        )
        for place in places:
            if os.access(place / self.program, os.X_OK):
                return place
        raise MissingServer(
            f"{self.program} is not installed, and without it nothing is known of {self.package}: "
            f"`tools/setup test` installs it as root on Debian (apt-get install {self.package})"
        )
