"""A front with two applications that tell what they were given, and what it audited."""

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pathservice.listener.errors import CertificateRefused
from pathservice.listener.front import Front
from pathservice.listener.model import (
    JUDGEMENT,
    AuditLine,
    Environ,
    Identity,
    Judgement,
    Limits,
    Mount,
)

NOW = datetime(2030, 6, 1, tzinfo=UTC)
ALICE = Judgement(identity=Identity("CN=Alice", "CN=Authority", NOW, certificate=b"alice"))
NOBODY = Judgement()
EXPIRED = Judgement(
    refusal=CertificateRefused("certificate-expired", "it has expired"), claimed_subject="CN=Past"
)
LIMITS = Limits(body_bytes=1000)


class Answer:
    """What a client would see."""

    def __init__(self, front: Front, environ: Environ) -> None:
        self.sent: list[tuple[str, list[tuple[str, str]]]] = []
        pieces = front(environ, lambda status, headers, _=None: self.sent.append((status, headers)))
        try:
            self.body = b"".join(pieces)
        finally:
            getattr(pieces, "close", lambda: None)()
        [(status, headers)] = self.sent
        self.status = int(status[:3])
        self.headers = dict(headers)

    @property
    def code(self) -> str:
        document = json.loads(self.body)
        assert set(document) == {"code", "message"}
        assert len(document["message"]) < 120
        return str(document["code"])


class Recorder:
    """An application that tells what it was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[Environ, bytes]] = []

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.calls.append((environ, environ["wsgi.input"].read()))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]


class House:
    """A front with two applications, and what it audited."""

    def __init__(
        self, application: Callable[..., Iterable[bytes]] | None = None, more: Sequence[Mount] = ()
    ) -> None:
        self.soap, self.plain = Recorder(), Recorder()
        self.audited: list[AuditLine] = []
        self.health: Callable[[], tuple[bool, dict[str, object]]] = lambda: (True, {"database": "up"})
        self.front = Front(
            [
                Mount("/soap", application or self.soap),
                Mount("/soap/inner", self.plain, xml=False, methods=("POST",)),
                Mount("/pages", self.plain, xml=False),
                *more,
            ],
            health=lambda: self.health(),  # noqa: PLW0108  tests change it
            audit=self.audited.append,
            clock=lambda: NOW,
            limits=LIMITS,
            name_request=lambda: "r1",
        )

    def ask(
        self,
        method: str = "POST",
        path: str = "/soap",
        body: bytes = b"<a/>",
        judgement: Judgement = ALICE,
        more: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> Answer:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SCRIPT_NAME": "",
            "REMOTE_ADDR": "192.0.2.1",
            "CONTENT_TYPE": "text/xml; charset=utf-8",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            JUDGEMENT: judgement,
            **changes,
            **(more or {}),
        }
        return Answer(self.front, {key: value for key, value in environ.items() if value is not None})
