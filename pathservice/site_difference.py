"""What two site files differ in, in words, section by section. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher

from pydantic import BaseModel, TypeAdapter

from lambdastation.bandwidth import format_bandwidth
from lambdastation.site import Rule
from netconfig.intent import SequenceRange
from pathservice.sitefile import SiteFile

_DURATION = TypeAdapter(timedelta)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        section: the file's key at the top: `topologies`, `rules`; `site` for those with no section.
        what: which of the section: a name; a rule's place in words; empty for the section itself.
        sentence: how it was and how it is.
    """

    section: str
    what: str
    sentence: str


def find_changes(old: SiteFile, new: SiteFile) -> tuple[Change, ...]:
    """Everything that differs, in the order of the file's sections; empty where the files mean the same."""
    changes: list[Change] = []
    for name in type(old.site).model_fields:
        before, after = getattr(old.site, name), getattr(new.site, name)
        changes += _section(name, before, after)
    devices = _section("devices", old.devices, new.devices)
    return (*changes, *devices, *_section("tbam", old.tbam, new.tbam))


def _section(name: str, before: object, after: object) -> Iterator[Change]:
    if before == after:
        return
    match name:
        case "rules":
            yield from _rules(name, before, after)  # type: ignore[arg-type]
        case "authorization":
            yield from _ordered(name, before, after)  # type: ignore[arg-type]
        case _ if _are_models(before) and _are_models(after):
            yield from _named(name, before, after)  # type: ignore[arg-type]
        case _ if isinstance(before, BaseModel) and isinstance(after, BaseModel):
            yield from (Change(name, "", sentence) for sentence in _fields(before, after))
        case _:
            yield Change("site", "", _turned(name, before, after))


def _are_models(values: object) -> bool:
    return isinstance(values, tuple) and all(isinstance(value, BaseModel) for value in values)


def _named(section: str, before: Sequence[BaseModel], after: Sequence[BaseModel]) -> Iterator[Change]:
    """Entries that have a name, by which they are found again wherever they stand."""
    was, now = _by_name(before), _by_name(after)
    for name, entry in was.items():
        if name not in now:
            yield Change(section, name, "is gone")
        elif entry != now[name]:
            yield from (Change(section, name, sentence) for sentence in _fields(entry, now[name]))
    for name, entry in now.items():
        if name not in was:
            yield Change(section, name, f"is new: {_spelled(entry, without='name')}")
    kept_before, kept_after = (
        [name for name in names if name in was and name in now] for names in (was, now)
    )
    if section == "topologies" and kept_before != kept_after:
        yield Change(section, "", f"stand in another order: {', '.join(now)}")


def _by_name(entries: Iterable[BaseModel]) -> Mapping[str, BaseModel]:
    return {str(getattr(entry, "name", "")): entry for entry in entries}


def _fields(before: BaseModel, after: BaseModel) -> Iterator[str]:
    for name in type(before).model_fields:
        was, now = getattr(before, name), getattr(after, name)
        if was == now:
            continue
        if was and now and _are_models(was) and _are_models(now):
            for change in _named(name, was, now):
                yield f"{name} {change.what} {change.sentence}"
        elif isinstance(was, BaseModel) and isinstance(now, BaseModel):
            yield from (f"{name} {sentence}" for sentence in _fields(was, now))
        else:
            yield _turned(name, was, now)


def _rules(section: str, before: Sequence[Rule], after: Sequence[Rule]) -> Iterator[Change]:
    """Rules, whose order means nothing, by what they are for; those that have that in common as a whole."""
    was, now = _by_purpose(before), _by_purpose(after)
    for purpose in dict.fromkeys((*was, *now)):
        old, new = was.get(purpose, []), now.get(purpose, [])
        if len(old) == len(new) == 1:
            yield from (Change(section, purpose, sentence) for sentence in _fields(old[0], new[0]))
            continue
        gone, come = Counter(map(_spelled, old)), Counter(map(_spelled, new))
        yield from (Change(section, purpose, f"is gone: {text}") for text in (gone - come).elements())
        yield from (Change(section, purpose, f"is new: {text}") for text in (come - gone).elements())


def _by_purpose(rules: Iterable[Rule]) -> Mapping[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        action = "steer" if rule.steer is not None else "admit"
        purpose = (
            f"{action} {rule.topology} {rule.direction} for {rule.client} in {rule.group}, {rule.device}"
        )
        found.setdefault(purpose, []).append(rule)
    return found


def _ordered(section: str, before: Sequence[BaseModel], after: Sequence[BaseModel]) -> Iterator[Change]:
    """Entries of which the first that matches counts: one that has moved is gone and new."""
    was, now = [_spelled(entry) for entry in before], [_spelled(entry) for entry in after]
    for kind, from_, to, begin, end in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for at in range(from_, to):
            yield Change(section, was[at], f"is gone from place {at + 1}")
        for at in range(begin, end):
            yield Change(section, now[at], f"is new at place {at + 1}")


def _turned(name: str, before: object, after: object) -> str:
    return f"{name} was {_value(name, before)} and is {_value(name, after)}"


def _spelled(entry: BaseModel, *, without: str = "") -> str:
    """An entry on one line, what it leaves out left out."""
    fields = type(entry).model_fields
    given = {
        name: getattr(entry, name)
        for name, field in fields.items()
        if name != without and getattr(entry, name) != field.default
    }
    return ", ".join(f"{name} {_value(name, value)}" for name, value in given.items())


def _value(name: str, value: object) -> str:
    match value:
        case None | ():
            word = "nothing"
        case bool():
            word = "true" if value else "false"
        case int() if name == "capacity" or name.endswith("bandwidth"):
            word = format_bandwidth(value)
        case SequenceRange():
            word = f"[{value.first}, {value.last}]"
        case timedelta():
            word = str(_DURATION.dump_python(value, mode="json"))
        case BaseModel():
            word = f"({_spelled(value)})"
        case tuple():
            word = "[" + ", ".join(_value(name, one) for one in value) + "]"
        case _:
            word = str(value)
    return word
