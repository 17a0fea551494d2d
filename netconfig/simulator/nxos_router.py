"""An NX-OS switch that lives: all that an IOS router's life is, in another language."""

from dataclasses import replace

from netconfig.simulator.ios_cli import IosAnswer
from netconfig.simulator.ios_config import IosConfig
from netconfig.simulator.ios_forwarding import Hit, Passage
from netconfig.simulator.ios_mode import Mode, Step
from netconfig.simulator.nxos_acl import NxosAccessList
from netconfig.simulator.nxos_boot import load_nxos
from netconfig.simulator.nxos_cli import NxosSession, nxos_answer
from netconfig.simulator.nxos_commands import apply_line
from netconfig.simulator.packet import Packet
from netconfig.simulator.router import IosRouter
from netconfig.simulator.session import Session


class NxosRouter(IosRouter):
    """An NX-OS-like switch that routes; made and used as an `IosRouter`, whose functions take its `state`.

    With an `enable_secret` a session may look and not configure, as for the role network-operator: there is
    nothing to enable.
    """

    def _parse(self, text: str) -> IosConfig:
        return load_nxos(text)

    def _apply_line(self, config: IosConfig, mode: Mode, line: str) -> Step:
        return apply_line(config, mode, line)

    def _answer(self, session: Session, line: str) -> IosAnswer:
        return nxos_answer(self._device(), session, line)

    def _pass_in(self, interface: str, packet: Packet) -> Passage:
        passage = super()._pass_in(interface, packet)
        return replace(passage, hits=tuple(hit for hit in passage.hits if self._counts(hit)))

    def _counts(self, hit: Hit) -> bool:
        access_list = self.state.access_list(hit.family, hit.access_list)
        return isinstance(access_list, NxosAccessList) and access_list.counts

    def _new_session(self, user: str) -> Session:
        return NxosSession(self._sessions, user, privileged=self._enable_secret is None)
