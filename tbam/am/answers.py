"""How the aggregate manager answers: the code structure around every value, and the structs within. Pure."""

import base64
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime

from tbam.am.wire import Value
from tbam.errors import GeniCode
from tbam.rspec import AD_SCHEMA, AGGREGATE, GENI, REQUEST_SCHEMA
from tbam.values import Allocation, Operational, Sliver

AM_TYPE = "tbam"
API_VERSION = 3
RSPEC_TYPE = "GENI"
RSPEC_VERSION = "3"


def success(value: Value) -> dict[str, Value]:
    """The answer to a call that was done."""
    return _answer(GeniCode.SUCCESS, value, "")


def versioned(answer: dict[str, Value]) -> dict[str, Value]:
    """GetVersion's answer, good or not: it says at the top as well which API this is."""
    return {"geni_api": API_VERSION, **answer}


def failure(code: GeniCode, sentence: str) -> dict[str, Value]:
    """The answer to one that was not; `value` is an empty string, as clients expect where there is none."""
    return _answer(code, "", sentence)


def _answer(code: GeniCode, value: Value, output: str) -> dict[str, Value]:
    return {
        "code": {"geni_code": int(code), "am_type": AM_TYPE, "am_code": int(code)},
        "value": value,
        "output": output,
    }


def version(url: str) -> dict[str, Value]:
    """The value of GetVersion for a client that reaches us at `url`."""
    return {
        "geni_api": API_VERSION,
        "geni_api_versions": {str(API_VERSION): url},
        "geni_request_rspec_versions": [_rspec(REQUEST_SCHEMA)],
        "geni_ad_rspec_versions": [_rspec(AD_SCHEMA)],
        "geni_credential_types": [{"geni_type": "geni_sfa", "geni_version": number} for number in ("2", "3")],
        # Slivers of a slice, one for each island, are allocated and provisioned one by one ...
        "geni_single_allocation": 0,
        # ... and Allocate may be called again, for another island or to change what is allocated.
        "geni_allocate": "geni_many",
        "geni_am_type": [AM_TYPE],
    }


def _rspec(schema: str) -> dict[str, Value]:
    return {
        "type": RSPEC_TYPE,
        "version": RSPEC_VERSION,
        "schema": schema,
        "namespace": GENI,
        "extensions": [AGGREGATE],
    }


def sliver_struct(sliver: Sliver) -> dict[str, Value]:
    """A sliver as all calls tell it."""
    return {
        "geni_sliver_urn": sliver.sliver_urn,
        "geni_allocation_status": str(sliver.allocation),
        "geni_operational_status": str(sliver.operational),
        "geni_expires": moment(sliver.expires_at),
        "geni_start_time": moment(sliver.slot.start),
        "geni_end_time": moment(sliver.slot.end),
        "geni_error": sliver.error,
    }


def missing_struct(sliver_urn: str, *, now: datetime) -> dict[str, Value]:
    """A sliver that was named beside others and is not there; its times are now."""
    return {
        "geni_sliver_urn": sliver_urn,
        "geni_allocation_status": str(Allocation.UNALLOCATED),
        "geni_operational_status": str(Operational.NOT_READY),
        **dict.fromkeys(("geni_expires", "geni_start_time", "geni_end_time"), moment(now)),
        "geni_error": "there is no such sliver",
    }


def sliver_structs(slivers: Sequence[Sliver]) -> list[Value]:
    """All of them, in their order."""
    return [sliver_struct(sliver) for sliver in slivers]


def moment(instant: datetime) -> str:
    """RFC 3339 in UTC, to the second below: some clients read no fractions."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def packed(rspec: str, *, compressed: bool) -> str:
    """An RSpec as it was asked for: as it is, or compressed by zlib (RFC 1950) and then in base64."""
    return base64.b64encode(zlib.compress(rspec.encode())).decode("ascii") if compressed else rspec
