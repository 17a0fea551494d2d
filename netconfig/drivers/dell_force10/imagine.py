"""A switch as it would read if it carried what was only rehearsed."""

from netconfig.drivers.dell_force10.config import is_ours
from netconfig.drivers.dell_force10.names import Names
from netconfig.drivers.dell_force10.running import AccessList, Running, parse_running


def imagine(running: Running, carried: str, names: Names) -> Running:
    """What the site has there, and of ours nothing but this text.

    Its permits in lists of the site's are added to what stands in those.
    """
    rehearsed = parse_running(carried)
    theirs = {name: held for name, held in running.redirect_lists.items() if not is_ours(name, names)}
    permits = dict(running.access_lists)
    for name, held in rehearsed.access_lists.items():
        permits[name] = _joined(permits[name], held) if name in permits else held
    return Running(
        groups={
            interface: (
                *(group for group in groups if not is_ours(group, names)),
                *rehearsed.groups.get(interface, ()),
            )
            for interface, groups in running.groups.items()
        },
        redirect_lists={**theirs, **rehearsed.redirect_lists},
        access_lists=permits,
    )


def _joined(held: AccessList, added: AccessList) -> AccessList:
    news = [rule for rule in added.rules if held.find(rule.text) is None]
    rules = sorted([*held.rules, *news], key=lambda rule: rule.sequence)
    return AccessList(held.name, tuple(rules))
