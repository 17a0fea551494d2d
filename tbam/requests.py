"""What was asked for, as it stands in the database. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from netconfig.gateway import ControllerProxy
from reservation.model import TimeSlot
from tbam.values import IslandRequest, Project, Vlan


def dump_request(request: IslandRequest, *, login: bool) -> dict[str, Any]:
    """JSON values of a request, without its slice and its aggregate, which stand beside it.

    `login` is what the island's settings said of it: whether users are let in to the gateway.
    """
    slot = request.slot
    return {
        "slot": None if slot is None else [slot.start.isoformat(), slot.end.isoformat()],
        "vlans": [[vlan.ofelia, vlan.alien] for vlan in request.vlans],
        "controller": [request.controller.host, request.controller.port],
        "project": [request.project.id, request.project.name],
        "login": login,
    }


def load_request(stored: Mapping[str, Any], *, slice_urn: str, aggregate: str) -> IslandRequest:
    """The request that `dump_request` stored."""
    host, port = stored["controller"]
    id_, name = stored["project"]
    return IslandRequest(
        aggregate=aggregate,
        slice_urn=slice_urn,
        slot=asked_slot(stored),
        vlans=tuple(Vlan(ofelia, alien) for ofelia, alien in stored["vlans"]),
        controller=ControllerProxy(host, port),
        project=Project(id_, name),
    )


def asked_login(stored: Mapping[str, Any]) -> bool:
    """Whether users are let in to the gateway."""
    return bool(stored.get("login", True))


def asked_slot(stored: Mapping[str, Any]) -> TimeSlot | None:
    """The slot as it was asked for: a start that was in the past by seconds is another in the calendar."""
    if stored["slot"] is None:
        return None
    start, end = cast("list[str]", stored["slot"])
    return TimeSlot(datetime.fromisoformat(start), datetime.fromisoformat(end))
