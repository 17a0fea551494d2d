"""The WSGI application before the applications: refuses early, briefly and always in the same words.

In order: who is asking, which path, which method, how long, of what kind; so much the head alone decides.
Then the body has to be there, and which XML it is decides. Only then is a mounted application called.
What it raises becomes a 500 with a request id that is also in the log.
"""

import io
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, NoReturn

import structlog

from pathservice.listener.answer import json_answer, refusal_answer, status_line
from pathservice.listener.application import call_application
from pathservice.listener.body import too_large
from pathservice.listener.errors import CertificateRefused, Refused
from pathservice.listener.model import (
    ADMIT,
    JUDGEMENT,
    REQUEST_ID,
    Audit,
    AuditLine,
    Environ,
    Health,
    Judgement,
    Limits,
    Mount,
    Outcome,
    StartResponse,
)
from pathservice.listener.xmlguard import clean_xml

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_HEALTH = "/health"
_XML_TYPES = ("text/xml", "application/xml")
_CONTENT_TYPE = re.compile(r"\s*([\w.+-]+/[\w.+-]+)\s*(?:;(.*))?", re.ASCII | re.DOTALL)
_CHARSET = re.compile(r"(?:^|;)\s*charset\s*=\s*[\"']?([^\s\"';]{1,40})", re.ASCII | re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_WITH_BODY = ("POST", "PUT", "PATCH")
_WSDL = "wsdl"
_SHOWN_PATH = 200
_UNPRINTABLE = dict.fromkeys((*range(32), 127), "?")


@dataclass(frozen=True, slots=True)
class _Announced:
    """What a head says of its body, checked; `content-type` is what the application will see."""

    content_type: str | None = None
    charset: str | None = None


def new_request_id() -> str:
    """Answer a short random name for one request."""
    return secrets.token_hex(6)


class Front:
    """A WSGI application; `mounts` are looked up by their longest prefix."""

    def __init__(
        self,
        mounts: Sequence[Mount],
        *,
        health: Health,
        audit: Audit,
        clock: Callable[[], datetime],
        limits: Limits,
        name_request: Callable[[], str] = new_request_id,
    ) -> None:
        self._mounts = sorted(mounts, key=lambda mount: len(mount.prefix), reverse=True)
        self._health = health
        self._audit = audit
        self._clock = clock
        self._limits = limits
        self._name_request = name_request

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request_id = self._name_request()
        environ[REQUEST_ID] = request_id
        try:
            return self._answer(environ, start_response)
        except Refused as refused:
            self._note(environ, outcome_of(refused.status), code=refused.code)
            headers, content = refusal_answer(refused, request_id)
            start_response(status_line(refused.status), headers)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]

    def _answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        judgement = _judgement(environ)
        if judgement.refusal is not None:
            raise judgement.refusal
        if environ["PATH_INFO"] == _HEALTH:
            return self._answer_health(environ, start_response)
        if judgement.identity is None:
            raise Refused(HTTPStatus.FORBIDDEN, "certificate-missing", "a client certificate is needed here")
        mount = self._find_mount(environ["PATH_INFO"])
        if judgement.identity.guest and not mount.guests:
            raise CertificateRefused(
                "certificate-foreign",
                "no authority that is accepted at this path vouches for this certificate",
            )
        _check_method(mount, environ)
        announced = self._check_announced(mount, environ)
        environ.get(ADMIT, _admit)(needs_body=announced is not None, limit=self._body_limit(mount))
        inner = self._hand_on(mount, environ, announced)
        inner["x509.subject"] = judgement.identity.subject
        inner["x509.issuer"] = judgement.identity.issuer
        inner["x509.certificate"] = judgement.identity.certificate
        if _asks_for_wsdl(mount, environ):
            start_response = self._noting_wsdl(environ, start_response)
        return call_application(
            mount.application, inner, start_response, is_head=environ["REQUEST_METHOD"] == "HEAD"
        )

    def _answer_health(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            _refuse_method("GET, HEAD")
        try:
            healthy, details = self._health()
        except Exception:  # whatever it is, the service is not well
            log.exception("the health check failed")
            healthy, details = False, {}
        status = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
        body = {**details, "status": "ok" if healthy else "unavailable"}
        headers, content = json_answer(body, environ[REQUEST_ID])
        start_response(status_line(status), headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]

    def _find_mount(self, path: str) -> Mount:
        for mount in self._mounts:
            if mount.serves(path):
                return mount
        raise Refused(HTTPStatus.NOT_FOUND, "not-found", "there is nothing here")

    def _check_announced(self, mount: Mount, environ: Environ) -> _Announced | None:
        """Answer what is known of the body before it is read, None where none will be."""
        if environ["REQUEST_METHOD"] not in _WITH_BODY:
            return None
        self._check_length(environ, self._body_limit(mount))
        if not mount.xml:
            return _Announced()
        media_type, charset = _check_kind(environ, untyped=mount.untyped)
        return _Announced(f"{media_type}; charset=utf-8", charset)

    def _body_limit(self, mount: Mount) -> int:
        return self._limits.body_bytes if mount.body_bytes is None else mount.body_bytes

    def _check_length(self, environ: Environ, limit: int) -> None:
        if environ.get("wsgi.input_terminated"):
            return  # it comes in chunks
        text = environ.get("CONTENT_LENGTH", "")
        if not text:
            raise Refused(
                HTTPStatus.LENGTH_REQUIRED,
                "length-required",
                "Content-Length is needed",
                headers=(("Connection", "close"),),  # what follows may be a body or a request
            )
        if not _LENGTH.fullmatch(text):
            raise Refused(
                HTTPStatus.BAD_REQUEST, "bad-content-length", "Content-Length is not a number of bytes"
            )
        if int(text) > limit:
            raise too_large(limit)

    def _hand_on(self, mount: Mount, environ: Environ, announced: _Announced | None) -> Environ:
        """Answer the environ for the application: its own paths, a body that is checked and complete."""
        inner = {key: value for key, value in environ.items() if key not in (JUDGEMENT, ADMIT)}
        inner["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + mount.script_name
        inner["PATH_INFO"] = environ["PATH_INFO"][len(mount.script_name) :]
        body = b""
        if announced is not None:
            body = environ["wsgi.input"].read()
            if mount.xml:
                body = self._clean(body, announced.charset)
                inner["CONTENT_TYPE"] = announced.content_type
        elif environ["REQUEST_METHOD"] == "HEAD":
            inner["REQUEST_METHOD"] = "GET"
        inner.pop("HTTP_TRANSFER_ENCODING", None)
        inner.pop("wsgi.input_terminated", None)
        inner["CONTENT_LENGTH"] = str(len(body))
        inner["wsgi.input"] = io.BytesIO(body)
        return inner

    def _clean(self, body: bytes, charset: str | None) -> bytes:
        if not body.strip():
            raise Refused(HTTPStatus.BAD_REQUEST, "empty-body", "the request has no body")
        return clean_xml(body, charset, depth=self._limits.xml_depth, nodes=self._limits.xml_nodes)

    def _noting_wsdl(self, environ: Environ, start_response: StartResponse) -> StartResponse:
        """Have the line of a WSDL written when its answer starts: applications audit their requests alone."""

        def start(status: str, *rest: Any) -> Any:
            self._note(environ, outcome_of(int(status[:3])), operation=_WSDL)
            return start_response(status, *rest)

        return start

    def _note(
        self, environ: Environ, outcome: Outcome, *, code: str | None = None, operation: str | None = None
    ) -> None:
        judgement = _judgement(environ)
        write_audit(
            self._audit,
            AuditLine(
                at=self._clock(),
                request_id=environ[REQUEST_ID],
                peer=environ.get("REMOTE_ADDR", ""),
                outcome=outcome,
                code=code,
                subject=judgement.identity.subject if judgement.identity else None,
                claimed_subject=judgement.claimed_subject,
                path=shown_path(environ["PATH_INFO"]),
                operation=operation,
            ),
        )


def outcome_of(status: int) -> Outcome:
    """Answer how a request ended, by its answer's status."""
    if status < HTTPStatus.BAD_REQUEST:
        return Outcome.OK
    if status == HTTPStatus.FORBIDDEN:
        return Outcome.DENIED
    if status in (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE):
        return Outcome.FAILED
    return Outcome.REFUSED


def write_audit(audit: Audit, line: AuditLine) -> None:
    """Have a line audited. An audit that fails is logged; the answer stands all the same."""
    if line.outcome is not Outcome.OK:
        log.info(
            "request refused", code=line.code, peer=line.peer, path=line.path, request_id=line.request_id
        )
    try:
        audit(line)
    except Exception:  # the client's answer does not depend on our bookkeeping
        log.exception("the audit line was not written", code=line.code, request_id=line.request_id)


def shown_path(path: str) -> str:
    """Answer as much of a path as a log or a table should see."""
    return path[:_SHOWN_PATH].encode("ascii", "backslashreplace").decode().translate(_UNPRINTABLE)


def _judgement(environ: Environ) -> Judgement:
    judgement: Judgement = environ.get(JUDGEMENT, Judgement())
    return judgement


def _admit(*, needs_body: bool, limit: int) -> None:
    """Where nobody says otherwise, a request is whole."""


def _asks_for_wsdl(mount: Mount, environ: Environ) -> bool:
    fetched = environ["REQUEST_METHOD"] in ("GET", "HEAD")
    return mount.xml and fetched and environ.get("QUERY_STRING", "").lower() == _WSDL


def _check_method(mount: Mount, environ: Environ) -> None:
    method = environ["REQUEST_METHOD"]
    allowed = mount.methods + (("HEAD",) if "GET" in mount.methods else ())
    if mount.xml and not _asks_for_wsdl(mount, environ):
        allowed = tuple(name for name in allowed if name not in ("GET", "HEAD"))
    if method not in allowed:
        _refuse_method(", ".join(allowed))


def _refuse_method(allowed: str) -> NoReturn:
    raise Refused(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "method-not-allowed",
        f"allowed here: {allowed}",
        headers=(("Allow", allowed),),
    )


def _check_kind(environ: Environ, *, untyped: bool) -> tuple[str, str | None]:
    """Answer the media type of an XML request and the charset it names, if it does."""
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-encoding", "send the body uncompressed")
    told = environ.get("CONTENT_TYPE", "")
    match = _CONTENT_TYPE.fullmatch(told or "text/xml" if untyped else told)
    if match is None or match[1].lower() not in _XML_TYPES:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-type", "send text/xml or application/xml")
    charset = _CHARSET.search(match[2] or "")
    return match[1].lower(), charset[1] if charset else None
