"""The driver itself: the agent's calls in front, pure functions behind."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import ClassVar

from netconfig.capability import Capability
from netconfig.carried import is_gateway_part, require_intents
from netconfig.driver import ADOPTED, Config, Ownership, PartIntent, Placement, Plan, Transcript
from netconfig.drivers.ofgw_agent.config import (
    SLICE,
    Reading,
    Wish,
    as_reading,
    former_key,
    is_ours,
    make_wish,
    read_report,
    with_text,
)
from netconfig.drivers.ofgw_agent.plan import GatewayPlan, make_eviction, make_plan
from netconfig.drivers.ofgw_agent.push import failure, push, read_answer
from netconfig.errors import DeviceError, Rejected, Unreadable
from netconfig.intent import GatewayIntent, Intent, Steering
from netconfig.inventory import Device, Way
from netconfig.slicestate import Item, SliceKey, SliceState, item_of
from netconfig.transport.xmlrpc import DEFAULT_PATIENCE, Patience, XmlRpcSession
from netconfig.xmlrpcwire import Fault

FACTS_LAST = 60.0
"""Seconds in which a gateway is not asked again what is around it: slots do not wait for that.

Shorter than between two looks for drift as those are set by default, so that each does ask.
"""

_ENDS = ("dpidSrc", "portSrc", "dpidDst", "portDst")


class OfgwAgent:
    """A gateway with `tbam-agent`; see `DeviceDriver` for what each method promises.

    Its facts are `switches`, a list of datapath ids, and `links`, a list of `dpidSrc`, `portSrc`, `dpidDst`
    and `portDst`; absent where the agent cannot tell.
    """

    platform: ClassVar[str] = "ofgw_agent"
    ways: ClassVar[frozenset[Way]] = frozenset({Way.TLS, Way.SIMULATED})
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.CONTROLLER_PROXY,
            Capability.VLAN_MAP,
            Capability.USER_ACCESS,
            Capability.SLOT_END,
        }
    )

    def __init__(
        self, device: Device, ownership: Ownership, *, patience: Patience = DEFAULT_PATIENCE
    ) -> None:
        self._device = device
        self._ownership = ownership
        self._session = XmlRpcSession(device, patience)
        self._facts: Mapping[str, object] = {}
        self._facts_last_until = -inf

    def read(self) -> Reading:
        """What the gateway has, and, unless it told that a moment ago, what is around it.

        Raises:
            Unreachable: no connection, or it broke.
            StateUnknown: the answer makes no sense.
        """
        try:
            report = read_answer(self._device.name, self._session.call("getState"))
        except Fault as fault:
            raise failure(self._device.name, fault) from fault
        return read_report(report, self._ownership, self._surroundings())

    def place(self, actual: Config, parts: Sequence[PartIntent]) -> Mapping[int, Placement]:
        """There is one place, and one slice has it.

        Raises:
            Rejected: parts of a second slice are wanted; the one that is there, or came first, stays.
        """
        require_intents(self._device.name, parts, GatewayIntent)
        ours = [part for part in parts if is_gateway_part(part) and part.wanted]
        reading = as_reading(actual, self._ownership)
        there = {
            held.state.key.reservation for held in reading.held if is_ours(held.state.key, self._ownership)
        }
        first = min(
            ours,
            key=lambda part: (
                not part.placement,
                part.reservation_id not in there,
                part.reservation_id,
            ),
            default=None,
        )
        others = [part for part in ours if first and part.reservation_id != first.reservation_id]
        if first and others:
            line = f"slice {others[0].reservation_id}"
            words = f"a gateway carries one slice at a time, and reservation {first.reservation_id} has it"
            ids = frozenset(part.part_id for part in others)
            raise Rejected(self._device.name, words, line=line, parts=ids)
        former = {held.state.key for held in reading.held}
        return {part.part_id: self._placement(part, former) for part in ours}

    def _placement(self, part: PartIntent, there: set[SliceKey]) -> Placement:
        placement: dict[str, object] = {SLICE: part.reservation_id}
        if former_key(part.placement, self._ownership.station) in there:
            placement[ADOPTED] = part.placement[ADOPTED]
        return placement

    def render(self, parts: Sequence[PartIntent]) -> Wish:
        """What the gateway shall carry for these parts."""
        return make_wish(list(filter(is_gateway_part, parts)), self._ownership)

    def plan(self, actual: Config, desired: Config, *, known: frozenset[int]) -> GatewayPlan:
        """The lines that lead from one to the other; see `plan.make_plan`."""
        wish = desired if isinstance(desired, Wish) else Wish("")
        return make_plan(self._ownership, as_reading(actual, self._ownership), wish, known)

    def imagine(self, actual: Config, carried: str) -> Reading:
        """The gateway with what was only rehearsed; strangers' slices stay."""
        reading = as_reading(actual, self._ownership)
        others = [held for held in reading.held if not is_ours(held.state.key, self._ownership)]
        return with_text(others, carried, self._ownership)

    def evict(self, actual: Config, reservation_id: int, *, database: str) -> GatewayPlan:
        """The lines that take off a stranger's slice."""
        reading = as_reading(actual, self._ownership)
        return make_eviction(self._ownership, reading, reservation_id, database)

    def recover(self, actual: Config, reservation_id: int, *, database: str) -> tuple[Steering, ...]:
        """Nothing: a slice steers no packets of a site's."""
        return ()

    def take_over(
        self, actual: Config, reservation_id: int, intents: Sequence[Intent], *, database: str
    ) -> tuple[Placement, ...]:
        """The slice that is there, for each of these that it has.

        Raises:
            Unreadable: it has something that is none of these.
        """
        state = self._slice(actual, SliceKey(self._ownership.station, database, reservation_id))
        if state is None:
            return tuple({} for _ in intents)
        carried = [state.carried.get(item) for item in Item]
        if any(thing is not None and thing not in intents for thing in carried):
            raise Unreadable(self._device.name, f"the slice of {state.key} has what no part has")
        placement: dict[str, object] = {SLICE: reservation_id}
        if database != self._ownership.database:
            placement[ADOPTED] = f"{reservation_id} {database}"
        return tuple(
            dict(placement) if isinstance(one, GatewayIntent) and state.carried.get(item_of(one)) else {}
            for one in intents
        )

    def push(self, plan: Plan, *, may_go_on: Callable[[], bool] = lambda: True) -> Transcript:
        """Send a plan; see `push.push`. Nothing is sent for an empty one."""
        if not plan:
            return Transcript()
        made = plan if isinstance(plan, GatewayPlan) else GatewayPlan(plan.lines, plan.strangers)
        transcript, report = push(self._device.name, self._session, made, may_go_on=may_go_on)
        # The agent has looked at what is there, as it does for `getState`.
        return replace(transcript, read_back=read_report(report, self._ownership, {}))

    def save(self) -> Transcript:
        """Nothing is to be done: an agent keeps what it is told before it answers."""
        return Transcript()

    def close(self) -> None:
        """End the connection."""
        self._session.close()

    def _slice(self, actual: Config, key: SliceKey) -> SliceState | None:
        held = as_reading(actual, self._ownership).held
        return next((one.state for one in held if one.is_wanted and one.state.key == key), None)

    def _surroundings(self) -> Mapping[str, object]:
        now = time.monotonic()
        if now >= self._facts_last_until:
            self._facts = self._ask_facts()
            self._facts_last_until = now + FACTS_LAST
        return self._facts

    def _ask_facts(self) -> Mapping[str, object]:
        facts: dict[str, object] = {}
        for name, method, read in (("switches", "getSws", _switch), ("links", "getLinks", _link)):
            try:
                told = self._session.call(method)
                if isinstance(told, list):
                    facts[name] = [one for word in told if (one := read(word))]
            except (Fault, DeviceError):
                # Of what is around it a gateway may know nothing; that is no reason to do nothing with it.
                continue
        return facts


def _switch(word: object) -> str | None:
    """A datapath id as the wire has it: `{"dipd": ...}` (sic), `{"dpid": ...}`, or by itself."""
    if isinstance(word, dict):
        word = word.get("dpid") or word.get("dipd")
    return word if isinstance(word, str) else None


def _link(word: object) -> dict[str, str] | None:
    if not isinstance(word, dict) or not all(isinstance(word.get(end), str | int) for end in _ENDS):
        return None
    return {end: str(word[end]) for end in _ENDS}
