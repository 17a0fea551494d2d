"""An aggregate manager behind the real listener, on a port: TLS, credentials, a database, two islands.

The gateways are boxes and the clock moves only when a test moves it, so that slots begin and end without
waiting; everything between the client's socket and the gateway's driver is what `serve` runs.
"""

import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from lxml import etree
from sqlalchemy import func, select

from pathservice.doors import islands_mounts
from pathservice.listener import Listener, Mount, TlsSettings
from pathservice.listener.model import Environ, StartResponse
from pathservice.pki import Credential, Pki, init_pki
from pathservice.pki.experimenters import (
    ROOTS,
    init_slice_authority,
    issue_slice_credential,
    issue_user,
    issue_user_credential,
)
from store import Base, Store
from tbam.am import CallRecord
from tbam.credentials import Privilege
from tbam.credentials.issue import Signer, issue_credential
from tests.conftest import make_database
from tests.functional.tbam.client import Answer, ScriptedClient
from tests.unit.tbam.island_house import Islands

AUTHORITY = "example.net"
NOW = datetime.now(UTC).replace(microsecond=0)
"""When these tests begin: real clients judge the service's certificate by the real time."""
LASTS = timedelta(days=20)
"""How long credentials last."""


@dataclass
class Federation:
    """A slice authority, its users, and the credentials it gave them."""

    directory: Path
    pki: Pki
    users: dict[str, Credential] = field(default_factory=dict)
    _credentials: dict[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def roots(self) -> Path:
        return self.directory / ROOTS

    def user(self, name: str, *, lifetime: timedelta = timedelta(days=730)) -> Credential:
        if name not in self.users:
            self.users[name] = issue_user(self.directory, name, now=NOW, lifetime=lifetime)
        return self.users[name]

    def slice_credential(self, name: str, user: str, *, lasts: timedelta = LASTS) -> str:
        """What lets the user do everything with the slice."""
        self.user(user)
        key = ("slice", name, user, str(lasts))
        if key not in self._credentials:
            path = self._path()
            issue_slice_credential(self.directory, name, user, path=path, now=NOW, expires_at=NOW + lasts)
            self._credentials[key] = path.read_text()
        return self._credentials[key]

    def issue(
        self, name: str, user: str, *privileges: str, lasts: timedelta = LASTS, directory: Path | None = None
    ) -> str:
        """A credential for a slice with these privileges alone; from another authority if that is named."""
        authority = directory or self.directory
        own = x509.load_pem_x509_certificate((authority / "sa-cert.pem").read_bytes())
        owner = x509.load_pem_x509_certificate(self.user(user).cert.read_bytes())
        other = self.slice_credential(name, user)
        target = x509.load_pem_x509_certificate(
            str(etree.fromstring(other).findtext(".//target_gid")).encode()
        )
        return issue_credential(
            Signer([own], (authority / "sa-key.pem").read_bytes()),
            owner=[owner],
            target=[target],
            privileges=[Privilege(privilege, can_delegate=False) for privilege in privileges],
            expires_at=NOW + lasts,
        )

    def user_credential(self, user: str) -> str:
        """What says who the user is."""
        self.user(user)
        if ("user", user) not in self._credentials:
            path = self._path()
            issue_user_credential(self.directory, user, path=path, now=NOW, expires_at=NOW + LASTS)
            self._credentials["user", user] = path.read_text()
        return self._credentials["user", user]

    def _path(self) -> Path:
        return self.directory / f"credential-{len(self._credentials)}.xml"


@dataclass
class Aggregate:
    """A running aggregate manager and what belongs to it."""

    house: Islands
    federation: Federation
    listener: Listener
    audited: list[Any]

    @property
    def url(self) -> str:
        return f"https://localhost:{self.listener.port}"

    @property
    def now(self) -> datetime:
        return self.house.clock.now()

    def client(
        self, user: str = "alice", *, path: str = "/am/3", tls: ssl.TLSVersion | None = None
    ) -> ScriptedClient:
        """That user's, with the user's own certificate; in one version of TLS if that is said."""
        files = self.federation.user(user)
        context = ssl.create_default_context(cafile=str(self.federation.pki.ca))
        context.load_cert_chain(files.cert, files.key)
        if tls is not None:
            context.minimum_version = context.maximum_version = tls
        return ScriptedClient(f"{self.url}{path}", context)

    def credentials(self, slice_name: str, user: str = "alice", **options: Any) -> list[dict[str, Any]]:
        return geni_sfa(self.federation.slice_credential(slice_name, user, **options))

    @property
    def calls(self) -> list[CallRecord]:
        """The audit lines of calls, the last one last."""
        return [record for record in self.audited if isinstance(record, CallRecord)]

    def footprint(self) -> dict[str, Any]:
        """All that a call could leave behind: rows of every table, and what gateways were sent."""
        self.house.run()
        with self.house.store.engine.connect() as connection:
            rows = {
                table.name: connection.scalar(select(func.count()).select_from(table))
                for table in Base.metadata.sorted_tables
            }
        return {**rows, "pushes": [box.pushes for box in self.house.boxes.values()]}


def geni_sfa(text: str, *, version: Any = "3") -> list[dict[str, Any]]:
    return [{"geni_type": "geni_sfa", "geni_version": version, "geni_value": text}]


def slice_urn(name: str) -> str:
    return f"urn:publicid:IDN+{AUTHORITY}+slice+{name}"


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    directory = tmp_path_factory.mktemp("federation") / "pki"
    pki = init_pki(directory, host_names=[], now=NOW)
    init_slice_authority(directory, AUTHORITY, now=NOW)
    return Federation(directory, pki)


def open_aggregate(store: Store, federation: Federation, *more: Mount) -> Aggregate:
    """Start an aggregate manager on a database of its own."""
    house = Islands(store)
    house.clock.at = NOW
    audited: list[Any] = []
    mounts = islands_mounts(
        lambda: house.manager, trusted_roots=federation.roots, clock=house.clock.now, audit=audited.append
    )
    listener = Listener(
        bind=("127.0.0.1", 0),
        mounts=[*mounts, *more],
        tls=TlsSettings(
            ca=federation.pki.ca,
            cert=federation.pki.server_cert,
            key=federation.pki.server_key,
            guests=federation.roots,
        ),
        health=lambda: (True, {}),
        audit=audited.append,
        clock=house.clock.now,
    )
    listener.start()
    return Aggregate(house, federation, listener, audited)


def _tell_subject(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Another door on the same port: one for our own users, which goes by their names."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["x509.subject"].encode()]


@pytest.fixture(scope="module")
def running(federation: Federation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aggregate]:
    """One for all tests of a module: each uses slots and slices of its own, or leaves nothing."""
    store = make_database("sqlite", tmp_path_factory.mktemp("islands"))
    aggregate = open_aggregate(store, federation, Mount("/elsewhere", _tell_subject))
    yield aggregate
    aggregate.listener.stop()
    store.close()


@pytest.fixture
def aggregate(running: Aggregate) -> Iterator[Aggregate]:
    """The module's aggregate manager, with free islands at its first instant."""
    running.house.clock.at = max(running.house.clock.at, NOW)
    yield running
    for sliver in running.house.manager.all_slivers():
        running.house.manager.delete_aggregate(sliver.slice_urn, sliver_urns=[sliver.sliver_urn])
    running.house.run()
    for box in running.house.boxes.values():
        box.pushes.clear()


__all__ = ["Aggregate", "Answer", "Federation", "geni_sfa", "slice_urn"]
