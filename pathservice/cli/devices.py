"""`pathservice devices`: what the routers carry and should carry."""

import difflib
from typing import Annotated

import typer
from rich.syntax import Syntax

from activation.devices import DeviceView, NextHopView, view_changes
from activation.preview import Preview, preview
from pathservice.assembly import Assembly
from pathservice.cli import options
from pathservice.cli.adoption import adopt
from pathservice.cli.hand import maintenance
from pathservice.cli.looking import look
from pathservice.cli.screen import console, plain, show_json, show_table, show_time
from pathservice.cli.strangers import abandon, purge, require_device
from reservation import service
from reservation.lifecycle import FINAL

Name = Annotated[str, typer.Argument(help="The device's name in the site file.")]
AsIf = Annotated[
    int | None,
    typer.Option("--ticket", min=1, max=2**31 - 1, help="Plan as if this ticket were active."),
]


def group() -> typer.Typer:
    """The commands of `pathservice devices`."""
    commands = typer.Typer(help="What the routers carry and should carry.", no_args_is_help=True)
    commands.command()(show)
    commands.command()(plan)
    commands.command()(diff)
    commands.command()(maintenance)
    commands.command()(adopt)
    commands.command()(purge)
    commands.command()(abandon)
    return commands


def show(
    name: Annotated[str | None, typer.Argument(help="One device, with its last pushes.")] = None,
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
    as_json: options.Json = False,
) -> None:
    """Every device, or one: in sync or not, since when, and what is wrong."""
    with look(state, database, site) as assembly:
        found = assembly.device_views()
        if name is not None:
            found = tuple(device for device in found if device.name == name)
            require_device(assembly, name)
        changes = assembly.store.read(lambda session: view_changes(session, name)) if name is not None else ()
    if as_json:
        show_json({"devices": found, "changes": changes} if name else found)
        return
    for pause in dict.fromkeys(device.pause for device in found):
        if pause is not None and pause.device is None:
            console().print(f"{plain(str(pause))}\n", markup=False, style="bold")
    columns = ("device", "platform", "state", "read", "worker", "what is wrong")
    show_table(columns, [_row(device) for device in found], empty="no devices")
    hops = [_hop(device.name, hop) for device in found for hop in device.next_hops]
    if hops:
        console().print()
        show_table(("device", "next hop", "now", "told", "asked"), hops, empty="")
    for device in found:
        for stranger in device.strangers:
            console().print(f"{device.name}: not ours, left alone: {stranger}", markup=False)
    for change in reversed(changes):
        tickets = ", ".join(map(str, change.reservations)) or "none"
        took = "" if change.duration_ms is None else f" in {change.duration_ms} ms"
        how = "rehearsed, nothing was sent" if change.dry_run else f"{change.outcome or 'cut short'}{took}"
        console().print(f"\n{show_time(change.at)}  tickets {tickets}: {how}")
        console().print(change.transcript.rstrip() or change.plan.rstrip(), markup=False, style="dim")


def plan(
    name: Name,
    ticket: AsIf = None,
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """The lines that would be sent to a device now. Nothing is sent."""
    found = _preview(options.settings(state=state, site=site, database=database), name, ticket)
    for stranger in found.plan.strangers:
        console().print(f"not ours, left alone: {stranger}", markup=False)
    if not found.plan:
        console().print(f"{name} carries what it should: nothing to do")
        return
    console().print(Syntax(str(found.plan), "text", background_color="default"))


def diff(
    name: Name,
    ticket: AsIf = None,
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """What a device carries against what it should, as a diff. Exit status 1 if they differ."""
    found = _preview(options.settings(state=state, site=site, database=database), name, ticket)
    lines = difflib.unified_diff(
        found.actual.text.splitlines(),
        found.desired.text.splitlines(),
        f"{name} carries",
        f"{name} should carry",
        "",
        "",
        3,
        "",
    )
    text = "\n".join(lines)
    if not found.plan:
        console().print(f"{name} carries what it should")
        return
    console().print(Syntax(text, "diff", background_color="default"))
    raise typer.Exit(1)


def _preview(settings: object, name: str, ticket: int | None) -> Preview:
    with Assembly(settings, looking=True) as assembly:  # type: ignore[arg-type]
        require_device(assembly, name)
        if ticket is not None:
            _require_going(assembly, ticket)
        driver = assembly.driver(name)
        try:
            return preview(assembly.store, name, driver, as_if=ticket)
        finally:
            driver.close()


def _hop(device: str, hop: NextHopView) -> tuple[str, ...]:
    if hop.down_since is not None:
        now = f"does not answer since {show_time(hop.down_since)}"
    else:
        now = "cannot be told" if hop.told_at is None else "answers"
    return (device, hop.address, now, show_time(hop.told_at), show_time(hop.asked_at))


def _require_going(assembly: Assembly, number: int) -> None:
    state = assembly.store.read(lambda session: service.get(session, number)).state
    if state in FINAL:
        # Or its plan would be empty, as if the device carried it.
        raise typer.BadParameter(f"{number} is {state}: nothing will carry it", param_hint="--ticket")


def _row(device: DeviceView) -> tuple[str, ...]:
    state = "in sync" if device.in_sync else "to be done"
    if device.dry_run:
        state += ", dry run"
    wrong = f"{device.error_code}: {device.error}" if device.error_code else ""
    if device.next_attempt_at is not None and device.error_code:
        wrong += f" (again {show_time(device.next_attempt_at)})"
    if device.pause is not None and device.pause.device is not None:
        wrong = "; ".join(filter(None, (wrong, str(device.pause))))
    elif device.pause is not None and not device.in_sync:
        wrong = "; ".join(filter(None, (wrong, "held back")))
    return (device.name, device.platform, state, show_time(device.read_at), device.worker or "-", wrong)
