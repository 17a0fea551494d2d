"""An FTOS switch that lives, as every router with a command line does."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from netconfig.simulator.cli_router import CliRouter
from netconfig.simulator.ftos_cli import FtosAnswer, FtosSession, FtosState, ftos_answer
from netconfig.simulator.ftos_commands import apply_line
from netconfig.simulator.ftos_config import FtosConfig, load
from netconfig.simulator.ftos_forwarding import ftos_steers
from netconfig.simulator.ftos_mode import GLOBAL, Step
from netconfig.simulator.ios_mode import Mode
from netconfig.simulator.session import Session
from netconfig.simulator.steer import Steer


class FtosRouter(CliRouter[FtosConfig]):
    """An FTOS-like switch that routes; see `CliRouter`. `state` is for `ftos_forwarding` and its like.

    Args:
        privileged: whether a session begins in EXEC Privilege mode, as for a user of privilege 15.
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
        self._privileged = privileged
        super().__init__(initial_config, hostname=hostname, nvram=nvram, clock=clock)

    def steers(self) -> tuple[Steer, ...]:
        """What it does to packets; see `ftos_steers`."""
        return ftos_steers(self._running)

    def _boot(self) -> None:
        super()._boot()
        self._changed_at = self._clock()

    def _note_change(self, user: str) -> None:
        self._changed_at = self._clock()

    def _load(self, text: str) -> FtosConfig:
        config = load(text)
        return config if config.kind("hostname ") else config.rename(self._hostname)

    def _text(self) -> str:
        return self._running.render()

    def _apply_line(self, config: FtosConfig, mode: Mode, line: str) -> Step:
        return apply_line(config, mode, line)

    def _answer(self, session: Session, line: str) -> FtosAnswer:
        state = FtosState(self._running, self._startup, self._changed_at)
        return ftos_answer(state, session, line)

    def _new_session(self, user: str) -> Session:
        return FtosSession(self._sessions, user, privileged=self._privileged)

    @property
    def _global_mode(self) -> Mode:
        return GLOBAL
