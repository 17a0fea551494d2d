"""Where each part goes: the name that its terms begin with."""

from collections.abc import Sequence

from netconfig.carried import RouterPart
from netconfig.driver import ADOPTED, Placement
from netconfig.drivers.juniper_junos.assemble import owner_test
from netconfig.drivers.juniper_junos.grounds import hindrance, never
from netconfig.drivers.juniper_junos.names import Names
from netconfig.drivers.juniper_junos.reading import Reading, terms
from netconfig.drivers.juniper_junos.render import RoutePlace, former_owner, term_base
from netconfig.drivers.juniper_junos.terms import read_fingerprint
from netconfig.errors import Rejected
from netconfig.intent import PolicyRoute


def place_parts(
    device: str, names: Names, actual: Reading, parts: Sequence[RouterPart]
) -> dict[int, Placement]:
    """Placements of the wanted parts, by part id.

    Raises:
        Rejected: a new part has nothing to stand on; only the ids of those that stand there are in the error.
    """
    wanted = sorted((part for part in parts if part.wanted), key=lambda part: part.part_id)
    _check_grounds(device, names, actual, [part for part in wanted if not part.placement])
    known = frozenset(part.reservation_id for part in parts)
    adopted = frozenset(owner for part in parts if (owner := former_owner(part.placement)))
    is_ours = owner_test(names, known, adopted)
    held = [(names.base_of(term.findtext("name") or ""), term) for _, term in terms(actual.group)]
    strangers = {base for base, term in held if base and not is_ours(term)}
    there = {base for base, _ in held if base}
    given = {base for part in parts if (base := term_base(part.placement))}
    owners = {read_fingerprint(term) for _, term in held}
    placed: dict[int, Placement] = {}
    for part in wanted:
        base = term_base(part.placement)
        if base is None or base in strangers:
            taken, number = there | given, 1
            while names.base(part.reservation_id, number) in taken:
                number += 1
            base = names.base(part.reservation_id, number)
            given.add(base)
        placement: dict[str, object] = dict(RoutePlace(term=base))
        if former_owner(part.placement) in owners - {None}:
            placement[ADOPTED] = part.placement[ADOPTED]
        placed[part.part_id] = placement
    return placed


def _check_grounds(device: str, names: Names, actual: Reading, new: Sequence[RouterPart]) -> None:
    reasons: dict[str, list[RouterPart]] = {}
    for part in new:
        if isinstance(part.intent, PolicyRoute):
            family = part.intent.flows[0].family
            why = never(part.intent) or hindrance(part.intent.interface, family, actual.grounds, names)
            reasons.setdefault(why, []).append(part)
    for why in filter(None, reasons):
        interfaces = sorted({str(getattr(part.intent, "interface", "")) for part in reasons[why]})
        ids = frozenset(part.part_id for part in reasons[why])
        raise Rejected(device, why, line=f"input filter of {', '.join(interfaces)}", parts=ids)
