"""Real database servers for tests: started when the first test needs one, private, ended with the tests.

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


class PostgreSQL(Server):
    """PostgreSQL, sorting by the rules of English where it is not told otherwise: what most are set up as."""

    package = "postgresql"
    program = "postgres"
    elsewhere = "usr/lib/postgresql/*/bin"
    account = "postgres"
    shut_down = signal.SIGINT
    # Not KILL, after which its children would be left to themselves.
    crash = signal.SIGQUIT

    def initialise(self) -> None:
        password = self.directory / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        password.chmod(0o644)
        options = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")
        login = ("--username=postgres", "--auth=scram-sha-256", f"--pwfile={password}")
        self.run("initdb", f"--pgdata={self.directory / 'data'}", *options, *login, "--no-sync")

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.directory),
            "max_connections": "200",
            "fsync": "off",
            "full_page_writes": "off",
            "deadlock_timeout": "100ms",
        }
        given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.directory / "data"), *given]

    def make_role(self) -> None:
        self.administer(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")

    def administer(self, *statements: str) -> None:
        with psycopg.connect(
            host=str(self.directory), user="postgres", password=PASSWORD, dbname="postgres", autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def url(self, database: str) -> URL:
        return URL.create(
            "postgresql", USER, PASSWORD, database=database, query={"host": str(self.directory)}
        )

    def create(self, database: str) -> None:
        self.administer(f"CREATE DATABASE {database} OWNER {USER} ENCODING 'UTF8'")

    def drop(self, database: str) -> None:
        self.administer(f"DROP DATABASE {database} WITH (FORCE)")


class MariaDB(Server):
    """MariaDB, as little careful of its files as it can be made."""

    package = "mariadb-server"
    program = "mariadbd"
    elsewhere = "usr/sbin"
    account = "mysql"
    shut_down = signal.SIGTERM
    crash = signal.SIGKILL

    def initialise(self) -> None:
        self.run(
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={self.directory / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *self._settings(),
        )

    def command(self) -> list[str]:
        socket = f"--socket={self.directory / 'socket'}"
        program = str(self.binaries / "mariadbd")
        return [program, "--no-defaults", f"--datadir={self.directory / 'data'}", socket, *self._settings()]

    def _settings(self) -> list[str]:
        return [
            # Two that are set up at once would remove each other's temporary tables.
            f"--tmpdir={self.directory}",
            "--skip-networking",
            "--skip-log-bin",
            "--max-connections=200",
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            "--sync-frm=0",
            "--innodb-doublewrite=0",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            "--performance-schema=0",
        ]

    def make_role(self) -> None:
        self.administer(
            f"CREATE USER {USER}@localhost IDENTIFIED BY '{PASSWORD}'",
            f"GRANT ALL ON `test\\_%`.* TO {USER}@localhost",
        )

    def administer(self, *statements: str) -> None:
        with (
            pymysql.connect(unix_socket=str(self.directory / "socket"), user="root") as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)

    def url(self, database: str) -> URL:
        socket = {"unix_socket": str(self.directory / "socket")}
        return URL.create("mariadb", USER, PASSWORD, "localhost", database=database, query=socket)

    def create(self, database: str) -> None:
        self.administer(f"CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")

    def drop(self, database: str) -> None:
        self.administer(f"DROP DATABASE {database}")


SERVERS: dict[str, type[Server]] = {"postgresql": PostgreSQL, "mariadb": MariaDB}

_running: dict[str, Server] = {}
_starting = threading.Lock()


def server(kind: str) -> Server:
    """This process's server of that kind, started if it is the first time.

    Raises:
        MissingServer: it is not installed.
    """
    with _starting:
        if kind not in _running:
            _running[kind] = SERVERS[kind]()
        return _running[kind]


def drop_database(url: URL) -> None:
    """Do away with a database that `Server.new_database` made; of SQLite, its file stays where it is."""
    kind = url.get_backend_name()
    if kind in _running and url.database is not None:
        _running[kind].drop(url.database)


def stop_servers() -> None:
    """End every server that was started."""
    while _running:
        _running.popitem()[1].close()
