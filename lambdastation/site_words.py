"""The words of a site file: bandwidths, addresses, ports, durations and names, as pydantic reads them."""

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from lambdastation.bandwidth import parse_bandwidth
from lambdastation.flow_words import PortWord, parse_network, parse_ports
from lambdastation.subjects import parse_subject
from netconfig.intent import IpNetwork, SequenceRange

_CODE_POINTS = re.compile(r"([0-9]{1,2})(?: *- *([0-9]{1,2}))?")
_DURATION = re.compile(r"-?P[0-9.DWTHMS]+")

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
StationWord = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,16}$")]
Url = Annotated[str, Field(max_length=255, pattern=r"^https://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~/-]*)?$")]
"""Where a station is: https, a host, a port and a path, and nothing secret."""
Domain = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$")]
"""What stands in the names of a site's hosts: fnal.gov, or just fnal."""
Object = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._:/-]{0,62}$")]
"""The device's own name of an interface, access list or route map."""


def _bandwidth(given: object) -> int:
    match given:
        case bool():
            pass
        case int() | str():
            return parse_bandwidth(str(given))
    raise ValueError("a bandwidth is written 5G, 500M or in plain bits per second")


def _prefix(given: object) -> IpNetwork:
    match given:
        case str():
            return parse_network(given)
        case IPv4Network() | IPv6Network():
            return given
    raise ValueError("addresses are written 192.0.2.0/24 or 2001:db8::/32")


def _ports(given: object) -> tuple[PortWord, ...]:
    match given:
        case str():
            return parse_ports(given)
    raise ValueError("ports are written tcp eq 25, tcp range 5000-6000, udp le 3200 or tcp")


def _sequences(given: object) -> SequenceRange:
    match given:
        case SequenceRange():
            return given
        case [int(first), int(last)]:
            return SequenceRange(first, last)
        case _:
            raise ValueError("a range of sequence numbers is written [1000, 1999]")


def _code_points(given: object) -> tuple[int, ...]:
    words = list(given) if isinstance(given, (list, tuple)) else [given]
    found: set[int] = set()
    for word in words:
        range_ = None if isinstance(word, bool) else _CODE_POINTS.fullmatch(str(word).strip())
        first, last = (0, -1) if range_ is None else (int(range_[1]), int(range_[2] or range_[1]))
        if not first <= last <= 63:
            raise ValueError("code points are written 48-55, or [8, 16-23]; they are 0 to 63")
        found.update(range(first, last + 1))
    if not found:
        raise ValueError("a pool has at least one code point; leave the key out for none")
    return tuple(sorted(found))


def _duration(given: object) -> object:
    match given:
        case timedelta():
            return given
        case str() if _DURATION.fullmatch(given):
            return given
    raise ValueError("a duration is written P30D, PT12H or PT600S")


def _positive(given: timedelta) -> timedelta:
    if given <= timedelta(0):
        raise ValueError("a duration is longer than nothing")
    return given


def _subject(given: str) -> str:
    parse_subject(given)
    return given


def _without_zone(address: IPv6Address) -> IPv6Address:
    if address.scope_id is not None:
        raise ValueError(f"a next hop is written without a zone: {str(address).partition('%')[0]}")
    return address


Bandwidth = Annotated[
    int,
    BeforeValidator(_bandwidth),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?[kKmMgGtT]?$"},
                {"type": "integer", "minimum": 1},
            ]
        }
    ),
]
"""Bits per second, written `10G`, `100M` or plain."""
Prefix = Annotated[IpNetwork, BeforeValidator(_prefix), WithJsonSchema({"type": "string"})]
NextHopIpv6 = Annotated[IPv6Address, AfterValidator(_without_zone)]
Ports = Annotated[tuple[PortWord, ...], BeforeValidator(_ports), WithJsonSchema({"type": "string"})]
Sequences = Annotated[
    SequenceRange,
    BeforeValidator(_sequences),
    WithJsonSchema(
        {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2}
    ),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_positive),
    WithJsonSchema({"type": "string", "format": "duration"}),
]
Subject = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_subject)]
Dscp = Annotated[int, Field(ge=0, le=63, strict=True)]
_CODE_POINTS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 63},
        {"type": "string", "pattern": r"^[0-9]{1,2}( *- *[0-9]{1,2})?$"},
    ]
}
DscpPool = Annotated[
    tuple[int, ...],
    BeforeValidator(_code_points),
    WithJsonSchema(
        {
            "anyOf": [
                *_CODE_POINTS_SCHEMA["anyOf"],
                {"type": "array", "items": _CODE_POINTS_SCHEMA, "minItems": 1},
            ]
        }
    ),
]
"""Code points, each once and in order, written `48-55` or `[8, 16-23]`."""
