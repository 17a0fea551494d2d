"""`pathservice freeze` and `thaw`, `pathservice devices maintenance`: nothing is pushed for a while."""

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from activation.devices import pushes_under_way, view_devices
from pathservice.assembly import Assembly
from pathservice.cli import options
from pathservice.cli.looking import look
from pathservice.cli.operator import audited
from pathservice.cli.screen import console, plain
from reservation.pauses import Pause, PauseCause, begin_pause, end_pauses, list_pauses, stop_waiting

Reason = Annotated[str, typer.Option(help="Why; it is shown wherever something waits for it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def freeze(
    reason: Reason,
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """Let no worker push to any device until the thaw. Requests are still booked, slots begin and end."""
    with look(state, database, site) as assembly, audited(assembly, "freeze", reason=reason) as who:
        begun, stands = assembly.store.write(
            lambda session: _begin(session, PauseCause.FREEZE, None, assembly, who, reason)
        )
        under_way = assembly.store.read(pushes_under_way)
    if not begun:
        _say(f"frozen already: {stands}")
        return
    _say("frozen: nothing is pushed to any device until `pathservice thaw`")
    for device in under_way:
        _say(
            f"a push to {device} had begun and ends by itself; `pathservice devices show {device}` tells how"
        )


def thaw(
    yes: Yes = False,
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """Let the workers push again: after `freeze`, or when they have begun to observe by themselves."""
    with look(state, database, site) as assembly:
        stand = [pause for pause in assembly.store.read(list_pauses) if pause.device is None]
        if not stand:
            _say("nothing is frozen")
            return
        for pause in stand:
            _say(str(pause))
        if any(pause.cause is PauseCause.OBSERVE for pause in stand):
            _tell_strangers(assembly)
            if not yes:
                typer.confirm("Let pushes go on?", abort=True)
        with audited(assembly, "thaw", reason="; ".join(map(str, stand))):
            assembly.store.write(lambda session: end_pauses(session, [pause.cause for pause in stand]))
        left = assembly.store.read(list_pauses)
    _say("thawed: devices are brought to what they should carry from now on")
    for pause in left:
        _say(f"{pause.device}: {pause}")


def maintenance(
    name: Annotated[str, typer.Argument(help="The device's name in the site file.")],
    on: Annotated[bool, typer.Option("--on/--off", help="Begin or end it.")],
    reason: Annotated[str | None, typer.Option(help="Why; needed with --on.")] = None,
    state: options.State = None,
    site: options.Site = None,
    database: options.Database = None,
) -> None:
    """Push nothing to one device while somebody works on it; it is still read."""
    if on and not reason:
        raise typer.BadParameter("say why: --reason", param_hint="--reason")
    with look(state, database, site) as assembly:
        word = f"maintenance {'on' if on else 'off'}"
        with audited(assembly, word, device=name, reason=reason) as who:
            if on:
                begun, stands = assembly.store.write(
                    lambda s: _begin(s, PauseCause.MAINTENANCE, name, assembly, who, reason or "")
                )
                ended: tuple[Pause, ...] = ()
            else:
                ended = assembly.store.write(lambda s: end_pauses(s, [PauseCause.MAINTENANCE], device=name))
                assembly.store.write(stop_waiting)
        under_way = assembly.store.read(pushes_under_way)
    if not on:
        _say(f"{name}: maintenance has ended" if ended else f"{name} is in no maintenance")
    elif not begun:
        _say(f"{name}: {stands}")
    else:
        _say(f"{name} is in maintenance: it is read, and nothing is pushed to it")
        if name in under_way:
            _say("a push to it had begun and ends by itself: wait for `pathservice devices show` to tell how")


def _begin(
    session: Session, cause: PauseCause, device: str | None, assembly: Assembly, who: str, reason: str
) -> tuple[bool, Pause]:
    begun = begin_pause(
        session, cause, device=device, now=assembly.clock.now(), actor=who, reason=plain(reason)
    )
    stands = next(p for p in list_pauses(session) if (p.cause, p.device) == (cause, device))
    return begun, stands


def _tell_strangers(assembly: Assembly) -> None:
    for device in assembly.store.read(view_devices):
        for stranger in device.strangers:
            _say(f"{device.name}: {stranger}")
    _say(
        "Before you go on: `devices adopt` makes the ticket of one of these again, `devices purge` takes it "
        "off; what is left alone stays where it is. "
        "New tickets have higher numbers than all of them."
    )


def _say(sentence: str) -> None:
    console().print(plain(sentence), markup=False)
