"""The driver itself: the session with the router in front, pure functions behind."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import ClassVar

from netconfig.capability import Capability
from netconfig.carried import is_router_part, require_intents
from netconfig.driver import Config, Count, Ownership, PartIntent, Placement, Plan, Transcript
from netconfig.drivers.juniper_junos.adoption import Adoption
from netconfig.drivers.juniper_junos.count import count_parts, read_counters
from netconfig.drivers.juniper_junos.imagine import imagine
from netconfig.drivers.juniper_junos.names import Names
from netconfig.drivers.juniper_junos.place import place_parts
from netconfig.drivers.juniper_junos.plan import make_plan
from netconfig.drivers.juniper_junos.push import Push
from netconfig.drivers.juniper_junos.reading import Reading, as_reading, read_configuration
from netconfig.drivers.juniper_junos.render import Wish, render
from netconfig.drivers.juniper_junos.session import Session
from netconfig.intent import Intent, IpAddress, PolicyRoute, Steering
from netconfig.inventory import Device, Way
from netconfig.transport.netconf import DEFAULT_TIMEOUTS, NetconfSession, Timeouts


class JuniperJunos:
    """A router that runs Junos; see `CountingDriver` and `AskingDriver` for what each method promises."""

    platform: ClassVar[str] = "juniper_junos"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.POLICY_ROUTE_IPV4,
            Capability.POLICY_ROUTE_IPV6,
            Capability.POLICY_ROUTE_DSCP,
            Capability.COUNTERS,
            Capability.NEXT_HOPS,
        }
    )
    ways: ClassVar[frozenset[Way]] = frozenset({Way.SSH, Way.SIMULATED})

    def __init__(
        self, device: Device, ownership: Ownership, *, timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> None:
        self._device = device.name
        self._names = Names(ownership)
        self._netconf = NetconfSession(device, "junos", timeouts)

    def read(self) -> Reading:
        """What the router has; see `session.Session.read`."""
        return read_configuration(self._session.read(self._names), self._names)

    def place(self, actual: Config, parts: Sequence[PartIntent]) -> Mapping[int, Placement]:
        """Where each wanted part goes; see `place.place_parts`."""
        require_intents(self._device, parts, PolicyRoute)
        reading = as_reading(actual, self._names)
        return place_parts(self._device, self._names, reading, list(filter(is_router_part, parts)))

    def render(self, parts: Sequence[PartIntent]) -> Wish:
        """What the router shall carry for these parts."""
        return render(list(filter(is_router_part, parts)), self._names)

    def plan(self, actual: Config, desired: Config, *, known: frozenset[int]) -> Plan:
        """The lines that lead from one to the other; see `plan.make_plan`."""
        wish = desired if isinstance(desired, Wish) else Wish(desired.text)
        return make_plan(self._names, as_reading(actual, self._names), wish, known)

    def imagine(self, actual: Config, carried: str) -> Reading:
        """The router with what was only rehearsed; see `imagine.imagine`."""
        return imagine(as_reading(actual, self._names), carried, self._names)

    def evict(self, actual: Config, reservation_id: int, *, database: str) -> Plan:
        """The lines that take off a stranger's terms, planned as that database would."""
        theirs = Names(Ownership(self._names.ownership.station, database))
        reading = as_reading(actual, theirs)
        return make_plan(theirs, reading, render([], theirs), frozenset({reservation_id}))

    def recover(self, actual: Config, reservation_id: int, *, database: str) -> tuple[Steering, ...]:
        """What is there of a stranger's; see `adoption.Adoption.steerings`."""
        return self._adoption(actual, reservation_id, database).steerings()

    def take_over(
        self, actual: Config, reservation_id: int, intents: Sequence[Intent], *, database: str
    ) -> tuple[Placement, ...]:
        """Where it stands; see `adoption.Adoption.placements`."""
        return self._adoption(actual, reservation_id, database).placements(intents)

    def push(self, plan: Plan, *, may_go_on: Callable[[], bool] = lambda: True) -> Transcript:
        """Send a plan; see `push.Push.run`. Nothing is sent for an empty one."""
        if not plan:
            return Transcript()
        return Push(self._device, self._session, self._names, may_go_on=may_go_on).run(plan)

    def save(self) -> Transcript:
        """Nothing is to be saved: what is committed survives a reboot."""
        return Transcript()

    def count(self, parts: Sequence[PartIntent]) -> Mapping[int, Count]:
        """What met the parts' terms; see `count.count_parts`."""
        ours = render(list(filter(is_router_part, parts)), self._names)
        routes = (*ours.wanted, *ours.leaving)
        if not routes:
            return {}
        return count_parts(routes, read_counters(self._device, self._session.counters()))

    def answering(self, next_hops: Collection[IpAddress]) -> frozenset[IpAddress]:
        """Those that answer the router; see `session.Session.is_answered`. It asks one after the other."""
        session = self._session
        return frozenset(hop for hop in dict.fromkeys(next_hops) if session.is_answered(hop))

    def close(self) -> None:
        """End the session."""
        self._netconf.close()

    @property
    def _session(self) -> Session:
        return Session(self._device, self._netconf)

    def _adoption(self, actual: Config, reservation_id: int, database: str) -> Adoption:
        reading = as_reading(actual, self._names)
        return Adoption(self._device, self._names, reading, reservation_id, database)
