"""The driver itself: the session with the router in front, pure functions behind."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import ClassVar

from netconfig.capability import Capability
from netconfig.carried import is_router_part, require_intents
from netconfig.driver import Config, Count, Ownership, PartIntent, Placement, Plan, Transcript
from netconfig.drivers.linux_nft.adoption import Adoption
from netconfig.drivers.linux_nft.counts import counts
from netconfig.drivers.linux_nft.names import Names
from netconfig.drivers.linux_nft.neighbours import answering, blocks
from netconfig.drivers.linux_nft.place import place_parts
from netconfig.drivers.linux_nft.plan import make_plan
from netconfig.drivers.linux_nft.push import Push
from netconfig.drivers.linux_nft.reading import Reading, as_reading, imagine
from netconfig.drivers.linux_nft.render import Wish, render
from netconfig.drivers.linux_nft.session import Session
from netconfig.intent import AccessPermit, Intent, IpAddress, PolicyRoute, Steering
from netconfig.inventory import Device, Way
from netconfig.transport.command import DEFAULT_TIMEOUTS, CommandSession, Timeouts


class LinuxNft:
    """A router that runs Linux; see `CountingDriver` and `AskingDriver` for what each method promises."""

    platform: ClassVar[str] = "linux_nft"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.POLICY_ROUTE_IPV4,
            Capability.POLICY_ROUTE_IPV6,
            Capability.POLICY_ROUTE_DSCP,
            Capability.ACCESS_PERMIT_IPV4,
            Capability.ACCESS_PERMIT_IPV6,
            Capability.COUNTERS,
            Capability.NEXT_HOPS,
        }
    )
    ways: ClassVar[frozenset[Way]] = frozenset({Way.SSH})

    def __init__(
        self, device: Device, ownership: Ownership, *, timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> None:
        self._device = device.name
        self._saves = device.save
        self._names = Names(ownership)
        self._commands = CommandSession(device, timeouts)

    def read(self) -> Reading:
        """What the router has; see `session.Session.read`."""
        return self._session.read(self._names)

    def place(self, actual: Config, parts: Sequence[PartIntent]) -> Mapping[int, Placement]:
        """Where each wanted part goes; see `place.place_parts`."""
        require_intents(self._device, parts, PolicyRoute | AccessPermit)
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
        """The router with what was only rehearsed; see `reading.imagine`."""
        return imagine(as_reading(actual, self._names), carried, self._names)

    def evict(self, actual: Config, reservation_id: int, *, database: str) -> Plan:
        """The lines that take off a stranger's rules, planned as that database would."""
        theirs = Names(Ownership(self._names.ownership.station, database))
        return make_plan(theirs, as_reading(actual, theirs), Wish(""), frozenset({reservation_id}))

    def recover(self, actual: Config, reservation_id: int, *, database: str) -> tuple[Steering, ...]:
        """What is there of a stranger's; see `adoption.Adoption.steerings`."""
        return self._adoption(actual, reservation_id, database).steerings()

    def take_over(
        self, actual: Config, reservation_id: int, intents: Sequence[Intent], *, database: str
    ) -> tuple[Placement, ...]:
        """Where it stands; see `adoption.Adoption.placements`."""
        return self._adoption(actual, reservation_id, database).placements(intents)

    def count(self, parts: Sequence[PartIntent]) -> Mapping[int, Count]:
        """What has passed by each part; see `counts.counts`."""
        return counts(self.read().ruleset, self.render(parts))

    def answering(self, next_hops: Collection[IpAddress]) -> frozenset[IpAddress]:
        """Those that answer the router; see `neighbours.answering`. It asks all of them at once."""
        found = frozenset[str]()
        for asked in blocks(next_hops):
            found |= answering(self._device, asked, self._session.ping(asked))
        return frozenset(hop for hop in next_hops if str(hop) in found)

    def push(self, plan: Plan, *, may_go_on: Callable[[], bool] = lambda: True) -> Transcript:
        """Send a plan; see `push.Push.run`. Nothing is sent for an empty one."""
        return self._push(may_go_on).run(plan) if plan else Transcript()

    def save(self) -> Transcript:
        """Keep what the router has for its next boot; see `push.Push.save`."""
        return self._push().save()

    def close(self) -> None:
        """End the session."""
        self._commands.close()

    @property
    def _session(self) -> Session:
        return Session(self._device, self._commands)

    def _push(self, may_go_on: Callable[[], bool] = lambda: True) -> Push:
        return Push(self._device, self._session, self._names, save=self._saves, may_go_on=may_go_on)

    def _adoption(self, actual: Config, reservation_id: int, database: str) -> Adoption:
        return Adoption(self._device, self._names, as_reading(actual, self._names), reservation_id, database)
