"""Names in a site that lead nowhere, and other things that only the whole of it shows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lambdastation.bandwidth import format_bandwidth
from lambdastation.caller import Operation
from lambdastation.flow_words import lies_inside
from lambdastation.site import ANY, AuthorizationRule, Site
from lambdastation.site_fallbacks import find_fallback_problems
from lambdastation.site_problems import Path, Problem
from lambdastation.slots import spoken

_BOUND: Mapping[str, tuple[Operation, ...]] = {
    "bandwidth": (Operation.OPEN_TICKET, Operation.UPDATE_FLOWS, Operation.FIND_WINDOW),
    "duration": (Operation.OPEN_TICKET, Operation.FIND_WINDOW),
    "horizon": (Operation.OPEN_TICKET,),
    "live_tickets": (Operation.OPEN_TICKET,),
}
"""The limits of a rule, and the operations that each binds."""


def find_problems(site: Site, *, devices: Sequence[str]) -> tuple[Problem, ...]:
    """All that does not fit together, section by section; empty for a site that can be served.

    `devices` are the names of the devices that the same file defines.
    """
    return (
        *_twice(("topologies",), [t.name for t in site.topologies]),
        *_twice(("topologies",), [t.path for t in site.topologies], key="path"),
        *_twice(("groups",), [g.name for g in site.groups]),
        *_twice(("clients",), [c.name for c in site.clients]),
        *_twice(("peers",), [p.name for p in site.peers]),
        *_topologies(site),
        *_groups(site, devices),
        *_clients(site),
        *_dscp_pool(site),
        *_peers(site),
        *_stations(site),
        *_domains(site),
        *_rules(site, devices),
        *find_fallback_problems(site),
        *_authorization(site),
    )


def _twice(section: Path, names: Sequence[str], *, key: str = "name") -> Iterator[Problem]:
    counts = Counter(names)
    seen = set()
    for at, name in enumerate(names):
        if counts[name] > 1 and name in seen:
            yield Problem((*section, at, key), f"{name} is there already; a {key} is used once")
        seen.add(name)


def _known(path: Path, kind: str, name: str, known: Iterable[str]) -> Iterator[Problem]:
    there = list(known)
    if name not in there:
        yield Problem(path, f"there is no {kind} {name}; there is {', '.join(there) or 'none'}")


def _topologies(site: Site) -> Iterator[Problem]:
    production = [t.name for t in site.topologies if t.production]
    if len(production) != 1:
        yield Problem(
            ("topologies",),
            f"exactly one topology is the production path; here it is {', '.join(production) or 'none'}",
        )
    paths = {t.path: at for at, t in enumerate(site.topologies)}
    for at, topology in enumerate(site.topologies):
        where: Path = ("topologies", at)
        if paths.get(topology.name, at) != at:
            yield Problem((*where, "name"), f"{topology.name} is another topology's path name")
        if topology.default_bandwidth is None and not topology.production:
            yield Problem(where, "an alternate path needs default_bandwidth, such as 100M")
        if topology.default_bandwidth is not None and topology.default_bandwidth > topology.capacity:
            yield Problem((*where, "default_bandwidth"), "is more than the path's capacity")


def _groups(site: Site, devices: Sequence[str]) -> Iterator[Problem]:
    for at, group in enumerate(site.groups):
        for nth, device in enumerate(group.devices):
            yield from _known(("groups", at, "devices", nth), "device", device, devices)


def _clients(site: Site) -> Iterator[Problem]:
    groups = [group.name for group in site.groups]
    for at, client in enumerate(site.clients):
        for nth, group in enumerate(client.groups):
            yield from _known(("clients", at, "groups", nth), "group", group, groups)


def _dscp_pool(site: Site) -> Iterator[Problem]:
    for client in site.clients:
        if client.dscp in site.dscp_pool:
            yield Problem(
                ("dscp_pool",),
                f"{client.dscp} always marks the traffic of {client.name}; take another one for either",
            )


def _peers(site: Site) -> Iterator[Problem]:
    for at, peer in enumerate(site.peers):
        where: Path = ("peers", at)
        if peer.name == site.name:
            yield Problem((*where, "name"), f"{peer.name} is this site itself")
        if not peer.all_prefixes:
            yield Problem(where, "a peer needs prefixes, or clients with prefixes")
        yield from _twice((*where, "clients"), [client.name for client in peer.clients])
        for nth, client in enumerate(peer.clients):
            for block, prefix in enumerate(client.prefixes):
                if not lies_inside(prefix, peer.all_prefixes):
                    yield Problem(
                        (*where, "clients", nth, "prefixes", block),
                        f"{prefix} is outside the peer's prefixes",
                    )
        if peer.default_client is not None:
            names = [client.name for client in site.clients]
            yield from _known((*where, "default_client"), "client of ours", peer.default_client, names)
        if peer.default_topology is not None:
            yield from _known(
                (*where, "default_topology"), "alternate topology", peer.default_topology, _alternates(site)
            )


def _stations(site: Site) -> Iterator[Problem]:
    seen = {site.station}
    for at, peer in enumerate(site.peers):
        if peer.station is None:
            if peer.url is not None:
                yield Problem(
                    ("peers", at, "url"), "a url goes with the word of its station, as in station: CIT"
                )
            continue
        if peer.station in seen:
            yield Problem(
                ("peers", at, "station"), f"{peer.station} is there already; a word is one station's"
            )
        seen.add(peer.station)


def _domains(site: Site) -> Iterator[Problem]:
    places: list[tuple[Path, str]] = [(("domains", at), domain) for at, domain in enumerate(site.domains)]
    for nth, peer in enumerate(site.peers):
        places += [(("peers", nth, "domains", at), domain) for at, domain in enumerate(peer.domains)]
    seen = set()
    for path, domain in places:
        if domain in seen:
            yield Problem(path, f"{domain} is there already; a domain is one site's")
        seen.add(domain)


def _rules(site: Site, devices: Sequence[str]) -> Iterator[Problem]:
    members = {group.name: group.devices for group in site.groups}
    for at, rule in enumerate(site.rules):
        where: Path = ("rules", at)
        action = "steer" if rule.steer is not None else "admit"
        yield from _known((*where, "topology"), "alternate topology", rule.topology, _alternates(site))
        if rule.client != ANY:
            yield from _known((*where, "client"), "client", rule.client, [c.name for c in site.clients])
        yield from _known((*where, "group"), "group", rule.group, members)
        unknown = list(_known((*where, action, "device"), "device", rule.device, devices))
        yield from unknown
        if not unknown and rule.device not in members.get(rule.group, (rule.device,)):
            yield Problem((*where, action, "device"), f"{rule.device} is not in group {rule.group}")


def _authorization(site: Site) -> Iterator[Problem]:
    clients = [client.name for client in site.clients]
    for at, rule in enumerate(site.authorization):
        where: Path = ("authorization", at)
        for nth, name in enumerate(rule.clients or ()):
            yield from _known((*where, "clients", nth), "client", name, clients)
        for nth, name in enumerate(rule.topologies or ()):
            yield from _known((*where, "topologies", nth), "alternate topology", name, _alternates(site))
        if rule.operator and rule.action == "deny":
            yield Problem((*where, "operator"), "a rule that denies makes nobody an operator")
        yield from _limits(site, where, rule)


def _limits(site: Site, where: Path, rule: AuthorizationRule) -> Iterator[Problem]:
    given = [name for name in _BOUND if getattr(rule, name)]
    for name in given:
        if rule.action == "deny":
            yield Problem((*where, name), "a rule that denies has no limit; let one that allows have it")
        elif rule.operations is not None and not set(rule.operations) & set(_BOUND[name]):
            bound = ", ".join(_BOUND[name])
            yield Problem((*where, name), f"binds {bound} alone, and the rule has no such operation")
    capacities = [
        topology.capacity
        for topology in site.topologies
        if not topology.production and topology.name in (rule.topologies or _alternates(site))
    ]
    if rule.bandwidth is not None and capacities and rule.bandwidth > max(capacities):
        most = format_bandwidth(max(capacities))
        yield Problem((*where, "bandwidth"), f"is more than any path of the rule has, which is {most}")
    if rule.duration is not None and rule.duration > site.limits.longest:
        longest = spoken(site.limits.longest)
        yield Problem((*where, "duration"), f"is longer than `longest` of the site's limits, {longest}")
    if rule.horizon is not None and rule.horizon > site.limits.horizon:
        farthest = spoken(site.limits.horizon)
        yield Problem((*where, "horizon"), f"is farther than `horizon` of the site's limits, {farthest}")
    if rule.duration is not None and rule.horizon is not None and rule.duration > rule.horizon:
        yield Problem((*where, "duration"), "is longer than the rule's own horizon, so nothing lasts so long")


def _alternates(site: Site) -> list[str]:
    return [topology.name for topology in site.topologies if not topology.production]
