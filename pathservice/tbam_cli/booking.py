"""`tbam allocate | provision | renew | delete | reopen`: by hand, for who sits at the machine."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from netconfig.gateway import ControllerProxy, UserAccess, VlanMap, VlanPair
from pathservice.cli import options
from pathservice.cli.operator import audited
from pathservice.cli.screen import console, plain, show_json
from pathservice.tbam_cli.opening import Island, Urns, islands, parse_length
from pathservice.tbam_cli.telling import show_sliver, show_slivers
from reservation.model import TimeSlot
from tbam.rspec import LARGEST, read_request
from tbam.values import IslandRequest, Owner, Project, Sliver, Vlan

_UNTAGGED = 0


def allocate(
    slice_urn: Annotated[str, typer.Argument(help="The slice's URN.", metavar="URN")],
    start: Annotated[
        datetime | None,
        typer.Option("--from", help="When it begins. Else now.", parser=options.parse_time, metavar="TIME"),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option("--until", help="When it ends.", parser=options.parse_time, metavar="TIME"),
    ] = None,
    length: Annotated[
        timedelta | None,
        typer.Option("--for", help="How long instead: 90m, 2h, 1d.", parser=parse_length, metavar="LENGTH"),
    ] = None,
    controller: Annotated[
        str | None, typer.Option(help="The OpenFlow controller, as host:port.", metavar="HOST:PORT")
    ] = None,
    vlan: Annotated[
        list[str] | None,
        typer.Option(
            help="Frames of an OFELIA VLAN are those of an ALIEN one, as 30:20 or 10:untagged; repeatable.",
            metavar="OFELIA:ALIEN",
        ),
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Whose members may log in to the gateway.", metavar="ID:NAME")
    ] = None,
    rspec: Annotated[
        Path | None,
        typer.Option(help="A request RSpec that says all this instead.", exists=True, dir_okay=False),
    ] = None,
    island: Island = None,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """Take an island for a slice, or change what the slice has of it. It lapses unless provisioned."""
    with islands(state, database, site) as (assembly, manager):
        now = assembly.clock.now()
        slot = _slot(start, end, length, now)
        if rspec is not None:
            if controller or vlan or project:
                raise typer.BadParameter("--rspec says the controller, the VLANs and the project")
            request = _from_file(rspec)
        else:
            request = _from_options(controller, vlan or [], project)
        request = replace(request, aggregate=island or request.aggregate, slot=slot or request.slot)
        with audited(assembly, "Allocate") as who:
            owner = Owner(f"urn:publicid:IDN+{manager.settings.authority}+user+operator", who)
            latest = now + manager.settings.horizon
            sliver = manager.reserve_aggregate(slice_urn, request, owner=owner, latest=latest)
    _show([sliver], as_json)


def provision(
    urns: Urns,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """Make what is allocated firm: the gateway is changed when the slot begins."""
    with islands(state, database, site) as (assembly, manager), audited(assembly, "Provision") as who:
        asked = manager.resolve(urns)
        found = manager.approve_aggregate(asked.slice_urn, sliver_urns=asked.sliver_urns, by=who)
    _show(found, as_json)


def renew(
    urns: Urns,
    until: Annotated[
        datetime,
        typer.Option("--until", help="When it shall expire.", parser=options.parse_time, metavar="TIME"),
    ],
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """Let slivers expire at another time; past the end of the slot that is extended."""
    with islands(state, database, site) as (assembly, manager), audited(assembly, "Renew"):
        asked = manager.resolve(urns)
        latest = assembly.clock.now() + manager.settings.horizon
        found = manager.renew(asked.slice_urn, until=until, latest=latest, sliver_urns=asked.sliver_urns)
    _show(found, as_json)


def delete(
    urns: Urns,
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
    as_json: options.Json = False,
) -> None:
    """End slivers, running or not; the gateway goes back to its defaults."""
    with islands(state, database, site) as (assembly, manager), audited(assembly, "Delete") as who:
        asked = manager.resolve(urns)
        found = manager.delete_aggregate(asked.slice_urn, sliver_urns=asked.sliver_urns, by=who)
    if as_json:
        show_json(found)
    else:
        show_slivers(found)


def reopen(
    slice_urn: Annotated[str, typer.Argument(help="The slice's URN.", metavar="URN")],
    state: options.State = None,
    database: options.Database = None,
    site: options.Site = None,
) -> None:
    """Take a Shutdown back: the slice may allocate anew. What it had is gone."""
    with islands(state, database, site) as (assembly, manager), audited(assembly, "Reopen") as who:
        manager.reopen(slice_urn, by=who)
    console().print(plain(f"{slice_urn} may allocate again"), markup=False)


def _show(slivers: list[Sliver] | tuple[Sliver, ...], as_json: bool) -> None:
    if as_json:
        show_json(slivers)
        return
    for sliver in slivers:
        show_sliver(sliver)


def _slot(
    start: datetime | None, end: datetime | None, length: timedelta | None, now: datetime
) -> TimeSlot | None:
    if end is not None and length is not None:
        raise typer.BadParameter("say either --until or --for")
    if end is None and length is None:
        if start is not None:
            raise typer.BadParameter("--from needs --until or --for")
        return None
    begin = start or now
    try:
        last = begin + length if length is not None else end
    except OverflowError as error:
        raise typer.BadParameter("--for ends after the last year there is") from error
    if last is None or last <= begin:
        raise typer.BadParameter("--until is not after the start")
    return TimeSlot(begin, last)


def _from_file(path: Path) -> IslandRequest:
    try:
        with path.open(encoding="utf-8") as file:
            return read_request(file.read(LARGEST + 1))
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} cannot be read: {error}") from error


def _from_options(controller: str | None, vlans: list[str], project: str | None) -> IslandRequest:
    if controller is None or project is None:
        raise typer.BadParameter("say --controller and --project, or --rspec")
    id_, _, name = project.partition(":")
    if not (id_ and name):
        raise typer.BadParameter("a project is written ID:NAME")
    try:
        pairs = tuple(map(_vlan, vlans))
        if chosen := tuple(VlanPair(one.ofelia, one.alien) for one in pairs if one.ofelia is not None):
            VlanMap(chosen)
        asked = Project(id_, name)
        UserAccess(asked.group)
        return IslandRequest(None, None, None, pairs, ControllerProxy.parse(controller), asked)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _vlan(text: str) -> Vlan:
    outside, _, inside = text.partition(":")
    try:
        alien = _UNTAGGED if inside == "untagged" else int(inside)
        return Vlan(int(outside), alien)
    except ValueError as error:
        raise ValueError(f"VLANs are written OFELIA:ALIEN, as 30:20 or 10:untagged, not {text!r}") from error
