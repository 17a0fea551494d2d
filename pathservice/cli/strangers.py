"""`pathservice devices purge` and `abandon`: what only an operator can say is to go."""

import time
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.syntax import Syntax
from sqlalchemy.orm import Session

from activation.abandon import abandon as abandon_device
from activation.devices import view_changes, view_devices
from activation.evictions import NoStranger, order_eviction, strange_fingerprint
from netconfig.driver import Plan
from pathservice.assembly import Assembly, SetupError
from pathservice.cli import options
from pathservice.cli.hand import Yes
from pathservice.cli.looking import look
from pathservice.cli.operator import audited
from pathservice.cli.screen import console, plain
from reservation.moves import HIGHEST_ID

Name = Annotated[str, typer.Argument(help="The device's name in the site file.")]
Number = Annotated[
    int, typer.Argument(help="The number in the objects' names: 42 of LS-FNAL-42.", min=0, max=HIGHEST_ID)
]
LOOK_EVERY_SECONDS = 0.5


def purge(
    name: Name,
    number: Number,
    yes: Yes = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for a worker to do it.", min=0)] = 60,
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """Take a stranger's objects off a device: named like ours, and not put there by this database."""
    with look(state, database, site) as assembly:
        require_device(assembly, name)
        plan = _eviction(assembly, name, number)
        console().print(Syntax(str(plan), "text", background_color="default"))
        console().print(
            "Permits in access lists of the site's carry no number: look for left-overs there by hand.",
            style="dim",
        )
        if not yes:
            typer.confirm(f"Have these lines sent to {name}?", abort=True)
        with audited(assembly, "purge", device=name, ticket_id=number):
            assembly.store.write(lambda session: order_eviction(session, name, number))
        if _wait_for(assembly, name, number, seconds=wait):
            console().print(f"{name} carries nothing named for reservation {number} any more", markup=False)
            return
        _tell_why_not(assembly, name)
    raise typer.Exit(1)


def abandon(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; it is kept with every ticket that ends for it.")],
    yes: Yes = False,
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """Give up a device that will never come back: what is on it counts as gone, running tickets fail."""
    with look(state, database, site) as assembly:
        found = {device.name: device for device in assembly.store.read(view_devices)}
        if name not in found:
            raise SetupError(
                f"there is no device {name} in the database; there are {', '.join(sorted(found))}"
            )
        if not yes:
            typer.confirm(
                f"{name} has {found[name].live_parts} parts of tickets that are booked or run. "
                "Say for good that none of it will ever be taken off?",
                abort=True,
            )
        with audited(assembly, "abandon", device=name, reason=reason) as who:
            done = assembly.store.write(
                lambda s: abandon_device(s, name, now=assembly.clock.now(), actor=who, reason=plain(reason))
            )
    for numbers, words in (
        (done.released, "released"),
        (done.leaving, "taken off their other devices first"),
        (done.failed, "failed, and taken off their other devices"),
        (done.booked, "still booked: cancel them, or have another router of that name by then"),
    ):
        if numbers:
            console().print(f"tickets {', '.join(map(str, numbers))}: {words}", markup=False)
    console().print(
        f"{name} is abandoned, and in maintenance: nothing is sent to it. Take it out of the site file, or "
        "end the maintenance when another router stands in its place",
        markup=False,
    )


def require_device(assembly: Assembly, name: str) -> None:
    """Return if the site file has that device.

    Raises:
        SetupError: it has not; the message names those it has.
    """
    if name not in assembly.devices:
        raise SetupError(
            f"there is no device {name} in the site file; there are {', '.join(sorted(assembly.devices))}"
        )


def _eviction(assembly: Assembly, name: str, number: int) -> Plan:
    """What would be sent.

    Raises:
        NoStranger: nothing of that number is there that a worker may take off.
        SetupError: the device is a dry run.
    """
    if assembly.devices[name].dry_run:
        raise SetupError(f"{name} is a dry run: it is never configured")
    driver = assembly.driver(name)
    try:
        actual = driver.read()
        fingerprint = assembly.store.read(lambda session: strange_fingerprint(session, name, actual, number))
        plan = driver.evict(actual, number, database=fingerprint)
    finally:
        driver.close()
    if not plan:
        raise NoStranger(f"nothing of reservation {number} on {name} can be told from what is the site's")
    return plan


def _wait_for(assembly: Assembly, name: str, number: int, *, seconds: float) -> bool:
    latest = time.monotonic() + seconds
    while number in assembly.store.read(lambda session: _ordered(session, name)):
        if time.monotonic() > latest:
            return False
        time.sleep(LOOK_EVERY_SECONDS)
    return True


def _ordered(session: Session, name: str) -> Sequence[int]:
    return next(device.evictions for device in view_devices(session) if device.name == name)


def _tell_why_not(assembly: Assembly, name: str) -> None:
    (device,) = (device for device in assembly.store.read(view_devices) if device.name == name)
    last = assembly.store.read(lambda session: view_changes(session, name, limit=1))
    why = device.error or (str(device.pause) if device.pause else "no worker has come to it")
    console().print(f"ordered, and not done yet: {plain(why)}", markup=False)
    if last and device.error:
        console().print(last[0].transcript.rstrip(), markup=False, style="dim")
