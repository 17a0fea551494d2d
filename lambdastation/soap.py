"""The SOAP door: a WSGI application for one mount point, answers and faults alike SOAP 1.1.

The HTTP front before it has verified the client's certificate and put `x509.subject` and `x509.issuer` into
the environment, and the request's name as `pathservice.request_id`; it has bounded the body and refused what
is no XML. Whoever comes without an identity is refused. Requests are audited here, `?wsdl` by the front.
"""

import re
from collections.abc import Callable, Iterable
from email.message import Message
from typing import Any
from wsgiref.util import application_uri

import structlog
from lxml import etree
from lxml.etree import _Element

from lambdastation.audit import new_request_id
from lambdastation.caller import LONGEST_NAME, Caller, Origin
from lambdastation.envelope import Validator, read_body
from lambdastation.errors import (
    InternalError,
    LambdaStationError,
    NotAuthenticated,
    SchemaInvalid,
    UnknownOperation,
    shown,
)
from lambdastation.export import export_wsdl, schema_element
from lambdastation.faults import SoapFault, fault_bytes
from lambdastation.requests import Call, make_application
from lambdastation.spyne_compat import MethodContext, ServerBase
from lambdastation.tickets import TicketService

LARGEST_MESSAGE = 1024 * 1024
"""Bytes; the HTTP front's own bound comes before it."""

SUBJECT_KEY = "x509.subject"
ISSUER_KEY = "x509.issuer"
REQUEST_ID_KEY = "pathservice.request_id"
PEER_KEY = "REMOTE_ADDR"

_UNKNOWN = "unknown"
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

log = structlog.get_logger("lambdastation")


def soap_application(service: TicketService) -> "SoapDoor":
    """The WSGI application that answers SOAP requests to this service, and `?wsdl`."""
    return SoapDoor(service)


class SoapDoor:
    """One service's door. Safe to call from any number of threads."""

    def __init__(self, service: TicketService) -> None:
        self._service = service
        self._application = make_application()
        self._server = ServerBase(self._application)
        self._validator = Validator(schema_element())

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request; a fault is status 500 (WS-I Basic Profile 1.1, R1126)."""
        caller = _caller(environ)
        if environ["REQUEST_METHOD"] == "GET":
            return _answer(start_response, *self._get(environ, caller))
        if environ["REQUEST_METHOD"] != "POST":
            return _answer(start_response, "405 Method Not Allowed", b"", "text/plain")
        try:
            return _answer(start_response, "200 OK", self._post(environ, caller))
        except SoapFault as fault:
            return _answer(start_response, "500 Internal Server Error", fault_bytes(fault))

    def _get(self, environ: Environ, caller: Caller) -> tuple[str, bytes, str]:
        if not caller.subject:
            return "403 Forbidden", b"a client certificate is needed\n", "text/plain"
        if environ.get("QUERY_STRING", "").lower() != "wsdl":
            return "405 Method Not Allowed", b"POST a SOAP request, or GET ?wsdl\n", "text/plain"
        return "200 OK", export_wsdl(_location(environ)).encode(), "text/xml; charset=utf-8"

    def _post(self, environ: Environ, caller: Caller) -> bytes:
        """The answer's bytes.

        Raises:
            SoapFault: any other end; its audit line is written.
        """
        operation = _UNKNOWN
        try:
            _require_identity(caller)
            body = read_body(_message(environ), _charset(environ))
            operation = self._operation(body)
            self._validator.check(body)
        except Exception as error:
            fault = _fault(error, operation)
            self._service.record_refusal(caller, operation, fault.error)
            raise fault from error
        try:
            return self._carry_out(body, caller)
        except Exception as error:
            raise _fault(error, operation) from error

    def _operation(self, body: _Element) -> str:
        name = etree.QName(body).localname
        if body.tag not in self._application.interface.service_method_map:
            raise UnknownOperation(f"there is no request {shown(name)} here")
        return name

    def _carry_out(self, body: _Element, caller: Caller) -> bytes:
        context = MethodContext(self._server, MethodContext.SERVER)
        (context.descriptor, *_) = self._application.interface.service_method_map[body.tag]
        context.udc = Call(self._service, caller)
        context.in_body_doc = body
        protocol = self._application.in_protocol
        protocol.deserialize(context, protocol.REQUEST)
        context.out_object = [context.descriptor.function(context, *context.in_object)]
        protocol.serialize(context, protocol.RESPONSE)
        return bytes(etree.tostring(context.out_document, xml_declaration=True, encoding="UTF-8"))


def _caller(environ: Environ) -> Caller:
    """Who asks; one without a subject is nobody."""
    subject, issuer = environ.get(SUBJECT_KEY), environ.get(ISSUER_KEY)
    if not _is_name(subject) or not _is_name(issuer):
        subject = issuer = ""
    return Caller(subject=str(subject), issuer=str(issuer), origin=_origin(environ))


def _is_name(given: object) -> bool:
    return isinstance(given, str) and 0 < len(given) <= LONGEST_NAME


def _origin(environ: Environ) -> Origin:
    return Origin(
        peer=str(environ.get(PEER_KEY) or _UNKNOWN),
        request_id=str(environ.get(REQUEST_ID_KEY) or new_request_id()),
    )


def _require_identity(caller: Caller) -> None:
    if not caller.subject:
        raise NotAuthenticated("a request needs a client certificate that we trust")


def _location(environ: Environ) -> str:
    """Where the client reached us; a Host that is none is not repeated."""
    if not _HOST.fullmatch(environ.get("HTTP_HOST", "")):
        environ = {key: value for key, value in environ.items() if key != "HTTP_HOST"}
    return application_uri(environ)


def _message(environ: Environ) -> bytes:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > LARGEST_MESSAGE:
        raise SchemaInvalid(f"a message is at most {LARGEST_MESSAGE} bytes long")
    return bytes(environ["wsgi.input"].read(int(length)))


def _charset(environ: Environ) -> str | None:
    header = Message()
    header["Content-Type"] = environ.get("CONTENT_TYPE") or "text/xml"
    charset = header.get_param("charset")
    return charset if isinstance(charset, str) else None


def _fault(error: Exception, operation: str) -> SoapFault:
    if isinstance(error, SoapFault):
        return error
    if isinstance(error, LambdaStationError):
        return SoapFault(error)
    log.error("request failed", operation=operation, exc_info=error)
    return SoapFault(InternalError("something is wrong on our side; our log says what"))


def _answer(
    start_response: StartResponse, status: str, content: bytes, kind: str = "text/xml; charset=utf-8"
) -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(content)))]
    if status.startswith("405"):
        headers.append(("Allow", "GET, POST"))
    start_response(status, headers)
    return [content]
