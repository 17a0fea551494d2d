"""The struct `options` that every call has: what is known is checked, what is not is ignored (API). Pure."""

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from tbam.am.answers import RSPEC_TYPE, RSPEC_VERSION
from tbam.am.wire import Value
from tbam.errors import BadArgs, BadVersion

_LOWEST_YEAR = 1000
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?"
    r" ?([Zz]|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class RspecVersion:
    """Which kind of RSpec is wanted."""

    type: str
    version: str

    @property
    def supported(self) -> bool:
        """Whether it is ours; the type is written in any case."""
        return self.type.upper() == RSPEC_TYPE and self.version == RSPEC_VERSION


@dataclass(frozen=True, slots=True)
class Options:
    """What a client chose, in the API's words without their `geni_`; times are aware UTC.

    `users` are checked and of no consequence: who may log in is said by the RSpec's project.
    """

    rspec_version: RspecVersion | None = None
    available: bool = False
    compressed: bool = False
    best_effort: bool = False
    extend_alap: bool = False
    start_time: datetime | None = None
    end_time: datetime | None = None
    users: tuple[str, ...] = ()

    def require_rspec_version(self) -> None:
        """Be sure that the RSpec of the answer is one the client reads.

        Raises:
            BadArgs: it was not said which.
            BadVersion: it is none of ours.
        """
        name = "geni_rspec_version"
        if self.rspec_version is None:
            raise BadArgs(
                f"{name} is missing from options: say {{type: {RSPEC_TYPE}, version: {RSPEC_VERSION}}}",
                field=name,
            )
        if not self.rspec_version.supported:
            raise BadVersion(
                f"{name}: RSpecs of type {RSPEC_TYPE} and version {RSPEC_VERSION} are spoken here, no others",
                field=name,
            )


def read_options(given: Value) -> Options:
    """Read the argument `options`. Raises BadArgs, naming the option that is not of its type."""
    if not isinstance(given, dict):
        raise BadArgs("options must be a struct", field="options")
    chosen = {}
    for field in fields(Options):
        name = f"geni_{field.name}"
        if name in given:
            chosen[field.name] = _READERS[field.name](name, given[name])
    return Options(**chosen)  # type: ignore[arg-type]


def read_moment(name: str, given: Value) -> datetime:
    """A time given as RFC 3339 text or XML-RPC's dateTime; without a zone it is UTC. Raises BadArgs."""
    if isinstance(given, datetime):
        return given
    match = _MOMENT.fullmatch(given.strip()) if isinstance(given, str) else None
    try:
        if match is not None:
            day, time, fraction, zone = match.groups()
            read = datetime.fromisoformat(f"{day}T{time}.{(fraction or '0')[:6]:0<6}{(zone or 'Z').upper()}")
            instant = read.astimezone(UTC)
            if instant.year >= _LOWEST_YEAR:
                return instant
    except (ValueError, OverflowError) as error:
        raise BadArgs(f"{name}: there is no such time", field=name) from error
    raise BadArgs(f"{name} must be a time as RFC 3339 writes it, 2026-02-20T15:45:00Z", field=name)


def _switch(name: str, given: Value) -> bool:
    if isinstance(given, bool) or (isinstance(given, int) and given in (0, 1)):
        return bool(given)
    raise BadArgs(f"{name} must be a boolean", field=name)


def _rspec_version(name: str, given: Value) -> RspecVersion:
    match given:
        case {"type": str() as kind, "version": str() | int() as version} if not isinstance(version, bool):
            return RspecVersion(kind, str(version))
    raise BadArgs(f"{name} must be a struct of two strings, type and version", field=name)


def _users(name: str, given: Value) -> tuple[str, ...]:
    if not isinstance(given, list):
        raise BadArgs(f"{name} must be a list of structs {{urn, keys}}", field=name)
    return tuple(_user(name, user) for user in given)


def _user(name: str, given: Value) -> str:
    match given:
        case {"urn": str() as urn, "keys": list() as keys} if all(isinstance(key, str) for key in keys):
            return urn
    raise BadArgs(f"{name}: each must be a struct with a string urn and a list of strings keys", field=name)


_READERS = {
    "rspec_version": _rspec_version,
    "available": _switch,
    "compressed": _switch,
    "best_effort": _switch,
    "extend_alap": _switch,
    "start_time": read_moment,
    "end_time": read_moment,
    "users": _users,
}
