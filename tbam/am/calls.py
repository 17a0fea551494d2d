"""The ten calls: who asks is found out first, then what is chosen, then what is wanted.

Whoever holds no good credential learns nothing but that; which slivers there are is asked only after.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tbam.am.answers import missing_struct, packed, sliver_structs, version
from tbam.am.arguments import Arguments
from tbam.am.options import Options, read_options
from tbam.am.slots import slot_of, timed
from tbam.am.wire import Value
from tbam.credentials import Call, Grant, TrustedRoots, authorize
from tbam.errors import BadArgs, TbamError, Unavailable, Unsupported
from tbam.manager import IslandManager
from tbam.rspec import read_request, write_advertisement, write_manifest
from tbam.values import Action, Owner, Sliver

_CREDENTIALED = {call.method: call for call in Call}
_ONE_BY_ONE = frozenset({"Provision", "PerformOperationalAction", "Renew", "Delete"})
"""The calls that know `geni_best_effort`."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a call came to.

    Attributes:
        value: for the client.
        slivers: those it tells of.
    """

    value: Value
    slivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A call whose asker may make it.

    Attributes:
        slice_urn: the slice it is about; empty for ListResources.
        sliver_urns: those that were named; none for all of the slice.
        missing: those that were named and are not there, where the others may go on without them.
    """

    arguments: Arguments
    options: Options
    grant: Grant
    slice_urn: str
    sliver_urns: tuple[str, ...]
    missing: tuple[str, ...] = ()

    @property
    def by(self) -> str:
        """Who asks, for the log of moves."""
        return str(self.grant.owner)


