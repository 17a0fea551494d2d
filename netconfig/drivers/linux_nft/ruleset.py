"""nftables' ruleset from its JSON: what stands in our table, and in the chains of the site's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netconfig.drivers.linux_nft.flows import Condition, read_flow, read_match
from netconfig.drivers.linux_nft.managed import ALL_BITS, Mark, Permit
from netconfig.drivers.linux_nft.names import (
    CHAIN,
    LANES,
    MARK_MASK,
    MARK_SHIFT,
    TABLE_PREFIX,
    Label,
    Names,
    read_base,
    read_comment,
)

_HOOK = {"type": "filter", "hook": "prerouting", "prio": -150, "policy": "accept"}
_FAMILY = {"ip": 4, "ip6": 6, "inet": None}
_ENDS = frozenset({"drop", "accept", "reject", "return", "goto", "queue"})


@dataclass(frozen=True, slots=True)
class Held:
    """A rule in our chain.

    Attributes:
        handle: by which nft knows it; 0 in a rehearsal.
        mark: what it is, if it is exactly as we write it, comment aside.
        label: what it is named for, by its comment or else its counter.
        database: of its comment; empty where that is gone.
    """

    handle: int
    mark: Mark | None
    label: Label | None
    database: str


@dataclass(frozen=True, slots=True)
class SiteRule:
    """A rule of the site's in a chain of its own; `ends` if no packet gets past it."""

    handle: int
    ends: bool


@dataclass(frozen=True, slots=True)
class Admitted:
    """A permit of ours in a chain of the site's.

    Attributes:
        permit: None where it is not as we write it.
        before: how many rules of the site's stand before it.
    """

    handle: int
    chain: str
    permit: Permit | None
    before: int = 0


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What of a ruleset is of concern to us.

    Attributes:
        has_table, has_chain: whether ours are there.
        is_hooked: whether our chain is as we make it.
        held: the rules of our chain, in their order.
        counters: packets and octets of each in our table, by name.
        chains: by `inet/filter/forward`, the site's rules, in their order.
        admitted: our permits.
        permit_counts: packets and octets.
        others: the marks in tables of other stations, by station.
    """

    has_table: bool = False
    has_chain: bool = False
    is_hooked: bool = True
    held: tuple[Held, ...] = ()
    counters: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    chains: Mapping[str, tuple[SiteRule, ...]] = field(default_factory=dict)
    admitted: tuple[Admitted, ...] = ()
    permit_counts: Mapping[Permit, tuple[int, int]] = field(default_factory=dict)
    others: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)


def read_ruleset(objects: Sequence[Any], names: Names) -> Ruleset:
    """The ruleset of nft's JSON.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is none.
    """
    reader = _Reader(names)
    for one in objects:
        ((kind, about),) = one.items()
        reader.take(kind, about)
    return reader.ruleset()


def is_ours(held: Held, names: Names, known: frozenset[int], adopted: frozenset[tuple[int, str]]) -> bool:
    """Whether a rule is ours to change: of a known reservation, with our fingerprint or none."""
    if held.label is None or held.label.reservation not in known:
        return False
    owners = {"", names.ownership.database}
    return held.database in owners or (held.label.reservation, held.database) in adopted


class _Reader:
    def __init__(self, names: Names) -> None:
        self._names = names
        self._tables: set[str] = set()
        self._hook: dict[str, Any] | None = None
        self._held: list[Held] = []
        self._counters: dict[str, tuple[int, int]] = {}
        self._chains: dict[str, list[SiteRule]] = {}
        self._admitted: list[Admitted] = []
        self._permit_counts: dict[Permit, tuple[int, int]] = {}
        self._others: dict[str, list[Mark]] = {}

    def take(self, kind: str, about: Mapping[str, Any]) -> None:
        if kind == "table" and about["family"] == "inet":
            self._tables.add(about["name"])
        elif about.get("family") == "inet" and about.get("table") == self._names.table:
            self._take_ours(kind, about)
        elif kind == "chain":
            self._chains.setdefault(_name(about, about["name"]), [])
        elif kind == "rule" and str(about["table"]).startswith(TABLE_PREFIX):
            if (mark := read_held(about).mark) is not None:
                station = str(about["table"]).removeprefix(TABLE_PREFIX)
                self._others.setdefault(station, []).append(mark)
        elif kind == "rule":
            self._take_site_rule(about)

    def _take_ours(self, kind: str, about: Mapping[str, Any]) -> None:
        if kind == "counter":
            self._counters[str(about["name"])] = _count(about)
        elif kind == "chain" and about["name"] == CHAIN:
            self._hook = {name: about.get(name) for name in _HOOK}
        elif kind == "rule" and about["chain"] == CHAIN:
            self._held.append(read_held(about))

    def ruleset(self) -> Ruleset:
        return Ruleset(
            has_table=self._names.table in self._tables,
            has_chain=self._hook is not None,
            is_hooked=self._hook in (None, _HOOK),
            held=tuple(self._held),
            counters=self._counters,
            chains={name: tuple(rules) for name, rules in self._chains.items()},
            admitted=tuple(self._admitted),
            permit_counts=self._permit_counts,
            others={station: tuple(marks) for station, marks in self._others.items()},
        )

    def _take_site_rule(self, about: Mapping[str, Any]) -> None:
        chain, handle = _name(about, about["chain"]), int(about["handle"])
        if about.get("comment") != self._names.permit_comment:
            words = [next(iter(one)) if isinstance(one, dict) else "" for one in about["expr"]]
            ends = bool(words) and words[-1] in _ENDS and not set(words[:-1]) - {"counter", "log"}
            self._chains.setdefault(chain, []).append(SiteRule(handle, ends))
            return
        permit = _permit(chain, about)
        self._admitted.append(Admitted(handle, chain, permit, len(self._chains.get(chain, ()))))
        if permit is not None:
            self._permit_counts.setdefault(permit, _count(about["expr"][-2]["counter"]))


def read_held(about: Mapping[str, Any]) -> Held:
    """A rule of a chain that is ours, or another station's."""
    told = read_comment(str(about.get("comment", "")))
    counters = [one["counter"] for one in about["expr"] if isinstance(one, dict) and "counter" in one]
    counted = read_base(counters[0]) if counters and isinstance(counters[0], str) else None
    label, database = told or (counted, "")
    mark = None
    if label is not None and counted is not None and counted.base == label.base:
        mark = _mark(about["expr"], label, database)
    return Held(int(about["handle"]), mark, label, database)


