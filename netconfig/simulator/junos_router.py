"""A Junos-like router that lives: its configuration database, its sessions, its counters, its neighbours.

All state is here, behind one lock.
"""

import threading
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lxml import etree

from netconfig.simulator.faults import Action, Fault, FaultList
from netconfig.simulator.junos_config import print_config
from netconfig.simulator.junos_counters import Counters
from netconfig.simulator.junos_database import REFUSAL, ConfigurationDatabase
from netconfig.simulator.junos_forwarding import junos_counter, junos_forwarding
from netconfig.simulator.junos_replies import error, ping_results, pinged, reply
from netconfig.simulator.junos_schema import Element, Refused
from netconfig.simulator.junos_steers import junos_steers
from netconfig.simulator.next_hops import NextHops
from netconfig.simulator.packet import Packet
from netconfig.simulator.steer import Steer

GARBAGE = "\x07#@!~ %^ garbage (config"
_READS = {"get-config", "get-commit-information", "get-firewall-information", "ping"}


@dataclass(frozen=True, slots=True)
class NetconfReaction:
    """What a connection does about a request.

    After `delay`, `stray` is sent as a message of its own, then `reply`; with `drops` the connection breaks
    at once and with `hangs` nothing more is ever sent. `closes` is an orderly end after the reply.
    """

    reply: str = ""
    stray: str = ""
    delay: timedelta = timedelta(0)
    closes: bool = False
    drops: bool = False
    hangs: bool = False


