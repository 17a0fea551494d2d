"""What all routers with a command line have in common: how one lives.

Its running and startup configuration, its sessions, its journal, its neighbours, its faults: all state is
here, behind one lock. What a line means is decided in each platform's language, which is pure.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from netconfig.simulator.faults import Action, Fault, FaultList
from netconfig.simulator.grammar import LineRefused
from netconfig.simulator.ios_mode import Mode
from netconfig.simulator.journal import JournalEntry
from netconfig.simulator.next_hops import NextHops
from netconfig.simulator.nvram import read_nvram, write_nvram
from netconfig.simulator.ping import Ping
from netconfig.simulator.session import Answer, Effect, Session
from netconfig.simulator.steer import Steer

HAND_EDIT = 0
CONSOLE = "console"

LineHook = Callable[[int, str], None]


class Configuration(Protocol):
    """A running configuration, a frozen value; each platform has its own."""

    @property
    def hostname(self) -> str: ...


Config = TypeVar("Config", bound=Configuration)
Config_co = TypeVar("Config_co", bound=Configuration, covariant=True)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a connection does about a line.

    After `delay`, what `said` gives is sent and the prompt of `session`; with `drops` the connection breaks
    at once and with `hangs` nothing more is ever sent. `closes` is an orderly end after the output. With
    `asks` a neighbour has to answer before anything can be said.
    """

    session: Session
    output: str = ""
    asks: Callable[[], str] | None = None
    delay: timedelta = timedelta(0)
    closes: bool = False
    drops: bool = False
    hangs: bool = False

    def said(self) -> str:
        """The output; where a neighbour is asked, that takes as long as it takes to answer."""
        return self.asks() if self.asks else self.output


class Step(Protocol[Config_co]):
    """What a line of configuration led to; `output` is what the router prints, mostly nothing."""

    @property
    def config(self) -> Config_co: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def output(self) -> str: ...


class CliRouter(ABC, Generic[Config]):
    """A router that is typed at. Safe to use from several threads.

    Args:
        initial_config: what it comes with, as `show running-config` prints it; used as startup configuration
            as long as `nvram` does not exist.
        hostname: its name if the configuration gives none.
        nvram: file that keeps the startup configuration; None keeps it in memory.
        clock: gives the present instant, aware, UTC.

    Attributes:
        faults: what is to go wrong.
        next_hops: who answers its echo requests; asked without its lock.
        before_line, after_line: called with session number and line around every line of configuration that
            comes over SSH, in the connection's thread, without the router's lock.
        after_change: called after the running configuration may have changed, without the router's lock.
    """

    _running: Config

    def __init__(
        self, initial_config: str, *, hostname: str, nvram: Path | None, clock: Callable[[], datetime]
    ) -> None:
        self.faults = FaultList()
        self.next_hops = NextHops()
        self.before_line: LineHook | None = None
        self.after_line: LineHook | None = None
        self.after_change: Callable[[], None] | None = None
        self._hostname = hostname
        self._nvram = nvram
        self._clock = clock
        self._lock = threading.RLock()
        self._journal: list[JournalEntry] = []
        self._connections: dict[int, Callable[[], None]] = {}
        self._pushing: set[int] = set()
        self._sessions = 0
        self._pushes = 0
        self._startup = read_nvram(nvram) or initial_config
        self._boot()
        # As read: the text a reload would compare with and boot from.
        self._startup = self._text()

    @abstractmethod
    def steers(self) -> tuple[Steer, ...]:
        """What policy routing does to packets now."""

    @abstractmethod
    def _load(self, text: str) -> Config:
        """A configuration as it was printed; one without a hostname gets the router's."""

    @abstractmethod
    def _text(self) -> str:
        """The running configuration, as it is printed below its header."""

    @abstractmethod
    def _apply_line(self, config: Config, mode: Mode, line: str) -> Step[Config]:
        """A line typed in a mode of configuration.

        Raises:
            LineRefused: it is not taken.
        """

    @abstractmethod
    def _answer(self, session: Session, line: str) -> Answer[Config]:
        """What is answered to a line."""

    @abstractmethod
    def _new_session(self, user: str) -> Session:
        """The session of the connection counted last."""

    @abstractmethod
    def _note_change(self, user: str) -> None:
        """The running configuration has just become another."""

    @property
    @abstractmethod
    def _global_mode(self) -> Mode: ...

    @property
    def state(self) -> Config:
        """The running configuration as a frozen value, for what tells where a packet goes."""
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

    def apply(self, lines: Iterable[str]) -> None:
        """Edit by hand, beginning in global configuration mode; all lines or none.

        Raises:
            ValueError: a line is refused; its text says which and why.
        """
        with self._lock:
            config, mode = self._running, self._global_mode
            entries: list[JournalEntry] = []
            for line in lines:
                try:
                    step = self._apply_line(config, mode, line)
                except LineRefused as refusal:
                    raise ValueError(f"{line.strip()}: {refusal}") from refusal
                config, mode = step.config, step.mode
                entry = JournalEntry(self._clock(), HAND_EDIT, line, accepted=True, output=step.output)
                entries.append(entry)
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
            answered: Answer[Config]
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
        garbage = fault if action is Action.GARBAGE else None
        return Reaction(
            answered.session,
            garbage.output if garbage else answered.output,
            asks=self._question(answered.ping) if answered.ping and not garbage else None,
            delay=fault.delay if fault else timedelta(0),
            closes=Effect.CLOSE in answered.effects,
            drops=action is Action.DROP_AFTER,
            hangs=action is Action.HANG_AFTER,
        )

    def _question(self, ping: Ping) -> Callable[[], str]:
        return lambda: ping.output(answered=self.next_hops.answers(ping.address))

    def _settle(self, session: Session, line: str, answered: Answer[Config]) -> None:
        """Write down what an answer changes."""
        if session.configures(line):
            self._record(session, line, answered)
        if answered.session.mode is None:
            self._pushing.discard(session.number)
        if answered.config is not None:
            self._change(answered.config, session.user)
        if Effect.SAVE in answered.effects:
            self._save(session.user)

    def _record(self, session: Session, line: str, answered: Answer[Config]) -> None:
        entry = JournalEntry(self._clock(), session.number, line, answered.accepted, answered.output)
        self._journal.append(entry)
        if answered.accepted and session.number not in self._pushing:
            self._pushing.add(session.number)
            self._pushes += 1

    def _change(self, config: Config, user: str) -> None:
        if config is not self._running:
            self._running = config
            self._note_change(user)

    def _tell_change(self) -> None:
        if self.after_change:
            self.after_change()

    def _save(self, user: str) -> None:
        self._startup = self._text()
        write_nvram(self._nvram, self._startup)

    def _boot(self) -> None:
        self._running = self._load(self._startup)
