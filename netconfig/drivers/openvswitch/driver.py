"""The driver itself: the session with the switch in front, pure functions behind."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from netconfig.capability import Capability
from netconfig.carried import is_gateway_part, require_intents
from netconfig.driver import (
    Config,
    Count,
    Exchange,
    Ownership,
    PartIntent,
    Placement,
    Plan,
    PlanLine,
    Transcript,
    keep_transcript,
)
from netconfig.drivers.openvswitch.bridge import Reading, as_reading, imagine, read_bridge
from netconfig.drivers.openvswitch.count import count_parts
from netconfig.drivers.openvswitch.lines import DatabaseLine, FlowLine
from netconfig.drivers.openvswitch.names import Names
from netconfig.drivers.openvswitch.place import place_parts
from netconfig.drivers.openvswitch.plan import make_plan
from netconfig.drivers.openvswitch.render import CARRIED, Wish, render
from netconfig.drivers.openvswitch.session import Session
from netconfig.errors import BadCredential, DeviceError, Rejected, StateUnknown, Unreachable, Waiting
from netconfig.intent import Intent, Steering
from netconfig.inventory import Device, Way
from netconfig.transport.openflow import BundleRefused
from netconfig.transport.ovsdb import TransactionRefused
from netconfig.vlanflows import SwitchPorts

PATIENCE = 30.0
"""Seconds in which a switch answers, or is taken for gone."""


class OpenVSwitch:
    """A bridge of an Open vSwitch; see `DeviceDriver` for what each method promises.

    Flows do not survive the switch's restart, whatever is done: the next pass puts them back.
    """

    platform: ClassVar[str] = "openvswitch"
    ways: ClassVar[frozenset[Way]] = frozenset({Way.OVSDB})
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.CONTROLLER_PROXY, Capability.VLAN_MAP, Capability.COUNTERS}
    )

    def __init__(self, device: Device, ownership: Ownership, *, patience: float = PATIENCE) -> None:
        if device.ovsdb is None or device.bridge is None:
            raise BadCredential(f"device {device.name}: an openvswitch needs `ovsdb` and `bridge`")
        self._device = device.name
        self._bridge = device.bridge
        self._names = Names(ownership)
        self._ports = SwitchPorts()
        self._policy = device.controllers
        self._session = Session(device.name, device.ovsdb, device.bridge, patience=patience)

    def read(self) -> Reading:
        """What the bridge has; see `session.Session.read`."""
        return read_bridge(self._session.read(self._names, self._ports), self._names)

    def place(self, actual: Config, parts: Sequence[PartIntent]) -> Mapping[int, Placement]:
        """Where each wanted part goes; see `place.place_parts`."""
        require_intents(self._device, parts, CARRIED)
        reading = as_reading(actual, self._names)
        ours = list(filter(is_gateway_part, parts))
        return place_parts(self._device, self._names, self._ports, self._policy, reading, ours)

    def render(self, parts: Sequence[PartIntent]) -> Wish:
        """What the bridge shall carry for these parts."""
        return render(list(filter(is_gateway_part, parts)), self._names)

    def plan(self, actual: Config, desired: Config, *, known: frozenset[int]) -> Plan:
        """The lines that lead from one to the other; see `plan.make_plan`."""
        wish = desired if isinstance(desired, Wish) else Wish(desired.text)
        return make_plan(self._bridge, self._names, as_reading(actual, self._names), wish, known)

    def imagine(self, actual: Config, carried: str) -> Reading:
        """The bridge with what was only rehearsed; see `bridge.imagine`."""
        return imagine(as_reading(actual, self._names), carried, self._names)

    def evict(self, actual: Config, reservation_id: int, *, database: str) -> Plan:
        """The lines that take off a stranger's objects, planned as that database would."""
        theirs = Names(Ownership(self._names.ownership.station, database))
        reading = as_reading(actual, self._names)
        as_theirs = read_bridge(reading.bridge, theirs) if reading.whole else reading
        known = frozenset({reservation_id})
        return make_plan(self._bridge, theirs, as_theirs, render([], theirs), known)

    def recover(self, actual: Config, reservation_id: int, *, database: str) -> tuple[Steering, ...]:
        """Nothing: a map of VLANs and a controller steer no packets by policy."""
        return ()

    def take_over(
        self, actual: Config, reservation_id: int, intents: Sequence[Intent], *, database: str
    ) -> tuple[Placement, ...]:
        """Nothing is taken over: slices are not adopted."""
        return tuple({} for _ in intents)

    def push(self, plan: Plan, *, may_go_on: Callable[[], bool] = lambda: True) -> Transcript:
        """Send a plan: the database's lines one by one, all flows in one bundle.

        Raises:
            Rejected: an added line was refused, and with it the bundle it was in.
            StateUnknown: a removal was refused.
            Waiting: all of it waits, and nothing was sent.
            Unreachable: the session ended; or we may not go on, and ended it ourselves.
            All of them carry what was said so far; see `transcript_of`.
        """
        if plan and not plan.due:
            raise Waiting(self._device, "; ".join(line.waits for line in plan.lines))
        exchanges: list[Exchange] = []
        try:
            if plan:
                self._session.open()
            for _, group in groupby(plan.due, key=lambda line: line.step):
                if not may_go_on():
                    self.close()
                    raise Unreachable(self._device, "broken off in mid-push, its lease had run out")
                self._send(list(group), exchanges)
        except DeviceError as error:
            keep_transcript(error, Transcript(tuple(exchanges)))
            raise
        return Transcript(tuple(exchanges))

    def save(self) -> Transcript:
        """Nothing is to be saved: the database saves itself, and flows cannot be."""
        return Transcript()

    def count(self, parts: Sequence[PartIntent]) -> Mapping[int, Count]:
        """What met the parts' flows; see `count.count_parts`. The switch knows it a second later."""
        ours = [part for part in parts if is_gateway_part(part) and part.placement]
        return count_parts(ours, self._names, self._session.counts(self._names)) if ours else {}

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _send(self, lines: Sequence[PlanLine], exchanges: list[Exchange]) -> None:
        flows = [line for line in lines if isinstance(line, FlowLine)]
        try:
            for line in lines:
                if isinstance(line, DatabaseLine):
                    self._session.configure(line)
            if flows:
                self._session.change(flows)
        except TransactionRefused as refused:
            exchanges += [Exchange(line.text, str(refused)) for line in lines]
            raise self._refusal(lines[0], str(refused)) from refused
        except BundleRefused as refused:
            changes = sorted(flows, key=lambda line: not line.removal)
            if refused.index is None:
                raise StateUnknown(self._device, f"{refused}, and none of its flows is named") from refused
            culprit = changes[refused.index]
            exchanges += [Exchange(line.text, str(refused) if line is culprit else "") for line in lines]
            raise self._refusal(culprit, str(refused)) from refused
        except DeviceError:
            exchanges += [Exchange(line.text, "") for line in lines]
            raise
        exchanges += [Exchange(line.text, "") for line in lines]

    def _refusal(self, line: PlanLine, words: str) -> DeviceError:
        if line.removal:
            return StateUnknown(self._device, f"{words} (at {line.text!r})")
        return Rejected(self._device, words, line=line.text, parts=line.parts)
