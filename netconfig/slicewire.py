"""How a slice's state is said on the wire, and read again.

Manager and agent both read it here, strictly: nothing that is not exactly this gets past. All of it is pure.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from netconfig.gateway import LAST_VLAN, ControllerProxy, UserAccess, VlanMap, VlanPair
from netconfig.slicestate import BadWord, Carried, Held, Order, Report, SliceKey, SliceState

UNTAGGED = "0xffff"
_NUMBER = re.compile(r"(?:0[xX][0-9A-Fa-f]{1,4}|[0-9]{1,5})", re.ASCII)
_KEY = frozenset({"station", "database", "reservation"})
_SLICE = frozenset({"reservation", "until", "controller", "vlans", "group"})
_ORDER = frozenset({"station", "database", "slice", "instead_of"})


def dump_time(at: datetime) -> str:
    """RFC 3339, UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def load_time(word: object, field: str) -> datetime:
    """The instant of `dump_time`, or of any other zone.

    Raises:
        BadWord: it is no time, or of no zone.
    """
    try:
        at = datetime.fromisoformat(_text(word, field))
    except ValueError as error:
        if isinstance(error, BadWord):
            raise
        raise BadWord(field, f"a time as 2026-01-31T12:00:00Z, not {word!r:.80}") from None
    if at.tzinfo is None:
        raise BadWord(field, f"a time with its zone, as 2026-01-31T12:00:00Z, not {word!r:.80}")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise BadWord(field, f"no time there is: {word!r:.80}") from None


def dump_vlans(vlans: VlanMap) -> dict[str, str]:
    """As deployed: OFELIA's VLAN to ALIEN's, `{"10": "0xffff", "30": "20"}`."""
    return {str(pair.ofelia): str(pair.alien) if pair.alien else UNTAGGED for pair in sorted(vlans.pairs)}


def load_vlans(given: object) -> VlanMap:
    """The map of `dump_vlans`, liberal in how a number is written.

    Raises:
        BadWord: it is none.
    """
    if not isinstance(given, dict):
        raise BadWord("vlans", "OFELIA's VLANs with ALIEN's, as {'10': '0xffff', '30': '20'}")
    if len(given) > LAST_VLAN:
        raise BadWord("vlans", f"at most {LAST_VLAN} pairs, not {len(given)}")
    try:
        return VlanMap(tuple(sorted(_pair(ofelia, alien) for ofelia, alien in given.items())))
    except BadWord:
        raise
    except ValueError as error:
        raise BadWord("vlans", str(error)) from None


def _pair(ofelia: object, alien: object) -> VlanPair:
    inside = _vlan(alien)
    return VlanPair(_vlan(ofelia), 0 if inside == int(UNTAGGED, 16) else inside or -1)


def _vlan(word: object) -> int:
    if isinstance(word, int) and not isinstance(word, bool):
        return word
    if not isinstance(word, str) or not _NUMBER.fullmatch(word):
        raise BadWord("vlans", f"a VLAN is a number, not {word!r:.80}")
    return int(word, 16 if word[:2] in {"0x", "0X"} else 10)


def load_controller(word: object) -> ControllerProxy:
    """Raises BadWord: it is no `host:port`."""
    try:
        return ControllerProxy.parse(_text(word, "controller"))
    except BadWord:
        raise
    except ValueError as error:
        raise BadWord("controller", str(error)) from None


def load_group(word: object) -> UserAccess:
    """Raises BadWord: it is no group."""
    try:
        return UserAccess(_text(word, "group"))
    except BadWord:
        raise
    except ValueError as error:
        raise BadWord("group", str(error)) from None


def dump_carried(carried: Carried) -> dict[str, object]:
    """Only what is there."""
    found: dict[str, object] = {}
    if carried.controller:
        found["controller"] = str(carried.controller)
    if carried.group:
        found["group"] = carried.group.group
    if carried.vlans:
        found["vlans"] = dump_vlans(carried.vlans)
    return found


def load_carried(given: Mapping[str, object]) -> Carried:
    """Raises BadWord: one of the things is none."""
    return Carried(
        controller=load_controller(given["controller"]) if given.get("controller") else None,
        vlans=load_vlans(given["vlans"]) if given.get("vlans") else None,
        group=load_group(given["group"]) if given.get("group") else None,
    )


