"""The WSGI application before the applications: refuses early, briefly and always in the same words.

In order: who is asking, which path, which method, how long, of what kind, which XML. Only then is a
mounted application called, with a body that has been read to its end. What it raises becomes a 500
with a request id that is also in the log.
"""

import io
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import NoReturn

import structlog

from pathservice.listener.answer import json_answer, refusal_answer, status_line
from pathservice.listener.application import call_application
from pathservice.listener.body import BadChunk
from pathservice.listener.errors import Refused
from pathservice.listener.model import (
    JUDGEMENT,
    REQUEST_ID,
    Audit,
    AuditLine,
    Environ,
    Health,
    Judgement,
    Limits,
    Mount,
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
_SHOWN_PATH = 200
_UNPRINTABLE = dict.fromkeys((*range(32), 127), "?")


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
            self._note(refused, environ)
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
            raise Refused(HTTPStatus.FORBIDDEN, "certificate_missing", "a client certificate is needed here")
        mount = self._find_mount(environ["PATH_INFO"])
        _check_method(mount, environ)
        inner = self._hand_on(mount, environ)
        inner["x509.subject"] = judgement.identity.subject
        inner["x509.issuer"] = judgement.identity.issuer
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
            if path == mount.prefix or path.startswith(f"{mount.prefix}/"):
                return mount
        raise Refused(HTTPStatus.NOT_FOUND, "not_found", "there is nothing here")

    def _hand_on(self, mount: Mount, environ: Environ) -> Environ:
        """Answer the environ for the application: its own paths, a body that is checked and complete."""
        inner = {key: value for key, value in environ.items() if key != JUDGEMENT}
        inner["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + mount.prefix
        inner["PATH_INFO"] = environ["PATH_INFO"][len(mount.prefix) :]
        body = b""
        if environ["REQUEST_METHOD"] in _WITH_BODY:
            body = self._read_checked(mount, environ, inner)
        elif environ["REQUEST_METHOD"] == "HEAD":
            inner["REQUEST_METHOD"] = "GET"
        inner.pop("HTTP_TRANSFER_ENCODING", None)
        inner.pop("wsgi.input_terminated", None)
        inner["CONTENT_LENGTH"] = str(len(body))
        inner["wsgi.input"] = io.BytesIO(body)
        return inner

    def _read_checked(self, mount: Mount, environ: Environ, inner: Environ) -> bytes:
        length = self._announced_length(environ)
        charset = None
        if mount.xml:
            media_type, charset = _check_kind(environ)
            inner["CONTENT_TYPE"] = f"{media_type}; charset=utf-8"
        body = self._read(environ, length)
        if not mount.xml:
            return body
        if not body.strip():
            raise Refused(HTTPStatus.BAD_REQUEST, "empty_body", "the request has no body")
        return clean_xml(body, charset, depth=self._limits.xml_depth, nodes=self._limits.xml_nodes)

    def _announced_length(self, environ: Environ) -> int | None:
        """Answer the body's length in bytes, None where it comes in chunks."""
        if environ.get("wsgi.input_terminated"):
            return None
        text = environ.get("CONTENT_LENGTH", "")
        if not text:
            raise Refused(
                HTTPStatus.LENGTH_REQUIRED,
                "length_required",
                "Content-Length is needed",
                headers=(("Connection", "close"),),  # what follows may be a body or a request
            )
        if not _LENGTH.fullmatch(text):
            raise Refused(
                HTTPStatus.BAD_REQUEST, "bad_content_length", "Content-Length is not a number of bytes"
            )
        length = int(text)
        self._check_length(length)
        return length

    def _check_length(self, length: int) -> None:
        if length > self._limits.body_bytes:
            limit = self._limits.body_bytes
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", f"a request may have {limit} bytes"
            )

    def _read(self, environ: Environ, length: int | None) -> bytes:
        try:
            wanted = self._limits.body_bytes + 1 if length is None else length
            body: bytes = environ["wsgi.input"].read(wanted)
        except TimeoutError as error:
            raise Refused(
                HTTPStatus.REQUEST_TIMEOUT, "body_timeout", "the request's body took too long"
            ) from error
        except BadChunk as error:
            raise Refused(
                HTTPStatus.BAD_REQUEST, "bad_chunk", "the body does not keep to the chunked coding"
            ) from error
        self._check_length(len(body))
        if length is not None and len(body) < length:
            raise Refused(
                HTTPStatus.BAD_REQUEST, "truncated_body", "the body is shorter than Content-Length says"
            )
        return body

    def _note(self, refused: Refused, environ: Environ) -> None:
        judgement = _judgement(environ)
        write_audit(
            self._audit,
            AuditLine(
                at=self._clock(),
                subject=judgement.identity.subject if judgement.identity else None,
                claimed_subject=judgement.claimed_subject,
                peer=environ.get("REMOTE_ADDR", ""),
                path=shown_path(environ["PATH_INFO"]),
                code=refused.code,
                request_id=environ[REQUEST_ID],
            ),
        )


def write_audit(audit: Audit, line: AuditLine) -> None:
    """Have a line audited. An audit that fails is logged; the refusal stands all the same."""
    log.info("request refused", code=line.code, peer=line.peer, path=line.path, request_id=line.request_id)
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


def _check_method(mount: Mount, environ: Environ) -> None:
    method = environ["REQUEST_METHOD"]
    allowed = mount.methods + (("HEAD",) if "GET" in mount.methods else ())
    if mount.xml and environ.get("QUERY_STRING", "").lower() != "wsdl":
        allowed = tuple(name for name in allowed if name not in ("GET", "HEAD"))
    if method not in allowed:
        _refuse_method(", ".join(allowed))


def _refuse_method(allowed: str) -> NoReturn:
    raise Refused(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "method_not_allowed",
        f"allowed here: {allowed}",
        headers=(("Allow", allowed),),
    )


def _check_kind(environ: Environ) -> tuple[str, str | None]:
    """Answer the media type of an XML request and the charset it names, if it does."""
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content_encoding", "send the body uncompressed")
    match = _CONTENT_TYPE.fullmatch(environ.get("CONTENT_TYPE", ""))
    if match is None or match[1].lower() not in _XML_TYPES:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content_type", "send text/xml or application/xml")
    charset = _CHARSET.search(match[2] or "")
    return match[1].lower(), charset[1] if charset else None
