"""A station in this process: a real SQLite store, the Fermilab example, a clock that stands still.

Requests go through the WSGI application itself, and every message both ways is held against the exported
schema.
"""

import io
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep
import zeep.transports
from lxml import etree

from lambdastation.audit import AuditRecord
from lambdastation.site import Site
from lambdastation.soap import SoapDoor, soap_application
from lambdastation.tickets import TicketService, ensure_resources
from netconfig.capability import Capability
from pathservice.pki import DEMO_USER_SUBJECT
from pathservice.sitefile import load_site_file
from reservation.parts import register_device
from store import Base, Store, open_store

ROOT = Path(__file__).parents[3]
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACE = "urn:pathservice:lambdastation:1"
ISSUER = "CN=Demo Certificate Authority,O=Path Service"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


FIELDS = [
    *("localTicketId", "remoteTicketId", "state"),
    *("srcSite", "srcClient", "srcIP", "srcPort", "dstSite", "dstClient", "dstIP", "dstPort"),
    *("localPath", "remotePath", "outBW", "inBW"),
    *("dscpRequestOut", "dscpRequestIn", "dscpOut", "dscpIn"),
    *("boardTime", "startTime", "endTime", "travelTime", "actualEndTime"),
    *("credentialSubject", "lambdaStationId", "answeredMode", "outcome", "reason"),
]
"""svcTicket's elements, in the order the issue fixes."""


@dataclass
class FakeClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Answer:
    """An HTTP answer and the XML in it."""

    status: str
    headers: dict[str, str]
    content: bytes

    @property
    def code(self) -> int:
        return int(self.status.split()[0])

    @property
    def body(self) -> Any:
        envelope = etree.fromstring(self.content)
        (body,) = envelope.findall(f"{{{SOAP}}}Body")
        (only,) = body
        return only

    @property
    def fault(self) -> "SeenFault":
        return SeenFault.of(self.body)

    def text(self, name: str) -> str | None:
        """Text of the first element of that name in the answer."""
        found = self.body.find(f".//{{{NAMESPACE}}}{name}")
        return None if found is None else found.text


@dataclass
class SeenFault:
    faultcode: str
    code: str | None
    field: str | None
    text: str

    @classmethod
    def of(cls, fault: Any) -> "SeenFault":
        assert fault.tag == f"{{{SOAP}}}Fault", etree.tostring(fault)
        detail = f"detail/{{{NAMESPACE}}}stationFault/{{{NAMESPACE}}}"
        return cls(
            faultcode=fault.findtext("faultcode").split(":")[-1],
            code=fault.findtext(f"{detail}code"),
            field=fault.findtext(f"{detail}field"),
            text=fault.findtext("faultstring"),
        )


@dataclass
class Wire:
    """Speaks HTTP to a WSGI application without a network, as one caller."""

    application: Callable[..., Any]
    schema: Any
    subject: str | None = DEMO_USER_SUBJECT
    issuer: str | None = ISSUER
    check_requests: bool = True
    origin: Mapping[str, str] = field(
        default_factory=lambda: {"REMOTE_ADDR": "192.0.2.7", "pathservice.request_id": "r7"}
    )

    def get(self, query: str) -> Answer:
        return self._ask("GET", b"", query=query)

    def post(self, message: bytes, *, content_type: str = "text/xml; charset=utf-8") -> Answer:
        answer = self._ask("POST", message, content_type=content_type)
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        self.check_message(answer)
        return answer

    def request(self, xml: str) -> Answer:
        """Send what stands in the body; `ls:` is our namespace."""
        return self.post(envelope(xml))

    def open_ticket(self, **fields: object) -> Answer:
        """Ask for a ticket; the fields are put into the schema's order."""
        mode = fields.pop("mode", None)
        word = "" if mode is None else f"<ls:mode>{mode}</ls:mode>"
        return self.request(f"<ls:openSvcTicket>{svc_ticket(fields)}{word}</ls:openSvcTicket>")

    def find_window(self, *, volume: str | None = None, **fields: object) -> Answer:
        """Ask when such a ticket would fit."""
        word = "" if volume is None else f"<ls:volume>{volume}</ls:volume>"
        return self.request(f"<ls:findWindow>{svc_ticket(fields)}{word}</ls:findWindow>")

    def check_message(self, answer: Answer) -> None:
        """An answer is what the schema says, a fault's detail too; a fault is status 500."""
        body = answer.body
        if body.tag != f"{{{SOAP}}}Fault":
            assert answer.code == 200
            self.schema.assertValid(body)
            return
        assert answer.code == 500
        names = [child.tag for child in body]
        assert names in (["faultcode", "faultstring"], ["faultcode", "faultstring", "detail"])
        prefix, _, local = body.findtext("faultcode").partition(":")
        assert body.nsmap[prefix] == SOAP
        assert local in {"Client", "Server", "MustUnderstand", "VersionMismatch"}
        for inner in body.findall("detail/*"):
            self.schema.assertValid(inner)

    def _ask(self, method: str, message: bytes, *, query: str = "", content_type: str = "text/xml") -> Answer:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "/lambdastation",
            "PATH_INFO": "",
            "QUERY_STRING": query,
            "SERVER_NAME": "station.example.org",
            "SERVER_PORT": "8443",
            "HTTP_HOST": "station.example.org:8443",
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(message),
            "CONTENT_LENGTH": str(len(message)),
            "CONTENT_TYPE": content_type,
            **self.origin,
        }
        if self.subject is not None:
            environ["x509.subject"] = self.subject
        if self.issuer is not None:
            environ["x509.issuer"] = self.issuer
        told: list[Any] = []
        content = b"".join(self.application(environ, lambda status, headers: told.extend([status, headers])))
        return Answer(told[0], dict(told[1]), content)


