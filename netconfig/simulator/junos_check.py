"""What Junos looks for before it commits: that what is named is there. Pure."""

from collections.abc import Iterator

from netconfig.simulator.junos_config import effective
from netconfig.simulator.junos_schema import Element, Refused

FAMILIES = ("inet", "inet6")


def check(config: Element) -> None:
    """See that a configuration can be committed.

    Raises:
        Refused: it cannot; of several reasons the first.
    """
    for refused in _faults(config):
        raise refused


def _faults(config: Element) -> Iterator[Refused]:
    groups = {group.findtext("name") for group in config.iterchildren("groups")}
    for applied in config.iterchildren("apply-groups"):
        if applied.text not in groups:
            yield _refused(f"configuration group '{applied.text}' not found", "[edit apply-groups]")
    whole = effective(config)
    for family in FAMILIES:
        yield from _of_filters(whole, family)
        yield from _of_tables(whole, family)
    for one in whole.iterfind("routing-instances/instance"):
        if one.find("instance-type") is None:
            words = f"instance '{one.findtext('name')}' has no instance-type"
            yield _refused(words, "[edit routing-instances]")


def _of_filters(whole: Element, family: str) -> Iterator[Refused]:
    filters = whole.findall(f"firewall/family/{family}/filter")
    names = {one.findtext("name") for one in filters}
    for held in whole.iterfind(f"interfaces/interface/unit/family/{family}/filter/input/filter-name"):
        if held.text not in names:
            yield _refused(f"Referenced filter '{held.text}' is not defined", "[edit interfaces]")
    instances = _instances(whole)
    for one in filters:
        if not one.findall("term"):
            yield _refused(f"Filter '{one.findtext('name')}' has no term", "[edit firewall]")
        for name in one.iterfind("term/then/routing-instance/routing-instance-name"):
            if name.text not in instances:
                yield _refused(f"Referenced instance '{name.text}' is not defined", "[edit firewall]")


def _of_tables(whole: Element, family: str) -> Iterator[Refused]:
    rib_groups = {one.findtext("name") for one in whole.iterfind("routing-options/rib-groups")}
    user = whole.findtext(f"routing-options/interface-routes/rib-group/{family}")
    if user and user not in rib_groups:
        yield _refused(f"RIB group '{user}' is not defined", "[edit routing-options interface-routes]")
    for rib in whole.iterfind("routing-options/rib-groups/import-rib"):
        table = (rib.text or "").removesuffix(f".{family}.0")
        if table not in {rib.text, *_instances(whole)}:
            yield _refused(f"RIB {rib.text} has no instance", "[edit routing-options rib-groups]")


def _instances(whole: Element) -> set[str | None]:
    return {one.findtext("name") for one in whole.iterfind("routing-instances/instance")}


def _refused(message: str, path: str) -> Refused:
    # A commit is refused as a whole: Junos names the place, seldom the term.
    return Refused(f"{message}: configuration check-out failed", path=path)