def dump_slice(state: SliceState) -> dict[str, object]:
    """All of it but whose it is."""
    told: dict[str, object] = {"reservation": state.key.reservation}
    if state.until is not None:
        told["until"] = dump_time(state.until)
    return {**told, **dump_carried(state.carried)}


def load_slice(given: object, station: str, database: str) -> SliceState:
    """Raises BadWord: an unknown or a missing word, or one that does not fit."""
    words = _struct(given, "slice", _SLICE)
    if "reservation" not in words:
        raise BadWord("reservation", "is missing from the slice")
    until = load_time(words["until"], "until") if words.get("until") else None
    key = SliceKey(station, database, _integer(words["reservation"], "reservation"))
    return SliceState(key, until, load_carried(words))


def dump_key(key: SliceKey) -> dict[str, object]:
    """All three words."""
    return {"database": key.database, "reservation": key.reservation, "station": key.station}


def load_key(given: object, field: str) -> SliceKey:
    """Raises BadWord: it is not the three words of a key."""
    words = _struct(given, field, _KEY)
    if missing := sorted(_KEY - words.keys()):
        raise BadWord(field, f"{missing[0]} is missing")
    return SliceKey(
        _text(words["station"], "station"),
        _text(words["database"], "database"),
        _integer(words["reservation"], "reservation"),
    )


def dump_order(order: Order) -> dict[str, object]:
    """The one argument of `setState`."""
    told: dict[str, object] = {"database": order.database, "station": order.station}
    told["slice"] = {} if order.wanted is None else dump_slice(order.wanted)
    if order.instead_of is not None:
        told["instead_of"] = dump_key(order.instead_of)
    return told


def load_order(given: object) -> Order:
    """Raises BadWord: it is not exactly an order."""
    words = _struct(given, "state", _ORDER)
    for needed in ("station", "database", "slice"):
        if needed not in words:
            raise BadWord("state", f"{needed} is missing")
    key = SliceKey(_text(words["station"], "station"), _text(words["database"], "database"), 0)
    if not key.station:
        raise BadWord("station", "is empty")
    wanted = load_slice(words["slice"], key.station, key.database) if words["slice"] else None
    instead_of = load_key(words["instead_of"], "instead_of") if words.get("instead_of") else None
    return Order(key.station, key.database, wanted, instead_of)


def dump_report(report: Report) -> dict[str, object]:
    """The answer of `getState` and `setState`."""
    return {
        "agent": report.agent,
        "at": dump_time(report.at),
        "ended": report.ended,
        "hindered": dict(sorted(report.hindered.items())),
        "slices": [
            {**dump_key(held.state.key), **dump_slice(held.state), "wanted": held.is_wanted}
            for held in report.held
        ],
        "troubles": dict(sorted(report.troubles.items())),
    }


def load_report(given: object) -> Report:
    """Read liberally: words that a newer agent may add are passed over.

    Raises:
        BadWord: a word that is needed is missing or does not fit.
    """
    words = _struct(given, "answer")
    slices = words.get("slices", [])
    if not isinstance(slices, list):
        raise BadWord("slices", "a list")
    troubles, hindered = (_struct(words.get(name, {}), name) for name in ("troubles", "hindered"))
    return Report(
        at=load_time(words.get("at"), "at"),
        held=tuple(_load_held(one) for one in slices),
        troubles={name: _text(text, "troubles") for name, text in troubles.items()},
        ended=_text(words.get("ended", ""), "ended"),
        agent=_text(words.get("agent", ""), "agent"),
        hindered={name: _text(text, "hindered") for name, text in hindered.items()},
    )


def _load_held(given: object) -> Held:
    words = _struct(given, "slices")
    key = load_key({name: words[name] for name in _KEY if name in words}, "slices")
    told = {name: words[name] for name in _SLICE if name in words}
    return Held(load_slice(told, key.station, key.database), words.get("wanted") is True)


def _struct(given: object, field: str, known: frozenset[str] | None = None) -> dict[str, object]:
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        raise BadWord(field, "a struct is expected")
    if known is not None and (others := sorted(given.keys() - known)):
        raise BadWord(field, f"there is no word {others[0][:80]!r}; known are {', '.join(sorted(known))}")
    return given


def _text(word: object, field: str) -> str:
    if not isinstance(word, str):
        raise BadWord(field, f"a text is expected, not {word!r:.80}")
    return word


def _integer(word: object, field: str) -> int:
    if not isinstance(word, int) or isinstance(word, bool):
        raise BadWord(field, f"a whole number is expected, not {word!r:.80}")
    return word
