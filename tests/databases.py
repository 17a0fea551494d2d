"""The database servers that tests run on: started when the first test needs one, once for each process."""

import signal
import threading

import psycopg
import pymysql
from sqlalchemy.engine import URL

from tests.servers import PASSWORD, USER, Server


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
