"""Slivers on a terminal."""

from collections.abc import Sequence

from pathservice.cli.screen import console, plain, show_table, show_time
from tbam.values import Allocation, Operational, Sliver, Vlan

_COLOURS = {Operational.READY: "green", Operational.FAILED: "bold red"}


def show_slivers(slivers: Sequence[Sliver]) -> None:
    """A line each."""
    columns = ("island", "state", "from", "until", "expires", "slice", "sliver")
    rows = [
        (
            one.aggregate,
            state_of(one),
            show_time(one.slot.start),
            show_time(one.slot.end),
            show_time(one.expires_at),
            one.slice_urn,
            one.sliver_urn,
        )
        for one in slivers
    ]
    show_table(columns, rows, empty="no slivers")


def state_of(sliver: Sliver) -> str:
    """Both states in a few words."""
    word = sliver.allocation.removeprefix("geni_")
    if sliver.allocation is Allocation.PROVISIONED:
        word += f", {'stopped' if sliver.stopped else sliver.operational.removeprefix('geni_')}"
    return word


def show_sliver(sliver: Sliver) -> None:
    """All of it."""
    colour = _COLOURS.get(sliver.operational, "yellow")
    console().print(f"[bold]{sliver.aggregate}[/] [{colour}]{state_of(sliver)}[/]")
    fields = {
        "slice": sliver.slice_urn,
        "sliver": sliver.sliver_urn,
        "owner": f"{sliver.owner.urn} ({sliver.owner.subject})",
        "from": show_time(sliver.slot.start),
        "until": show_time(sliver.slot.end),
        "expires": show_time(sliver.expires_at),
        "controller": str(sliver.request.controller),
        "VLANs": ", ".join(map(_vlan, sliver.request.vlans)) or "none",
        "project": f"{sliver.request.project.name} ({sliver.request.project.id})",
    }
    if sliver.error:
        fields["error"] = sliver.error
    for label, value in fields.items():
        console().print(f"  [dim]{label:11}[/]", end="")
        console().print(plain(value), markup=False)


def _vlan(vlan: Vlan) -> str:
    outside = "not set" if vlan.ofelia is None else str(vlan.ofelia)
    return f"{outside} \N{LEFT RIGHT ARROW} {vlan.alien or 'untagged'}"