def svc_ticket(fields: Mapping[str, object]) -> str:
    """The element, its fields in the schema's order."""
    inner = "".join(f"<ls:{name}>{fields[name]}</ls:{name}>" for name in sorted(fields, key=FIELDS.index))
    return f"<ls:svcTicket>{inner}</ls:svcTicket>"


def envelope(body: str, *, header: str = "") -> bytes:
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:ls="{NAMESPACE}">'
        f"{header}<soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


class WsgiTransport(zeep.transports.Transport):
    """zeep's way to a WSGI application; requests are held against the schema too."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.wire = wire

    def load(self, url: str) -> bytes:
        assert url.endswith("?wsdl"), "the WSDL needs nothing beside itself"
        answer = self.wire.get("wsdl")
        assert answer.code == 200
        return answer.content

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> requests.Response:
        assert address == "https://station.example.org:8443/lambdastation"
        (body,) = etree.fromstring(message).findall(f"{{{SOAP}}}Body")
        self.wire.schema.assertValid(body[0])
        answer = self.wire.post(message, content_type=headers["Content-Type"])
        response = requests.Response()
        response.status_code = answer.code
        response._content = answer.content
        response.headers.update(answer.headers)
        return response


@dataclass
class Station:
    """Everything of one station that a test may want to look at."""

    store: Store
    site: Site
    clock: FakeClock
    service: TicketService
    door: SoapDoor
    schema: Any
    audit: list[AuditRecord] = field(default_factory=list)

    def wire(self, subject: str | None = DEMO_USER_SUBJECT, issuer: str | None = ISSUER, **more: Any) -> Wire:
        return Wire(self.door, self.schema, subject, issuer, **more)

    def client(self, subject: str = DEMO_USER_SUBJECT) -> zeep.Client:
        return zeep.Client(
            "https://station.example.org:8443/lambdastation?wsdl", transport=WsgiTransport(self.wire(subject))
        )

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.store.engine.connect() as connection:
            return {
                table.name: len(connection.execute(table.select()).all())
                for table in Base.metadata.sorted_tables
            }


@pytest.fixture(scope="session")
def schema() -> Any:
    return etree.XMLSchema(file=str(ROOT / "schemas" / "lambdastation.xsd"))


@pytest.fixture(scope="session")
def site() -> Site:
    return load_site_file(ROOT / "examples" / "fermilab.yaml").site


def open_station(store: Store, site: Site, schema: Any) -> Station:
    """A station on a store that has the tables and nothing in them."""
    prepare(store, site)
    return station_on(store, site, schema)


def prepare(store: Store, site: Site) -> None:
    """Register what a site has, as its service would."""

    def register(session: Any) -> None:
        register_device(session, "fermilab-border-1", platform="cisco_ios", capabilities=list(Capability))
        ensure_resources(session, site, now=NOON)

    store.write(register)


def station_on(store: Store, site: Site, schema: Any) -> Station:
    """A station on a store that knows the site."""
    clock, audit = FakeClock(), list[AuditRecord]()
    service = TicketService(store, site, clock=clock, audit=audit.append, version="0.1.0")
    return Station(store, site, clock, service, soap_application(service), schema, audit)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Path:
    """A database with the site in it, to be copied."""
    file = tmp_path_factory.mktemp("pristine") / "station.db"
    store = open_store(f"sqlite:///{file}")
    Base.metadata.create_all(store.engine, checkfirst=False)
    prepare(store, site)
    store.close()
    return file


@pytest.fixture(scope="session")
def station_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One for all tests: it remembers how its statements are written."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('station') / 'station.db'}")
    yield store
    store.close()


@pytest.fixture
def station(station_store: Store, pristine: Path, site: Site, schema: Any) -> Station:
    """A station that nobody has asked for anything, whatever the last test left of its database."""
    with closing(sqlite3.connect(pristine)) as source, closing(sqlite3.connect(file_of(station_store))) as to:
        to.execute("PRAGMA synchronous=OFF")
        source.backup(to)
    return station_on(station_store, site, schema)


def file_of(store: Store) -> str:
    """The file of a SQLite database."""
    assert store.engine.url.database is not None
    return store.engine.url.database


@pytest.fixture
def wire(station: Station) -> Wire:
    return station.wire()
