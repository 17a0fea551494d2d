"""The aggregate manager's door: a WSGI application that speaks XML-RPC.

The HTTP front before it has verified the client's certificate and put it, with its subject and issuer, into
the environment; it has bounded the body and refused what is no XML. Every call of the API is answered by a
code structure, whatever becomes of it. A method that the API does not have is a fault, and bytes that are no
call are status 400.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from wsgiref.util import application_uri

import structlog

from tbam.am.answers import failure, success, versioned
from tbam.am.arguments import PARAMETERS, read_arguments
from tbam.am.audit import Audit, CallRecord, Outcome, outcome_of, word
from tbam.am.calls import TenCalls
from tbam.am.wire import UNKNOWN_METHOD, MethodCall, NotXmlRpc, Value, read_call, write_answer, write_fault
from tbam.errors import GeniCode, TbamError

PATH = "/am/3"
"""Where the API is, as GetVersion tells it; clients that are given a bare URL post to /RPC2 or /."""

PATHS = (PATH, "/RPC2", "/")
LARGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes: an RSpec of ten megabytes is still told in the API's words that it is too big."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

_UNKNOWN = "unknown"
_GET_VERSION = "GetVersion"
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")

log = structlog.get_logger("tbam")


@dataclass(frozen=True, slots=True)
class Client:
    """Who calls, and how they reached us."""

    certificate: bytes
    subject: str
    issuer: str
    peer: str
    request_id: str
    url: str


@dataclass(slots=True)
class _Line:
    """What becomes known of a call for its audit line."""

    slice_urn: str | None = None
    owner: str | None = None
    slivers: tuple[str, ...] | None = None


class AmDoor:
    """One site's aggregate manager. Safe to call from any number of threads."""

    def __init__(
        self, calls: TenCalls, *, clock: Callable[[], datetime], audit: Audit, url: str | None = None
    ) -> None:
        """`url` is what GetVersion tells; without one it is made from what each client calls us."""
        self._calls = calls
        self._clock = clock
        self._audit = audit
        self._url = url

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        if environ["PATH_INFO"] not in ("", "/"):
            return _refuse(start_response, "404 Not Found", "not-found", f"the calls are answered at {PATH}")
        if environ["REQUEST_METHOD"] != "POST":
            return _refuse(start_response, "405 Method Not Allowed", "method-not-allowed", "POST a call")
        client = _client(environ, self._url)
        try:
            call = read_call(_message(environ))
        except NotXmlRpc as error:
            self._note(client, _UNKNOWN, Outcome.REFUSED, "not-xml-rpc")
            return _refuse(start_response, "400 Bad Request", "not-xml-rpc", str(error))
        return _answer(start_response, "200 OK", self._called(call, client), "text/xml")

    def _called(self, call: MethodCall, client: Client) -> bytes:
        if call.method not in PARAMETERS:
            self._note(client, _UNKNOWN, Outcome.REFUSED, "unknown-method")
            return write_fault(UNKNOWN_METHOD, f"there are {', '.join(PARAMETERS)}, and no other methods")
        answer = self._coded(call, client)
        return write_answer(versioned(answer) if call.method == _GET_VERSION else answer)

    def _coded(self, call: MethodCall, client: Client) -> dict[str, Value]:
        """The code structure; its audit line is written."""
        line = _Line()
        code, sentence, field = GeniCode.SUCCESS, "", None
        value: Value = ""
        try:
            value = self._carry_out(call, client, line)
        except TbamError as error:
            code, sentence, field = error.code, str(error), error.field
        except Exception:  # a defect is answered like everything else, and told in the log alone
            log.exception("a call failed", operation=call.method)
            code = GeniCode.SERVERERROR
            sentence = f"a defect on our side; ask the operator, with request id {client.request_id}"
        told = None if code is GeniCode.SUCCESS else word(code)
        self._note(client, call.method, outcome_of(code), told, field=field, line=line)
        return success(value) if code is GeniCode.SUCCESS else failure(code, sentence)

    def _carry_out(self, call: MethodCall, client: Client, line: _Line) -> Value:
        arguments = read_arguments(call.method, call.parameters)
        if call.method == _GET_VERSION:
            return self._calls.get_version(arguments, url=client.url).value
        line.slice_urn = arguments.slice_urn or (None if arguments.names_slivers else "".join(arguments.urns))
        asked = self._calls.admit(call.method, arguments, client=client.certificate)
        line.slice_urn, line.owner = asked.slice_urn, asked.by
        done = self._calls.carry_out(call.method, asked)
        line.slivers = done.slivers or None
        return done.value

    def _note(
        self,
        client: Client,
        operation: str,
        outcome: Outcome,
        code: str | None,
        *,
        field: str | None = None,
        line: _Line | None = None,
    ) -> None:
        known = line or _Line()
        self._audit(
            CallRecord(
                at=self._clock(),
                subject=client.subject,
                issuer=client.issuer,
                operation=operation,
                outcome=outcome,
                peer=client.peer,
                request_id=client.request_id,
                code=code,
                field=field,
                slice_urn=known.slice_urn,
                owner=known.owner,
                slivers=known.slivers,
            )
        )


def _client(environ: Environ, url: str | None) -> Client:
    """Who calls; without a certificate no credential is theirs."""
    return Client(
        certificate=bytes(environ.get("x509.certificate", b"")),
        subject=str(environ.get("x509.subject", "")),
        issuer=str(environ.get("x509.issuer", "")),
        peer=str(environ.get("REMOTE_ADDR") or _UNKNOWN),
        request_id=str(environ.get("pathservice.request_id") or _UNKNOWN),
        url=url or _here(environ),
    )


def _here(environ: Environ) -> str:
    """The API's URL under the name that the client has for us; a Host that is none is not repeated."""
    if not _HOST.fullmatch(environ.get("HTTP_HOST", "")):
        environ = {key: value for key, value in environ.items() if key != "HTTP_HOST"}
    return application_uri({**environ, "SCRIPT_NAME": ""}).rstrip("/") + PATH


def _message(environ: Environ) -> bytes:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > LARGEST_MESSAGE:
        raise NotXmlRpc(f"a call has {LARGEST_MESSAGE} bytes at most")
    return bytes(environ["wsgi.input"].read(int(length)))


def _refuse(start_response: StartResponse, status: str, code: str, message: str) -> Iterable[bytes]:
    """In the front's words and shape."""
    content = json.dumps({"code": code, "message": message}).encode() + b"\n"
    return _answer(start_response, status, content, "application/json")


def _answer(start_response: StartResponse, status: str, content: bytes, kind: str) -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(content)))]
    if status.startswith("405"):
        headers.append(("Allow", "POST"))
    start_response(status, headers)
    return [content]
