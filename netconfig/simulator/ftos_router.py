"""An FTOS switch that lives: its configurations, sessions, journal and faults, behind one lock.

What a line means is decided in `ftos_cli`, which is pure.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from netconfig.simulator.faults import Action, Fault, FaultList
from netconfig.simulator.ftos_cli import FtosAnswer, FtosSession, FtosState, ftos_answer
from netconfig.simulator.ftos_commands import GLOBAL, apply_line
from netconfig.simulator.ftos_config import FtosConfig, load
from netconfig.simulator.ftos_forwarding import ftos_steers
from netconfig.simulator.grammar import LineRefused
from netconfig.simulator.ios_cli import Effect, Session
from netconfig.simulator.journal import JournalEntry
from netconfig.simulator.nvram import read_nvram, write_nvram
from netconfig.simulator.router import HAND_EDIT, LineHook, Reaction
from netconfig.simulator.steer import Steer


class FtosRouter:
    """An FTOS-like switch that routes. Safe to use from several threads.

    Args:
        initial_config: what it comes with, as `show running-config` prints it; used as startup configuration
            as long as `nvram` does not exist.
        hostname: its name if the configuration gives none.
        nvram: file that keeps the startup configuration; None keeps it in memory.
        clock: gives the present instant, aware, UTC.
        privileged: whether a session begins in EXEC Privilege mode, as for a user of privilege 15.

    Attributes:
        faults: what is to go wrong.
        before_line, after_line: called with session number and line around every line of configuration that
            comes over SSH, in the connection's thread, without the switch's lock.
        after_change: called after the running configuration may have changed, without the switch's lock.
    """

    def __init__(
        self,
        initial_config: str,
        *,
        hostname: str = "border-1",
        nvram: Path | None = None,
        clock: Callable[[], datetime],
        privileged: bool = True,
    ) -> None:
        self.faults = FaultList()
        self.before_line: LineHook | None = None
        self.after_line: LineHook | None = None
        self.after_change: Callable[[], None] | None = None
        self._hostname = hostname
        self._nvram = nvram
        self._clock = clock
        self._privileged = privileged
        self._lock = threading.RLock()
        self._journal: list[JournalEntry] = []
        self._connections: dict[int, Callable[[], None]] = {}
        self._pushing: set[int] = set()
        self._sessions = 0
        self._pushes = 0
        self._running = FtosConfig()
        self._startup = read_nvram(nvram) or initial_config
        self._boot()
        # As read: what a reload would boot from.
        self._startup = self._running.render()

    @property
    def state(self) -> FtosConfig:
        """The running configuration as a frozen value, for `ftos_forwarding` and `ftos_admitted`."""
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

    def steers(self) -> tuple[Steer, ...]:
        """What it does to packets; see `ftos_steers`."""
        return ftos_steers(self._running)

    def running_config(self) -> str:
        """What `show running-config` prints below its header."""
        return self._running.render()

    def startup_config(self) -> str:
        """What it would boot from now."""
        return self._startup

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
                    step = apply_line(config, mode, line)
                except LineRefused as refusal:
                    raise ValueError(f"{line.strip()}: {refusal}") from refusal
                config, mode = step.config, step.mode
                entries.append(JournalEntry(self._clock(), HAND_EDIT, line, accepted=True, output=""))
            self._change(config)
            self._journal += entries
        self._tell_change()

    def reboot(self, startup: str | None = None) -> None:
        """Lose power: every connection breaks, the startup configuration is what remains.

        With `startup` that is what it finds there.
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

    def connect(self, user: str, disconnect: Callable[[], None]) -> Session:
        """Open a session. `disconnect` breaks its connection; it may be called from any thread."""
        with self._lock:
            self._sessions += 1
            self._connections[self._sessions] = disconnect
            return FtosSession(self._sessions, user, privileged=self._privileged)

    def disconnect(self, session: Session) -> None:
        """The connection is gone."""
        with self._lock:
            self._connections.pop(session.number, None)
            self._pushing.discard(session.number)

    def prompt(self, session: Session) -> str:
        return session.prompt(self._running.hostname)

    def react(self, session: Session, line: str) -> Reaction:
        """Take a line from a session: faults first, then the switch itself."""
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
                answered = FtosAnswer(session, fault.output, accepted=False)
            else:
                state = FtosState(self._running, self._startup, self._changed_at)
                answered = ftos_answer(state, session, line)
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

    def _settle(self, session: Session, line: str, answered: FtosAnswer) -> None:
        """Write down what an answer changes."""
        if session.configures(line):
            entry = JournalEntry(self._clock(), session.number, line, answered.accepted, answered.output)
            self._journal.append(entry)
            if answered.accepted and session.number not in self._pushing:
                self._pushing.add(session.number)
                self._pushes += 1
        if answered.session.mode is None:
            self._pushing.discard(session.number)
        if answered.config is not None:
            self._change(answered.config)
        if Effect.SAVE in answered.effects:
            self._startup = self._running.render()
            write_nvram(self._nvram, self._startup)

    def _tell_change(self) -> None:
        if self.after_change:
            self.after_change()

    def _change(self, config: FtosConfig) -> None:
        if config is not self._running:
            self._running = config
            self._changed_at = self._clock()

    def _boot(self) -> None:
        config = load(self._startup)
        if not config.kind("hostname "):
            config = config.rename(self._hostname)
        self._running = config
        self._changed_at = self._clock()