class TenCalls:
    """GENI AM API v3 on one site's islands. Safe to call from any number of threads."""

    def __init__(
        self,
        islands: Callable[[], IslandManager | None],
        trust: TrustedRoots,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        """`islands` answers the site's as it is served now; None where that has none."""
        self._islands = islands
        self._trust = trust
        self._clock = clock
        self._handlers: Mapping[str, Callable[[Asked], Done]] = {
            "ListResources": self._list_resources,
            "Describe": self._describe,
            "Allocate": self._allocate,
            "Provision": self._provision,
            "Status": self._status,
            "PerformOperationalAction": self._perform_operational_action,
            "Renew": self._renew,
            "Delete": self._delete,
            "Shutdown": self._shutdown,
        }

    def _manager(self) -> IslandManager:
        islands = self._islands()
        if islands is None:
            raise Unavailable("this site has no islands to be booked")
        return islands

    def get_version(self, arguments: Arguments, *, url: str) -> Done:
        """What this aggregate manager is; everybody may ask.

        Raises:
            BadArgs: an option is not of its type.
            Unavailable: the site has no islands.
        """
        read_options(arguments.options)
        self._manager()
        return Done(version(url))

    def admit(self, method: str, arguments: Arguments, *, client: bytes) -> Asked:
        """Find out who asks, and what for. `client` is the TLS client's certificate in DER.

        Raises:
            CredentialError, Forbidden, MissingArgs: the client may not.
            BadArgs: an option is not of its type.
            IslandRMNotAllocated: a sliver that is named is not there.
        """
        slice_urn = arguments.slice_urn
        sliver_urns: tuple[str, ...] = ()
        missing: tuple[str, ...] = ()
        if arguments.names_slivers:
            # Which slivers there are is told to nobody without any credential.
            self._authorize(Call.LIST_RESOURCES, arguments, client, None)
            best_effort = method in _ONE_BY_ONE and read_options(arguments.options).best_effort
            resolved = self._manager().resolve(arguments.urns, best_effort=best_effort)
            slice_urn, sliver_urns, missing = resolved.slice_urn, resolved.sliver_urns, resolved.missing
        elif arguments.urns:
            slice_urn = arguments.urns[0]
        grant = self._authorize(_CREDENTIALED[method], arguments, client, slice_urn or None)
        return Asked(arguments, read_options(arguments.options), grant, slice_urn, sliver_urns, missing)

    def carry_out(self, method: str, asked: Asked) -> Done:
        """Do what is asked for. Raises TbamError."""
        return self._handlers[method](asked)

    def _authorize(self, call: Call, arguments: Arguments, client: bytes, slice_urn: str | None) -> Grant:
        return authorize(
            arguments.credentials,
            client=client,
            call=call,
            slice_urn=slice_urn,
            trust=self._trust,
            now=self._clock(),
        )

    def _list_resources(self, asked: Asked) -> Done:
        asked.options.require_rspec_version()
        islands = self._manager().islands()
        wanted = [island for island in islands if island.available or not asked.options.available]
        rspec = write_advertisement(wanted, now=self._clock())
        return Done(packed(rspec, compressed=asked.options.compressed))

    def _describe(self, asked: Asked) -> Done:
        asked.options.require_rspec_version()
        slivers = self._manager().slivers(asked.slice_urn, asked.sliver_urns)
        return _told(slivers, geni_urn=asked.slice_urn, geni_rspec=_manifest(asked, slivers))

    def _status(self, asked: Asked) -> Done:
        slivers = self._manager().slivers(asked.slice_urn, asked.sliver_urns)
        return _told(slivers, geni_urn=asked.slice_urn)

    def _allocate(self, asked: Asked) -> Done:
        request, end_by = timed(read_request(asked.arguments.rspec), asked.options, now=self._clock())
        owner = Owner(urn=asked.by, subject=asked.grant.owner_subject)
        sliver = self._manager().reserve_aggregate(
            asked.slice_urn, request, owner=owner, latest=asked.grant.expires_at, end_by=end_by
        )
        return _told([sliver], geni_rspec=_manifest(asked, [sliver]))

    def _provision(self, asked: Asked) -> Done:
        asked.options.require_rspec_version()
        start, end = asked.options.start_time, asked.options.end_time
        slot = None if start is None or end is None else slot_of(start, end)

        def provision(sliver_urns: Sequence[str]) -> Sequence[Sliver]:
            return self._manager().approve_aggregate(
                asked.slice_urn,
                sliver_urns=sliver_urns,
                slot=slot,
                latest=asked.grant.expires_at,
                end_by=end if slot is None else None,
                by=asked.by,
            )

        slivers = self._each(asked, provision)
        structs = self._structs(asked, slivers)
        return Done({"geni_rspec": _manifest(asked, slivers), "geni_slivers": structs}, _urns(slivers))

    def _perform_operational_action(self, asked: Asked) -> Done:
        action = _action(asked.arguments.action)
        return self._listed(
            asked,
            self._each(
                asked,
                lambda urns: self._manager().act(asked.slice_urn, action, sliver_urns=urns, by=asked.by),
            ),
        )

    def _renew(self, asked: Asked) -> Done:
        until = asked.arguments.expiration_time
        if until is None:
            raise BadArgs("expiration_time is missing", field="expiration_time")

        def renew(sliver_urns: Sequence[str]) -> Sequence[Sliver]:
            return self._manager().renew(
                asked.slice_urn,
                until=until,
                latest=asked.grant.expires_at,
                sliver_urns=sliver_urns,
                extend_alap=asked.options.extend_alap,
            )

        return self._listed(asked, self._each(asked, renew))

    def _delete(self, asked: Asked) -> Done:
        return self._listed(
            asked,
            self._each(
                asked,
                lambda urns: self._manager().delete_aggregate(asked.slice_urn, sliver_urns=urns, by=asked.by),
            ),
        )

    def _shutdown(self, asked: Asked) -> Done:
        self._manager().shutdown(asked.slice_urn, by=asked.by)
        return Done(True)

    def _each(self, asked: Asked, verb: Callable[[Sequence[str]], Sequence[Sliver]]) -> Sequence[Sliver]:
        """All slivers or none; with `geni_best_effort` one by one, those that cannot be with the reason.

        Where none can be, the first reason is the call's.
        """
        if not asked.options.best_effort:
            return verb(asked.sliver_urns)
        told: list[Sliver] = []
        problems: list[TbamError] = []
        slivers = self._manager().slivers(asked.slice_urn, asked.sliver_urns)
        for sliver in slivers:
            try:
                told += verb([sliver.sliver_urn])
            except TbamError as error:
                problems.append(error)
                told.append(replace(sliver, error=str(error)))
        if len(problems) == len(slivers):
            raise problems[0]
        return told

    def _listed(self, asked: Asked, slivers: Sequence[Sliver]) -> Done:
        return Done(self._structs(asked, slivers), _urns(slivers))

    def _structs(self, asked: Asked, slivers: Sequence[Sliver]) -> list[Value]:
        now = self._clock()
        return [*sliver_structs(slivers), *(missing_struct(urn, now=now) for urn in asked.missing)]


def _action(word: str) -> Action:
    try:
        return Action(word)
    except ValueError as error:
        raise Unsupported(
            f"there is no action {word[:80]!r}; there are {', '.join(Action)}", field="action"
        ) from error


def _manifest(asked: Asked, slivers: Sequence[Sliver]) -> str:
    return packed(write_manifest(slivers), compressed=asked.options.compressed)


def _told(slivers: Sequence[Sliver], **more: Value) -> Done:
    return Done({**more, "geni_slivers": sliver_structs(slivers)}, _urns(slivers))


def _urns(slivers: Sequence[Sliver]) -> tuple[str, ...]:
    return tuple(sliver.sliver_urn for sliver in slivers)
