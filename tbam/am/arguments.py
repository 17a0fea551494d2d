"""What each of the ten calls takes, and that what came is of that kind. Pure.

Only kinds are checked here: who may ask is found out before anything is looked at more closely.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tbam.am.options import read_moment
from tbam.am.wire import Value
from tbam.errors import BadArgs
from tbam.urn import BadUrn, Urn, parse_urn

MOST_URNS = 100

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "GetVersion": ("options",),
    "ListResources": ("credentials", "options"),
    "Describe": ("urns", "credentials", "options"),
    "Allocate": ("slice_urn", "credentials", "rspec", "options"),
    "Provision": ("urns", "credentials", "options"),
    "Status": ("urns", "credentials", "options"),
    "PerformOperationalAction": ("urns", "credentials", "action", "options"),
    "Renew": ("urns", "credentials", "expiration_time", "options"),
    "Delete": ("urns", "credentials", "options"),
    "Shutdown": ("slice_urn", "credentials", "options"),
}
"""The ten calls of GENI AM API v3, each with its parameters in their order."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """A call's parameters, those that it has.

    Attributes:
        urns: one slice, or one or more slivers, as they were written.
        credentials, options: still to be read.
    """

    slice_urn: str = ""
    urns: tuple[str, ...] = ()
    names_slivers: bool = False
    credentials: Value = None
    rspec: str = ""
    action: str = ""
    expiration_time: datetime | None = None
    options: Value = field(default_factory=dict)


def read_arguments(method: str, given: tuple[Value, ...]) -> Arguments:
    """The parameters of one of the ten calls; GetVersion's may be left out.

    Raises:
        BadArgs: there are too few or too many, or one is of another kind; it is named.
    """
    names = PARAMETERS[method]
    optional = method == "GetVersion" and not given
    if len(given) != len(names) and not optional:
        raise BadArgs(f"{method} takes {len(names)} parameters ({', '.join(names)}), {len(given)} were sent")
    read: dict[str, object] = {}
    for name, value in zip(names, given, strict=False):
        read[name] = _READERS[name](value)
    if "urns" in read:
        read["names_slivers"] = _names_slivers(read["urns"])  # type: ignore[arg-type]
    return Arguments(**read)  # type: ignore[arg-type]


def _slice_urn(value: Value) -> str:
    return str(_urn("slice_urn", value, kind="slice"))


def _urns(value: Value) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise BadArgs("urns must be a list: one slice, or one or more of its slivers", field="urns")
    if len(value) > MOST_URNS:
        raise BadArgs(f"urns may be {MOST_URNS}, {len(value)} were sent", field="urns")
    return tuple(str(_urn("urns", item)) for item in value)


def _names_slivers(urns: tuple[str, ...]) -> bool:
    """Whether they are slivers; else they are one slice."""
    kinds = {parse_urn(urn).type.lower() for urn in urns}
    if kinds == {"sliver"}:
        return True
    if kinds == {"slice"} and len(urns) == 1:
        return False
    raise BadArgs("urns: name one slice, or one or more slivers of one slice, and nothing else", field="urns")


def _urn(name: str, value: Value, kind: str | None = None) -> Urn:
    if not isinstance(value, str):
        raise BadArgs(f"{name} must be a string", field=name)
    try:
        return parse_urn(value, kind=kind)
    except BadUrn as error:
        raise BadArgs(f"{name}: {error}", field=name) from error


def _list(value: Value) -> Value:
    if not isinstance(value, list):
        raise BadArgs("credentials must be a list of structs", field="credentials")
    return value


def _struct(value: Value) -> Value:
    if not isinstance(value, dict):
        raise BadArgs("options must be a struct", field="options")
    return value


def _string(name: str) -> Callable[[Value], str]:
    def read(value: Value) -> str:
        if not isinstance(value, str):
            raise BadArgs(f"{name} must be a string", field=name)
        return value

    return read


_READERS: Mapping[str, Callable[[Value], object]] = {
    "slice_urn": _slice_urn,
    "urns": _urns,
    "credentials": _list,
    "rspec": _string("rspec"),
    "action": _string("action"),
    "expiration_time": lambda value: read_moment("expiration_time", value),
    "options": _struct,
}
