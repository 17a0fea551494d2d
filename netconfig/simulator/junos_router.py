"""A Junos-like router that lives: committed configuration, candidate, lock, a commit on trial and its timer.

Written from RFC 6241 and the Junos XML management protocol's developer guide. All state is here, behind one
lock.
"""

import threading
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lxml import etree

from netconfig.simulator.faults import Action, Fault, FaultList
from netconfig.simulator.junos_check import check
from netconfig.simulator.junos_config import edit, lines, parse_config, print_config
from netconfig.simulator.junos_counters import Counters
from netconfig.simulator.junos_forwarding import junos_counter, junos_forwarding
from netconfig.simulator.junos_schema import Element, Refused, read_line
from netconfig.simulator.junos_steers import junos_steers
from netconfig.simulator.junos_subtree import subtree
from netconfig.simulator.nvram import read_nvram, write_nvram
from netconfig.simulator.packet import Packet
from netconfig.simulator.steer import Steer

REFUSAL = "constraint check failed"
GARBAGE = "\x07#@!~ %^ garbage (config"
DEFAULT_TRIAL = 600
"""Seconds that a confirmed commit waits where it does not say how long."""
_READS = {"get-config", "get-commit-information", "get-firewall-information"}


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


@dataclass(frozen=True, slots=True)
class _Trial:
    """A commit that was not confirmed yet: what was there before, whose it is, how long it waits."""

    before: Element
    session: int
    until: datetime
    seconds: int


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
    ) -> None:
        self.faults = FaultList()
        self.after_commit: Callable[[], None] | None = None
        self.after_change: Callable[[], None] | None = None
        self._nvram = nvram
        self._clock = clock
        self._rolls_back_with_session = rolls_back_with_session
        self._lock = threading.RLock()
        self._committed = parse_config(read_nvram(nvram) or initial_config)
        self._candidate = deepcopy(self._committed)
        self._startup = print_config(self._committed)
        self._counters = Counters()
        self._trial: _Trial | None = None
        self._holder: int | None = None
        self._connections: dict[int, Callable[[], None]] = {}
        self._sessions = 0
        self._pushes = 0

    @property
    def state(self) -> Element:
        """A copy of the committed configuration, for `junos_forwarding`."""
        with self._lock:
            self._expire()
            return deepcopy(self._committed)

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
        return self._pushes

    def running_config(self) -> str:
        """The committed configuration, be it on trial or not."""
        with self._lock:
            self._expire()
            return print_config(self._committed)

    def apply(self, hand_edits: Iterable[str]) -> None:
        """`set` and `delete` lines of somebody else's, committed; all or none, and unchecked.

        Raises:
            ValueError: a line is refused; its text says which and why.
        """
        with self._lock:
            self._expire()
            committed, candidate = deepcopy(self._committed), deepcopy(self._candidate)
            for line in hand_edits:
                try:
                    for config in (committed, candidate):
                        edit(config, read_line(line))
                except Refused as refused:
                    raise ValueError(f"{line}: {refused}") from refused
            self._committed, self._candidate = committed, candidate
            self._save()
        self._tell_change()

    def begin_edit(self, hand_edits: Iterable[str]) -> None:
        """The same lines in the candidate, not committed."""
        with self._lock:
            for line in hand_edits:
                edit(self._candidate, read_line(line))

    def reboot(self) -> None:
        """Lose power: every connection breaks, what was committed remains, but for what was on trial."""
        with self._lock:
            self._roll_back()
            self._committed = parse_config(self._startup)
            self._candidate = deepcopy(self._committed)
            self._counters = Counters()
            self._holder = None
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
            self._expire()
            if counter := junos_counter(self._committed, interface, packet):
                self._counters.add(self._committed, *counter, packets=count)
            return junos_forwarding(self._committed, interface, packet)

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
            if self._holder == session:
                self._holder = None
                self._candidate = deepcopy(self._committed)
            if self._trial and self._trial.session == session and self._rolls_back_with_session:
                self._roll_back()
        self._tell_change()

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
            before = self._committed
            content = self._answer(session, name, operation, fault)
            is_changed = self._committed is not before
        if is_changed:
            self._tell_change()
        if is_changed and self.after_commit:
            self.after_commit()
        return NetconfReaction(
            reply=_reply(number, content),
            stray=(fault.words or GARBAGE) if fault and action is Action.GARBAGE else "",
            delay=fault.delay if fault else timedelta(0),
            closes=name == "close-session",
            drops=action is Action.DROP_AFTER,
            hangs=action is Action.HANG_AFTER,
        )

    def _answer(self, session: int, name: str, operation: Element, fault: Fault | None) -> str:
        self._expire()
        if fault and fault.action is Action.REFUSE:
            return _error(Refused(fault.words or REFUSAL))
        verbs: dict[str, Callable[[], str | None]] = {
            "get-config": lambda: self._show(operation),
            "get-commit-information": self._history,
            "get-firewall-information": lambda: self._counters.show(self._committed),
            "lock": lambda: self._take_lock(session),
            "unlock": lambda: self._unlock(session),
            "edit-config": lambda: self._edit(session, operation),
            "discard-changes": lambda: self._discard(session),
            "validate": self._check,
            "commit": lambda: self._commit(session, operation),
            "commit confirmed": lambda: self._commit(session, operation),
            "close-session": lambda: None,
            "kill-session": lambda: self._kill(session, operation.findtext("session-id") or ""),
        }
        if name not in verbs:
            words = f"syntax error, expecting <rpc>: {name}"
            return _error(Refused(words, tag="operation-not-supported", element=name))
        try:
            return verbs[name]() or "<ok/>"
        except Refused as refused:
            return _error(refused)

    def _show(self, operation: Element) -> str:
        is_candidate = operation.find("source/candidate") is not None
        source = self._candidate if is_candidate else self._committed
        return f"<data>{subtree(source, operation.find('filter'))}</data>"

    def _unlock(self, session: int) -> None:
        if self._holder != session:
            raise Refused("configuration database is not locked")
        self._holder = None

    def _discard(self, session: int) -> None:
        self._check_holder(session)
        self._candidate = deepcopy(self._committed)

    def _take_lock(self, session: int) -> None:
        if self._holder not in {None, session}:
            raise Refused(f"configuration database locked by: session {self._holder}", tag="lock-denied")
        if self._holder == session:
            raise Refused("configuration database already locked by this session", tag="lock-denied")
        if _is_changed(self._candidate, self._committed):
            raise Refused("configuration database modified", tag="lock-denied")
        self._holder = session

    def _check_holder(self, session: int) -> None:
        if self._holder not in {None, session}:
            raise Refused(f"configuration database locked by: session {self._holder}", tag="in-use")

    def _edit(self, session: int, operation: Element) -> None:
        self._check_holder(session)
        change = operation.find("config/configuration")
        if change is None:
            raise Refused("no configuration", tag="missing-element", element="configuration")
        for line in lines(change):
            struck = self.faults.strike(line, configures=True)
            if struck and struck.action is Action.REFUSE:
                path = f"[edit {line.removeprefix('set ')}]"
                raise Refused(struck.words or REFUSAL, tag="bad-element", path=path, element=line.split()[-1])
        edited = deepcopy(self._candidate)
        edit(edited, change, operation.findtext("default-operation") or "merge")
        self._candidate = edited

    def _check(self) -> None:
        for line in lines(self._candidate):
            struck = self.faults.strike(f"check {line.removeprefix('set ')}", configures=True)
            if struck and struck.action is Action.REFUSE:
                raise Refused(f"{struck.words or REFUSAL}: configuration check-out failed")
        check(self._candidate)

    def _commit(self, session: int, operation: Element) -> None:
        self._check_holder(session)
        self._check()
        before, is_changed = self._committed, _is_changed(self._candidate, self._committed)
        if operation.find("confirmed") is not None:
            if self._trial:
                before = self._trial.before
            seconds = int(operation.findtext("confirm-timeout") or DEFAULT_TRIAL)
            self._trial = _Trial(before, session, self._clock() + timedelta(seconds=seconds), seconds)
        else:
            self._trial = None
        if is_changed:
            self._committed = deepcopy(self._candidate)
            self._pushes += 1
        if not self._trial:
            self._save()

    def _kill(self, session: int, other: str) -> None:
        if not other.isdecimal() or int(other) not in self._connections or int(other) == session:
            raise Refused(f"no session {other}", tag="invalid-value")
        disconnect = self._connections[int(other)]
        self.disconnect(int(other))
        disconnect()

    def _history(self) -> str:
        comment = ""
        if self._trial:
            comment = (
                f"<comment>commit confirmed, rollback in {max(1, self._trial.seconds // 60)}mins</comment>"
            )
        entry = "<sequence-number>0</sequence-number><user>lambda</user><client>netconf</client>"
        return f"<commit-information><commit-history>{entry}{comment}</commit-history></commit-information>"

    def _tell_change(self) -> None:
        if self.after_change:
            self.after_change()

    def _expire(self) -> None:
        if self._trial and self._clock() >= self._trial.until:
            self._roll_back()

    def _roll_back(self) -> None:
        if self._trial:
            self._committed = self._trial.before
            self._candidate = deepcopy(self._committed)
            self._trial = None

    def _save(self) -> None:
        self._startup = print_config(self._committed)
        write_nvram(self._nvram, self._startup)


def _is_changed(candidate: Element, committed: Element) -> bool:
    return etree.tostring(candidate) != etree.tostring(committed)


def _reply(number: str, content: str) -> str:
    names = 'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:junos="http://xml.juniper.net/junos/21.4R0/junos"'
    return f'<rpc-reply {names} message-id="{number}">{content}</rpc-reply>'


def _error(refused: Refused) -> str:
    error = etree.Element("rpc-error")
    for tag, text in (
        ("error-type", "protocol"),
        ("error-tag", refused.tag),
        ("error-severity", "error"),
        ("error-path", refused.path),
        ("error-message", str(refused)),
    ):
        if text:
            etree.SubElement(error, tag).text = text
    if refused.element:
        info = etree.SubElement(error, "error-info")
        etree.SubElement(info, "bad-element").text = refused.element
    return etree.tostring(error, encoding="unicode")
