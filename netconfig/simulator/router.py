"""An IOS router that lives; it counts packets, and knows when and by whom it was changed."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from netconfig.simulator.cli_router import CliRouter
from netconfig.simulator.ios_boot import load
from netconfig.simulator.ios_cli import IosAnswer, answer
from netconfig.simulator.ios_commands import apply_line
from netconfig.simulator.ios_config import HOSTNAME, IosConfig, OneLine
from netconfig.simulator.ios_forwarding import Hit, Passage, pass_in
from netconfig.simulator.ios_mode import GLOBAL, Mode, Step
from netconfig.simulator.ios_show import Change, Device
from netconfig.simulator.ios_steers import ios_steers
from netconfig.simulator.packet import Packet
from netconfig.simulator.session import Session
from netconfig.simulator.steer import Steer


class IosRouter(CliRouter[IosConfig]):
    """An IOS-like router; see `CliRouter`. Its `state` is for `forwarding` and `admitted`.

    Args:
        show_sequence_numbers: IOS-XE's way of printing access lists; False is classic IOS, which also forgets
            the numbers of IPv4 lists at a reload.
        enable_secret: with one, a session begins in user exec and `enable` asks for it.
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
        self._show_sequence_numbers = show_sequence_numbers
        self._enable_secret = enable_secret
        self._saved: Change | None = None
        super().__init__(initial_config, hostname=hostname, nvram=nvram, clock=clock)

    def steers(self) -> tuple[Steer, ...]:
        """What policy routing does to packets now.

        Raises:
            NotModelled: see `ios_steers`.
        """
        return ios_steers(self._running)

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

    def _boot(self) -> None:
        super()._boot()
        self._booted_at = self._clock()
        self._changed: Change | None = None
        self._hits: dict[Hit, int] = {}

    def _note_change(self, user: str) -> None:
        self._changed = Change(self._clock(), user)
        # An entry that is gone takes its counter along.
        self._hits = {hit: count for hit, count in self._hits.items() if _exists(self._running, hit)}

    def _save(self, user: str) -> None:
        super()._save(user)
        self._saved = Change(self._clock(), user)

    def _load(self, text: str) -> IosConfig:
        config = self._parse(text)
        if HOSTNAME in config.sections:
            return config
        return config.put(HOSTNAME, OneLine(f"hostname {self._hostname}"))

    def _parse(self, text: str) -> IosConfig:
        return load(text)

    def _text(self) -> str:
        return self._device().running_text

    def _apply_line(self, config: IosConfig, mode: Mode, line: str) -> Step:
        return apply_line(config, mode, line)

    def _answer(self, session: Session, line: str) -> IosAnswer:
        return answer(self._device(), session, line)

    def _pass_in(self, interface: str, packet: Packet) -> Passage:
        return pass_in(self._running, interface, packet)

    def _new_session(self, user: str) -> Session:
        return Session(self._sessions, user, privileged=self._enable_secret is None)

    @property
    def _global_mode(self) -> Mode:
        return GLOBAL

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
