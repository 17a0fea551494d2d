"""How a refusal looks on the wire: a short JSON object with a stable code, never the client's words."""

import json
from http import HTTPStatus

from pathservice.listener.errors import Refused

Headers = list[tuple[str, str]]

ALWAYS: Headers = [
    ("Server", "pathservice"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
]


def json_answer(body: object, request_id: str) -> tuple[Headers, bytes]:
    """Answer headers and body of a JSON document; what JSON does not know is written as text."""
    content = json.dumps(body, default=str).encode() + b"\n"
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(content))),
        ("X-Request-Id", request_id),
        *ALWAYS,
    ]
    return headers, content


def refusal_answer(refused: Refused, request_id: str) -> tuple[Headers, bytes]:
    """Answer headers and body for a refused request."""
    headers, content = json_answer({"code": refused.code, "message": refused.message}, request_id)
    return [*headers, *refused.headers], content


def status_line(status: HTTPStatus) -> str:
    """Answer the status as WSGI wants it: `404 Not Found`."""
    return f"{status.value} {status.phrase}"


def raw_refusal(refused: Refused, request_id: str) -> bytes:
    """Answer the whole HTTP message, for a request no application and no parser got to."""
    headers, content = refusal_answer(refused, request_id)
    lines = [
        f"HTTP/1.1 {status_line(refused.status)}",
        *(f"{name}: {value}" for name, value in headers),
        "Connection: close",
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1") + content
