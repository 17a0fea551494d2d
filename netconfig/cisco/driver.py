"""What the drivers are: the device's session in front, pure functions behind."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from netconfig.capability import Capability
from netconfig.carried import is_router_part, require_intents
from netconfig.cisco.adoption import Adoption, as_adopted
from netconfig.cisco.config import Reading, as_reading, as_wish, is_ours, read_config
from netconfig.cisco.count import count_parts, read_hits
from netconfig.cisco.dialect import Dialect
from netconfig.cisco.imagine import imagine
from netconfig.cisco.names import Names
from netconfig.cisco.place import place_parts
from netconfig.cisco.plan import make_plan
from netconfig.cisco.render import render
from netconfig.cisco.running import Running, number_rules, parse_running
from netconfig.cli.adoption import former_owners, keep_adopted
from netconfig.cli.echo import who_answers
from netconfig.cli.push import Push
from netconfig.cli.show import show
from netconfig.driver import (
    Config,
    Count,
    Ownership,
    PartIntent,
    Placement,
    Plan,
    Transcript,
)
from netconfig.errors import StateUnknown
from netconfig.intent import Intent, IpAddress, RouterIntent, Steering
from netconfig.inventory import Device, Way
from netconfig.transport.cli import DEFAULT_TIMEOUTS, CliSession, Timeouts

_SENTENCE = 200
"""Characters up to which what came instead of a configuration is told: why there is none, and for whom."""


class CiscoDriver:
    """A router of Cisco's; see `DeviceDriver` for what each method promises.

    A platform is a subclass that says its name, what it can, and its dialect.
    """

    platform: ClassVar[str]
    dialect: ClassVar[Dialect]
    capabilities: ClassVar[frozenset[Capability]]
    ways: ClassVar[frozenset[Way]] = frozenset({Way.SSH, Way.SIMULATED})

    def __init__(
        self, device: Device, ownership: Ownership, *, timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> None:
        self._device = device
        self._names = Names(ownership)
        self._session = CliSession(device, self.dialect.device_type, timeouts)

    def read(self) -> Reading:
        """What the router has.

        Raises:
            Unreachable: no session, or it broke.
            StateUnknown: what it printed is not a running configuration.
        """
        text = self._show("show running-config")
        # What else has to be shown may be asked in another.
        session = self._session.current
        if not self.dialect.whole.search(text):
            words = "its running configuration is cut short, or is none"
            if 0 < len(said := text.strip()) <= _SENTENCE:
                words += f": {self._session.mask(said)}"
            raise StateUnknown(self._device.name, words)
        running = parse_running(text, self.dialect)
        return replace(read_config(self._number(running), self._names), session=session)

    def place(self, actual: Config, parts: Sequence[PartIntent]) -> Mapping[int, Placement]:
        """Where each wanted part goes; see `place.place_parts`."""
        require_intents(self._device.name, parts, RouterIntent)
        ours = list(filter(is_router_part, parts))
        running = as_reading(actual, self._names, self.dialect).running
        placed = place_parts(
            self._device.name, self._names, as_adopted(running, former_owners(ours), self._names), ours
        )
        owners = [held.owner for held in running.access_lists.values()]
        return keep_adopted(owners, ours, placed)

    def render(self, parts: Sequence[PartIntent]) -> Config:
        """What the router shall carry for these parts."""
        return render(list(filter(is_router_part, parts)), self._names, self.dialect)

    def plan(self, actual: Config, desired: Config, *, known: frozenset[int]) -> Plan:
        """The lines that lead from one to the other; see `plan.make_plan`."""
        reading = as_reading(actual, self._names, self.dialect)
        return make_plan(self._device.name, self._names, reading, as_wish(desired), known)

    def imagine(self, actual: Config, carried: str) -> Reading:
        """The router with what was only rehearsed; see `imagine.imagine`."""
        return read_config(
            imagine(as_reading(actual, self._names, self.dialect).running, carried, self._names), self._names
        )

    def evict(self, actual: Config, reservation_id: int, *, database: str) -> Plan:
        """The lines that take off a stranger's lists and entries.

        They are planned as that database would: whoever else is on the router is a stranger to it.
        """
        theirs = Names(Ownership(self._names.ownership.station, database))
        reading = as_reading(actual, theirs, self.dialect)
        nothing = render([], theirs, self.dialect)
        return make_plan(self._device.name, theirs, reading, nothing, frozenset({reservation_id}))

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

    def count(self, parts: Sequence[PartIntent]) -> Mapping[int, Count]:
        """How many packets met the parts' entries; see `count.count_parts`."""
        ours = list(filter(is_router_part, parts))
        counts: dict[int, Count] = {}
        for family, command in self.dialect.shown_lists.items():
            if asked := [part for part in ours if part.intent.flows[0].family == family]:
                counts |= count_parts(asked, read_hits(self._show(command), family, self.dialect))
        return counts

    def answering(self, next_hops: Collection[IpAddress]) -> frozenset[IpAddress]:
        """Those that answer the router's echo requests; see `cli.echo.who_answers`."""
        return who_answers(self._device.name, self._session, next_hops, self.dialect)

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _push(self, may_go_on: Callable[[], bool] = lambda: True) -> Push:
        return Push(
            self._device.name,
            self._session,
            self.dialect,
            save=self._device.save,
            notices=self._device.notices,
            may_go_on=may_go_on,
        )

    def _adoption(self, actual: Config, reservation_id: int, database: str) -> Adoption:
        running = as_reading(actual, self._names, self.dialect).running
        return Adoption(self._device.name, self._names, running, reservation_id, database)

    def _number(self, running: Running) -> Running:
        """The rules of the site's lists with their numbers, where the running configuration hides them."""
        hidden = {
            held.family
            for held in running.access_lists.values()
            if self.dialect.hides_numbers
            and not is_ours(held.name, self._names)
            and any(rule.sequence == 0 for rule in held.rules)
        }
        if not hidden:
            return running
        shown = "\n".join(self._show(self.dialect.shown_lists[family]) for family in sorted(hidden))
        return number_rules(running, shown)

    def _show(self, command: str) -> str:
        return show(self._device.name, self._session, command, self.dialect)