class JunosRouter:
    """A Junos-like router. Safe to use from several threads.

    Args:
        initial_config: what the router comes with, as `show configuration | display xml` prints it; used as
            long as `nvram` does not exist.
        nvram: file that keeps the committed configuration; None keeps it in memory.
        clock: gives the present instant, aware, UTC; the timer of a commit on trial goes by it.
        rolls_back_with_session: whether the end of a session takes back what it committed for a trial, as RFC
            6241 has it; otherwise the timer alone does.

    Attributes:
        next_hops: which neighbours answer its `ping`.
        encoding: of all that it says; Junos keeps the octets of a text as somebody typed them.
        faults: what is to go wrong. A line of configuration is an operation (`lock`, `edit-config`, `commit
            confirmed`, `commit` ...), a statement that is set (`set ...`), or a statement that a commit or a
            validation checks (`check ...`); of the last two only refusals count.
        after_commit: called after each commit that changed something, without the router's lock.
        after_change: called after the committed configuration may have changed, without the router's lock;
            not for a trial that runs out, which is found out when somebody looks.
    """

    def __init__(
        self,
        initial_config: str,
        *,
        nvram: Path | None = None,
        clock: Callable[[], datetime],
        rolls_back_with_session: bool = True,
        encoding: str = "utf-8",
    ) -> None:
        self.next_hops = NextHops()
        self.encoding = encoding
        self.faults = FaultList()
        self.after_commit: Callable[[], None] | None = None
        self.after_change: Callable[[], None] | None = None
        self._rolls_back_with_session = rolls_back_with_session
        self._lock = threading.RLock()
        self._database = ConfigurationDatabase(initial_config, nvram=nvram, clock=clock, faults=self.faults)
        self._counters = Counters()
        self._connections: dict[int, Callable[[], None]] = {}
        self._sessions = 0

    @property
    def state(self) -> Element:
        """A copy of the committed configuration, for `junos_forwarding`."""
        with self._lock:
            self._database.expire()
            return deepcopy(self._database.committed)

    def steers(self) -> tuple[Steer, ...]:
        """What the input filters do to packets now.

        Raises:
            NotModelled: see `junos_steers`.
        """
        return junos_steers(self.state)

    @property
    def sessions(self) -> int:
        """How many sessions were ever opened."""
        return self._sessions

    @property
    def pushes(self) -> int:
        """How many commits came over NETCONF and changed something."""
        return self._database.pushes

    def running_config(self) -> str:
        """The committed configuration, be it on trial or not."""
        return print_config(self.state)

    def apply(self, hand_edits: Iterable[str]) -> None:
        """`set` and `delete` lines of somebody else's, committed; all or none, and unchecked.

        Raises:
            ValueError: a line is refused; its text says which and why.
        """
        with self._lock:
            self._database.expire()
            self._database.apply(hand_edits)
        self._tell_change()

    def begin_edit(self, hand_edits: Iterable[str]) -> None:
        """The same lines in the candidate, not committed."""
        with self._lock:
            self._database.begin_edit(hand_edits)

    def reboot(self) -> None:
        """Lose power: every connection breaks, what was committed remains, but for what was on trial."""
        with self._lock:
            self._database.lose_power()
            self._counters = Counters()
            connections = list(self._connections.values())
            self._connections.clear()
        self._tell_change()
        for disconnect in connections:
            disconnect()

    def carry(self, interface: str, packet: Packet, *, count: int = 1) -> str | None:
        """Send packets in at an interface, so that the counters of `show firewall` move; the next hop.

        Raises:
            NotModelled: what becomes of them hangs on a statement that the simulator does not understand.
        """
        with self._lock:
            self._database.expire()
            committed = self._database.committed
            if counter := junos_counter(committed, interface, packet):
                self._counters.add(committed, *counter, packets=count)
            return junos_forwarding(committed, interface, packet)

    def connect(self, disconnect: Callable[[], None]) -> int:
        """Open a session; its number. `disconnect` breaks its connection; from any thread."""
        with self._lock:
            self._sessions += 1
            self._connections[self._sessions] = disconnect
            return self._sessions

    def disconnect(self, session: int) -> None:
        """The connection is gone."""
        with self._lock:
            self._connections.pop(session, None)
            self._database.leave(session, rolls_back=self._rolls_back_with_session)
        self._tell_change()

    @staticmethod
    def takes_time(rpc: Element) -> bool:
        """Whether `react` may take seconds over a request, in which nobody else is to wait."""
        return rpc.find("ping") is not None

    def react(self, session: int, rpc: Element) -> NetconfReaction:
        """Take a request from a session: faults first, then the router itself."""
        operation = rpc[0] if len(rpc) else etree.Element("nothing")
        name = str(operation.tag)
        if operation.find("confirmed") is not None:
            name = f"{name} confirmed"
        fault = self.faults.strike(name, configures=name not in _READS)
        action = fault.action if fault else None
        if action is Action.FORGET:
            self.reboot()
        with self._lock:
            if session not in self._connections or action is Action.DROP_BEFORE:
                return NetconfReaction(drops=True)
            if action is Action.HANG:
                return NetconfReaction(hangs=True)
            number = rpc.get("message-id", "")
            if fault and action is Action.GARBAGE and name in _READS:
                words = fault.words or GARBAGE
                return NetconfReaction(f'<rpc-reply message-id="{number}"><data><{words}')
            before = self._database.committed
            content = None if name == "ping" else self._answer(session, name, operation, fault)
            is_changed = self._database.committed is not before
        if content is None:
            content = self._ping(operation, fault)
        if is_changed:
            self._tell_change()
        if is_changed and self.after_commit:
            self.after_commit()
        return NetconfReaction(
            reply=reply(number, content),
            stray=(fault.words or GARBAGE) if fault and action is Action.GARBAGE else "",
            delay=fault.delay if fault else timedelta(0),
            closes=name == "close-session",
            drops=action is Action.DROP_AFTER,
            hangs=action is Action.HANG_AFTER,
        )

    def _answer(self, session: int, name: str, operation: Element, fault: Fault | None) -> str:
        database = self._database
        database.expire()
        if fault and fault.action is Action.REFUSE:
            return error(Refused(fault.words or REFUSAL))
        verbs: dict[str, Callable[[], str | None]] = {
            "get-config": lambda: database.show(operation),
            "get-commit-information": database.history,
            "get-firewall-information": lambda: self._counters.show(database.committed),
            "lock": lambda: database.lock(session),
            "unlock": lambda: database.unlock(session),
            "edit-config": lambda: database.edit(session, operation),
            "discard-changes": lambda: database.discard(session),
            "validate": database.check,
            "commit": lambda: database.commit(session, operation),
            "commit confirmed": lambda: database.commit(session, operation),
            "close-session": lambda: None,
            "kill-session": lambda: self._kill(session, operation.findtext("session-id") or ""),
        }
        if name not in verbs:
            words = f"syntax error, expecting <rpc>: {name}"
            return error(Refused(words, tag="operation-not-supported", element=name))
        try:
            return verbs[name]() or "<ok/>"
        except Refused as refused:
            return error(refused)

    def _ping(self, operation: Element, fault: Fault | None) -> str:
        """What became of a `ping`; without the lock, for in a lab it takes its time."""
        if fault and fault.action is Action.REFUSE:
            return error(Refused(fault.words or "permission denied", tag="access-denied", element="ping"))
        try:
            address = pinged(operation)
        except Refused as refused:
            return error(refused)
        return ping_results(operation, address, answers=self.next_hops.answers(address))

    def _kill(self, session: int, other: str) -> None:
        if not other.isdecimal() or int(other) not in self._connections or int(other) == session:
            raise Refused(f"no session {other}", tag="invalid-value")
        disconnect = self._connections[int(other)]
        self.disconnect(int(other))
        disconnect()

    def _tell_change(self) -> None:
        if self.after_change:
            self.after_change()