def _mark(expressions: Sequence[Any], label: Label, database: str) -> Mark | None:
    *matches, _counter, mangle, end = expressions if len(expressions) > 3 else (None,) * 4
    conditions = _conditions(matches)
    if not conditions or end != {"accept": None} or conditions[0][:2] != ("meta", "iifname"):
        return None
    lane, flow = _lane(mangle), read_flow(conditions[1:])
    if lane is None or flow is None:
        return None
    return Mark(label, database, conditions[0][2], flow, lane)


def _lane(mangle: Any) -> int | None:
    meta = {"meta": {"key": "mark"}}
    match mangle:
        case {"mangle": {"key": key, "value": {"|": [{"&": [kept, int(mask)]}, int(mark)]}}}:
            lane = mark >> MARK_SHIFT
            is_whole = mark == lane << MARK_SHIFT and mask == (ALL_BITS ^ MARK_MASK) | mark
            return lane if (key, kept) == (meta, meta) and is_whole and lane in LANES else None
    return None


def _permit(chain: str, about: Mapping[str, Any]) -> Permit | None:
    *matches, counter, end = about["expr"] if len(about["expr"]) > 1 else (None, None)
    conditions = _conditions(matches)
    if conditions is None or end != {"accept": None}:
        return None
    if not isinstance(counter, dict) or not isinstance(counter.get("counter"), dict):
        return None
    flow = read_flow(conditions, family=_FAMILY.get(str(about["family"])))
    return Permit(chain, flow) if flow else None


def _conditions(expressions: Sequence[Any]) -> list[Condition] | None:
    found = [read_match(one.get("match")) for one in expressions if isinstance(one, dict)]
    conditions = [condition for condition in found if condition is not None]
    return conditions if len(conditions) == len(expressions) else None


def _count(about: Mapping[str, Any]) -> tuple[int, int]:
    return int(about["packets"]), int(about["bytes"])


def _name(about: Mapping[str, Any], chain: str) -> str:
    return f"{about['family']}/{about['table']}/{chain}"
