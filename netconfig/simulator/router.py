"""A router that lives: its running and startup configuration, its sessions, its journal, its faults.

All state is here, behind one lock; what a line means is decided in `ios_cli`, which is pure.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from netconfig.simulator.faults import Action, Fault, FaultList
from netconfig.simulator.grammar import LineRefused
from netconfig.simulator.ios_boot import load
from netconfig.simulator.ios_cli import Answer, Effect, Session, answer
from netconfig.simulator.ios_commands import apply_line
from netconfig.simulator.ios_config import HOSTNAME, IosConfig, OneLine
from netconfig.simulator.ios_forwarding import Hit, Passage, pass_in
from netconfig.simulator.ios_mode import GLOBAL, Mode, Step
from netconfig.simulator.ios_show import Change, Device
from netconfig.simulator.ios_steers import ios_steers
from netconfig.simulator.journal import JournalEntry
from netconfig.simulator.nvram import read_nvram, write_nvram
from netconfig.simulator.packet import Packet
from netconfig.simulator.steer import Steer

HAND_EDIT = 0
CONSOLE = "console"

LineHook = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a connection does about a line.

    After `delay`, `output` is sent and the prompt of `session`; with `drops` the connection breaks at once
    and with `hangs` nothing more is ever sent. `closes` is an orderly end after the output.
    """

    session: Session
    output: str = ""
    delay: timedelta = timedelta(0)
    closes: bool = False
    drops: bool = False
    hangs: bool = False


