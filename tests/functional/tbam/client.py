"""A client written from the text of GENI AM API v3 alone: xmlrpc.client over TLS, and nothing of ours.

It looks at every answer as the API says it is, so that each test does.
"""

import http.client
import ssl
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

GENI_3 = {"type": "GENI", "version": "3"}
ALLOCATION = {"geni_unallocated", "geni_allocated", "geni_provisioned"}
OPERATIONAL = {
    "geni_pending_allocation",
    "geni_notready",
    "geni_configuring",
    "geni_stopping",
    "geni_ready",
    "geni_failed",
}
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """The code structure, looked at."""

    code: int
    value: Any
    output: str
    whole: Mapping[str, Any]

    @classmethod
    def of(cls, told: Any) -> "Answer":
        assert isinstance(told, dict)
        assert {"code", "value", "output"} <= set(told)
        code = told["code"]
        assert set(code) == {"geni_code", "am_type", "am_code"}
        assert type(code["geni_code"]) is int
        assert type(code["am_code"]) is int
        assert code["am_type"] == "tbam"
        assert 0 <= code["geni_code"] <= 26
        assert isinstance(told["output"], str)
        _require_no_nil(told)
        if code["geni_code"]:
            assert told["output"], "an error says what is wrong"
            assert "Traceback" not in told["output"]
            assert told["value"] == ""
        return cls(code["geni_code"], told["value"], told["output"], told)

    @property
    def slivers(self) -> list[dict[str, Any]]:
        """The slivers it tells of, each looked at."""
        assert self.code == 0, self.output
        found = self.value["geni_slivers"] if isinstance(self.value, dict) else self.value
        assert isinstance(found, list)
        for sliver in found:
            _check_sliver(sliver)
        return found

    @property
    def sliver(self) -> dict[str, Any]:
        [sliver] = self.slivers
        return sliver

    @property
    def states(self) -> tuple[str, str]:
        return self.sliver["geni_allocation_status"], self.sliver["geni_operational_status"]


def _require_no_nil(value: Any) -> None:
    assert value is not None
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _require_no_nil(inner)


def _check_sliver(sliver: Any) -> None:
    assert sliver["geni_sliver_urn"].split("+")[2] == "sliver"
    assert sliver["geni_allocation_status"] in ALLOCATION
    assert sliver["geni_operational_status"] in OPERATIONAL
    assert isinstance(sliver["geni_error"], str)
    for name in ("geni_expires", "geni_start_time", "geni_end_time"):
        text = sliver[name]
        assert (len(text), text[10], text[-1]) == (20, "T", "Z"), text


class ScriptedClient:
    """Calls one aggregate manager, over one connection that is kept."""

    def __init__(self, url: str, context: ssl.SSLContext, *, content_type: str | None = "text/xml") -> None:
        parts = urlsplit(url)
        self.path = parts.path or "/RPC2"
        self._content_type = content_type
        self._connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, context=context, timeout=TIMEOUT_SECONDS
        )

    def __enter__(self) -> "ScriptedClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def call(self, method: str, *parameters: Any, allow_none: bool = False) -> Answer:
        body = xmlrpc.client.dumps(parameters, method, encoding="utf-8", allow_none=allow_none)
        status, content = self.post(body.encode())
        assert status == 200, content
        [[told], _] = xmlrpc.client.loads(content)
        return Answer.of(told)

    def post(self, body: bytes, *, method: str = "POST", **fields: str) -> tuple[int, bytes]:
        headers = {} if self._content_type is None else {"Content-Type": self._content_type}
        self._connection.request(method, self.path, body, {**headers, **fields})
        response = self._connection.getresponse()
        return response.status, response.read()

    def post_chunks(self, chunks: list[bytes]) -> tuple[int, bytes]:
        """Send chunks as they are in the chunked coding."""
        headers = {"Content-Type": "text/xml", "Transfer-Encoding": "chunked"}
        self._connection.request("POST", self.path, iter(chunks), headers, encode_chunked=False)
        response = self._connection.getresponse()
        return response.status, response.read()

    # The ten calls, with as much as the API says has to be sent

    def get_version(self) -> Answer:
        return self.call("GetVersion", {})

    def list_resources(self, credentials: Any, **options: Any) -> Answer:
        return self.call("ListResources", credentials, {"geni_rspec_version": GENI_3, **options})

    def describe(self, urns: list[str], credentials: Any, **options: Any) -> Answer:
        return self.call("Describe", urns, credentials, {"geni_rspec_version": GENI_3, **options})

    def allocate(self, slice_urn: str, credentials: Any, rspec: str, **options: Any) -> Answer:
        return self.call("Allocate", slice_urn, credentials, rspec, options)

    def provision(self, urns: list[str], credentials: Any, **options: Any) -> Answer:
        return self.call("Provision", urns, credentials, {"geni_rspec_version": GENI_3, **options})

    def status(self, urns: list[str], credentials: Any, **options: Any) -> Answer:
        return self.call("Status", urns, credentials, options)

    def act(self, urns: list[str], credentials: Any, action: str, **options: Any) -> Answer:
        return self.call("PerformOperationalAction", urns, credentials, action, options)

    def renew(self, urns: list[str], credentials: Any, until: Any, **options: Any) -> Answer:
        return self.call("Renew", urns, credentials, until, options)

    def delete(self, urns: list[str], credentials: Any, **options: Any) -> Answer:
        return self.call("Delete", urns, credentials, options)

    def shutdown(self, slice_urn: str, credentials: Any, **options: Any) -> Answer:
        return self.call("Shutdown", slice_urn, credentials, options)
