"""The driver itself: the device's session in front, pure functions behind."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from netconfig.capability import Capability
from netconfig.carried import is_router_part, require_intents
from netconfig.cli.adoption import former_owners, keep_adopted
from netconfig.cli.echo import who_answers
from netconfig.cli.push import Push
from netconfig.cli.show import show
from netconfig.driver import Config, Ownership, PartIntent, Placement, Plan, Transcript
from netconfig.drivers.dell_force10.adoption import Adoption, as_adopted
from netconfig.drivers.dell_force10.config import Reading, as_reading, as_wish, read_config
from netconfig.drivers.dell_force10.imagine import imagine
from netconfig.drivers.dell_force10.names import Names
from netconfig.drivers.dell_force10.place import place_parts
from netconfig.drivers.dell_force10.plan import make_plan
from netconfig.drivers.dell_force10.render import render
from netconfig.drivers.dell_force10.running import parse_running
from netconfig.drivers.dell_force10.words import FTOS
from netconfig.errors import StateUnknown
from netconfig.intent import Intent, IpAddress, RouterIntent, Steering
from netconfig.inventory import Device, Way
from netconfig.transport.cli import DEFAULT_TIMEOUTS, CliSession, Timeouts


class DellForce10:
    """A switch that routes and runs FTOS or Dell OS9; see `DeviceDriver` for what each method promises."""

    platform: ClassVar[str] = "dell_force10"
    ways: ClassVar[frozenset[Way]] = frozenset({Way.SSH, Way.SIMULATED})
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.POLICY_ROUTE_IPV4, Capability.ACCESS_PERMIT_IPV4, Capability.NEXT_HOPS}
    )

    def __init__(
        self, device: Device, ownership: Ownership, *, timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> None:
        self._device = device
        self._names = Names(ownership)
        self._session = CliSession(device, "dell_force10", timeouts)

    def read(self) -> Reading:
        """What the switch has.

        Raises:
            Unreachable: no session, or it broke.
            StateUnknown: what it printed is not a running configuration.
        """
        text = show(self._device.name, self._session, "show running-config", FTOS)
        session = self._session.current
        if text.rstrip().rpartition("\n")[2].strip() != "end":
            raise StateUnknown(self._device.name, "its running configuration is cut short")
        return replace(read_config(parse_running(text), self._names), session=session)

    def place(self, actual: Config, parts: Sequence[PartIntent]) -> Mapping[int, Placement]:
        """Where each wanted part goes; see `place.place_parts`."""
        require_intents(self._device.name, parts, RouterIntent)
        ours = list(filter(is_router_part, parts))
        running = as_reading(actual, self._names).running
        adopted = as_adopted(running, former_owners(ours), self._names)
        placed = place_parts(self._device.name, self._names, adopted, ours)
        owners = [held.owner for held in running.redirect_lists.values()]
        return keep_adopted(owners, ours, placed)

    def render(self, parts: Sequence[PartIntent]) -> Config:
        """What the switch shall carry for these parts."""
        return render(list(filter(is_router_part, parts)), self._names)

    def plan(self, actual: Config, desired: Config, *, known: frozenset[int]) -> Plan:
        """The lines that lead from one to the other; see `plan.make_plan`."""
        reading = as_reading(actual, self._names)
        return make_plan(self._device.name, self._names, reading, as_wish(desired), known)

    def imagine(self, actual: Config, carried: str) -> Reading:
        """The switch with what was only rehearsed; see `imagine.imagine`."""
        running = as_reading(actual, self._names).running
        return read_config(imagine(running, carried, self._names), self._names)

    def evict(self, actual: Config, reservation_id: int, *, database: str) -> Plan:
        """The lines that take off a stranger's lists.

        They are planned as that database would: whoever else is on the switch is a stranger to it.
        """
        theirs = Names(Ownership(self._names.ownership.station, database))
        reading = as_reading(actual, theirs)
        wish = as_wish(render([], theirs))
        return make_plan(self._device.name, theirs, reading, wish, frozenset({reservation_id}))

    def recover(self, actual: Config, reservation_id: int, *, database: str) -> tuple[Steering, ...]:
        """What is there of a stranger's; see `adoption.Adoption.steerings`."""
        return self._adoption(actual, reservation_id, database).steerings()

    def take_over(
        self, actual: Config, reservation_id: int, intents: Sequence[Intent], *, database: str
    ) -> tuple[Placement, ...]:
        """Where it stands; see `adoption.Adoption.placements`."""
        ours = [intent for intent in intents if isinstance(intent, RouterIntent)]
        return self._adoption(actual, reservation_id, database).placements(ours)

    def push(self, plan: Plan, *, may_go_on: Callable[[], bool] = lambda: True) -> Transcript:
        """Send a plan; see `cli.push.Push.run`. Nothing is sent for an empty one."""
        if not plan:
            return Transcript()
        return self._push(may_go_on).run(plan)

    def save(self) -> Transcript:
        """Write the running configuration to the startup configuration; see `cli.push.Push.save`."""
        return self._push().save()

    def answering(self, next_hops: Collection[IpAddress]) -> frozenset[IpAddress]:
        """Those that answer the switch's echo requests; see `cli.echo.who_answers`."""
        return who_answers(self._device.name, self._session, next_hops, FTOS)

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _push(self, may_go_on: Callable[[], bool] = lambda: True) -> Push:
        return Push(
            self._device.name,
            self._session,
            FTOS,
            save=self._device.save,
            notices=self._device.notices,
            may_go_on=may_go_on,
        )

    def _adoption(self, actual: Config, reservation_id: int, database: str) -> Adoption:
        running = as_reading(actual, self._names).running
        return Adoption(self._device.name, self._names, running, reservation_id, database)