class IosRouter:
    """An IOS-like router. Safe to use from several threads.

    Args:
        initial_config: what the router comes with, as `show running-config` prints it; used as startup
            configuration as long as `nvram` does not exist.
        hostname: its name if the configuration gives none.
        nvram: file that keeps the startup configuration; None keeps it in memory.
        show_sequence_numbers: IOS-XE's way of printing access lists; False is classic IOS, which also forgets
            the numbers of IPv4 lists at a reload.
        clock: gives the present instant, aware, UTC.
        enable_secret: with one, a session begins in user exec and `enable` asks for it.

    Attributes:
        faults: what is to go wrong.
        before_line, after_line: called with session number and line around every line of configuration that
            comes over SSH, in the connection's thread, without the router's lock.
        after_change: called after the running configuration may have changed, without the router's lock.
    """

    def __init__(
        self,
        initial_config: str,
        *,
        hostname: str = "border-1",
        nvram: Path | None = None,
        show_sequence_numbers: bool = True,
        clock: Callable[[], datetime],
        enable_secret: str | None = None,
    ) -> None:
        self.faults = FaultList()
        self.before_line: LineHook | None = None
        self.after_line: LineHook | None = None
        self.after_change: Callable[[], None] | None = None
        self._hostname = hostname
        self._nvram = nvram
        self._show_sequence_numbers = show_sequence_numbers
        self._clock = clock
        self._enable_secret = enable_secret
        self._lock = threading.RLock()
        self._journal: list[JournalEntry] = []
        self._connections: dict[int, Callable[[], None]] = {}
        self._pushing: set[int] = set()
        self._sessions = 0
        self._pushes = 0
        self._saved: Change | None = None
        self._changed: Change | None = None
        self._hits: dict[Hit, int] = {}
        self._running = self._load("")
        self._startup = read_nvram(nvram) or initial_config
        self._boot()
        # As read: the text a reload would compare with and boot from.
        self._startup = self._text()

    @property
    def state(self) -> IosConfig:
        """The running configuration as a frozen value, for `forwarding` and `admitted`."""
        return self._running

    @property
    def journal(self) -> Sequence[JournalEntry]:
        """Every line of configuration so far, refused ones too, oldest first."""
        with self._lock:
            return tuple(self._journal)

    @property
    def sessions(self) -> int:
        """How many connections were ever opened."""
        return self._sessions

    @property
    def pushes(self) -> int:
        """How many times configuration mode was entered and at least one line accepted in it."""
        return self._pushes

    def running_config(self) -> str:
        """What `show running-config` prints below its header."""
        with self._lock:
            return self._text()

    def startup_config(self) -> str:
        """What the router would boot from now."""
        return self._startup

    def steers(self) -> tuple[Steer, ...]:
        """What policy routing does to packets now.

        Raises:
            NotModelled: see `ios_steers`.
        """
        return ios_steers(self._running)

    def apply(self, lines: Iterable[str]) -> None:
        """Edit by hand, beginning in global configuration mode; all lines or none.

        Raises:
            ValueError: a line is refused; its text says which and why.
        """
        with self._lock:
            config, mode = self._running, GLOBAL
            entries: list[JournalEntry] = []
            for line in lines:
                try:
                    step = self._apply_line(config, mode, line)
                except LineRefused as refusal:
                    raise ValueError(f"{line.strip()}: {refusal}") from refusal
                config, mode = step.config, step.mode
                entries.append(
                    JournalEntry(self._clock(), HAND_EDIT, line, accepted=True, output=step.output)
                )
            self._change(config, CONSOLE)
            self._journal += entries
        self._tell_change()

    def reboot(self, startup: str | None = None) -> None:
        """Lose power: every connection breaks, the startup configuration is what remains.

        With `startup` that is what it finds there: a configuration somebody kept, or another supervisor's.
        """
        with self._lock:
            if startup is not None:
                self._startup = startup
                write_nvram(self._nvram, startup)
            self._boot()
            connections = list(self._connections.values())
            self._connections.clear()
            self._pushing.clear()
        self._tell_change()
        for disconnect in connections:
            disconnect()

    def carry(self, interface: str, packet: Packet, *, count: int = 1) -> Passage:
        """Send packets in at an interface, so that the counters of `show ip access-lists` move.

        Raises:
            LookupError: there is no such interface.
            NotModelled: what becomes of the packet hangs on a line the simulator does not understand.
        """
        with self._lock:
            passage = self._pass_in(interface, packet)
            for hit in passage.hits:
                self._hits[hit] = self._hits.get(hit, 0) + count
            return passage

    def connect(self, user: str, disconnect: Callable[[], None]) -> Session:
        """Open a session. `disconnect` breaks its connection; it may be called from any thread."""
        with self._lock:
            self._sessions += 1
            self._connections[self._sessions] = disconnect
            return self._new_session(user)

    def disconnect(self, session: Session) -> None:
        """The connection is gone."""
        with self._lock:
            self._connections.pop(session.number, None)
            self._pushing.discard(session.number)

    def prompt(self, session: Session) -> str:
        return session.prompt(self._running.hostname)

    def react(self, session: Session, line: str) -> Reaction:
        """Take a line from a session: faults first, then the router itself."""
        configures = session.configures(line)
        if configures and self.before_line:
            self.before_line(session.number, line)
        fault = self.faults.strike(line, configures=configures) if line.strip() else None
        reaction = self._react(session, line, fault)
        if configures and self.after_line:
            self.after_line(session.number, line)
        return reaction

    def _react(self, session: Session, line: str, fault: Fault | None) -> Reaction:
        action = fault.action if fault else None
        if action is Action.FORGET:
            self.reboot()
        with self._lock:
            if session.number not in self._connections or action is Action.DROP_BEFORE:
                return Reaction(session, drops=True)
            if action is Action.HANG:
                return Reaction(session, hangs=True)
            if fault and action is Action.REFUSE:
                answered = Answer(session, fault.output, accepted=False)
            else:
                answered = self._answer(session, line)
            self._settle(session, line, answered)
        if answered.config is not None:
            self._tell_change()
        if Effect.RELOAD in answered.effects:
            self.reboot()
            return Reaction(answered.session, drops=True)
        return Reaction(
            answered.session,
            fault.output if fault and action is Action.GARBAGE else answered.output,
            delay=fault.delay if fault else timedelta(0),
            closes=Effect.CLOSE in answered.effects,
            drops=action is Action.DROP_AFTER,
            hangs=action is Action.HANG_AFTER,
        )

    def _settle(self, session: Session, line: str, answered: Answer) -> None:
        """Write down what an answer changes."""
        if session.configures(line):
            self._record(session, line, answered)
        if answered.session.mode is None:
            self._pushing.discard(session.number)
        if answered.config is not None:
            self._change(answered.config, session.user)
        if Effect.SAVE in answered.effects:
            self._save(session.user)

    def _record(self, session: Session, line: str, answered: Answer) -> None:
        entry = JournalEntry(self._clock(), session.number, line, answered.accepted, answered.output)
        self._journal.append(entry)
        if answered.accepted and session.number not in self._pushing:
            self._pushing.add(session.number)
            self._pushes += 1

    def _change(self, config: IosConfig, user: str) -> None:
        if config is self._running:
            return
        self._running = config
        self._changed = Change(self._clock(), user)
        # An entry that is gone takes its counter along.
        self._hits = {hit: count for hit, count in self._hits.items() if _exists(config, hit)}

    def _tell_change(self) -> None:
        if self.after_change:
            self.after_change()

    def _save(self, user: str) -> None:
        text = self._text()
        write_nvram(self._nvram, text)
        self._startup = text
        self._saved = Change(self._clock(), user)

    def _boot(self) -> None:
        config = self._load(self._startup)
        if HOSTNAME not in config.sections:
            config = config.put(HOSTNAME, OneLine(f"hostname {self._hostname}"))
        self._running = config
        self._booted_at = self._clock()
        self._changed = None
        self._hits = {}

    def _text(self) -> str:
        return self._device().running_text

    def _load(self, text: str) -> IosConfig:
        return load(text)

    def _apply_line(self, config: IosConfig, mode: Mode, line: str) -> Step:
        return apply_line(config, mode, line)

    def _answer(self, session: Session, line: str) -> Answer:
        return answer(self._device(), session, line)

    def _pass_in(self, interface: str, packet: Packet) -> Passage:
        return pass_in(self._running, interface, packet)

    def _new_session(self, user: str) -> Session:
        return Session(self._sessions, user, privileged=self._enable_secret is None)

    def _device(self) -> Device:
        return Device(
            now=self._clock(),
            booted_at=self._booted_at,
            running=self._running,
            startup_text=self._startup,
            changed=self._changed,
            saved=self._saved,
            hits=self._hits,
            show_sequence_numbers=self._show_sequence_numbers,
            enable_secret=self._enable_secret,
        )


def _exists(config: IosConfig, hit: Hit) -> bool:
    access_list = config.access_list(hit.family, hit.access_list)
    return access_list is not None and any(entry == hit.entry for _, entry in access_list.entries)
