"""All that runs: wires, controllers, the gateway's agent and the service, each a process of its own."""

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from lab.controller import Controller
from lab.network import PrivateNetwork
from lab.openvswitch import PROGRAMS, require_openvswitch
from lab.processes import Service, require_programs
from pathservice.demo.island.experimenter import Experimenter
from pathservice.demo.island.wires import ALIEN, DPID, GATEWAY, OFELIA, Wires
from pathservice.pki import Pki, init_pki, issue_client
from pathservice.pki.experimenters import init_slice_authority, issue_slice_credential, issue_user

ACCESS = "+ : root : LOCAL\n- : ALL : ALL\n"
"""Who may log in to the gateway, whatever is booked."""
MANAGER = "CN=manager,O=Path Service"
AGENT_PORT, SERVICE_PORT, SWITCH_PORT, CONTROLLER_PORT = 8234, 8443, 6633, 6653
_CODE = Path(__file__).resolve().parents[3]
_NEEDED = {**PROGRAMS, "nsenter": "util-linux", "ping": "iputils-ping"}
_SITE = """\
name: Island
station: DEMO
topologies:
  - {name: blue, path: Backbone, capacity: 1G, production: true}
devices:
  - name: gateway
    platform: ofgw_agent
    host: localhost
    port: %d
    tls: {ca: state/pki/ca.pem, cert: state/pki/manager-cert.pem, key: state/pki/manager-key.pem}
tbam:
  authority: demo.example:tbam
  islands:
    - {name: east, gateway: gateway}
"""


def require_island() -> None:
    """Say all that is missing to run an island here.

    Raises:
        MissingProgram: something is.
    """
    require_programs(_NEEDED, root=True)
    require_openvswitch()


@dataclass(frozen=True, slots=True)
class Guest:
    """An experimenter, and the controller that switches are to have in the experimenter's slot."""

    calls: Experimenter
    controller: Controller


class Island:
    """An island that can be booked, while the `with` block lasts, in a network of its own.

    Attributes:
        wires: hosts and switches.
        default: the controller that the island's switch has while nobody has booked it.
        agent, service: the processes of `tbam-agent` and `pathservice serve`.
    """

    wires: Wires
    default: Controller
    agent: Service
    service: Service

    def __init__(self, folder: Path) -> None:
        """`folder` is an empty one, in which everything is."""
        self._folder = folder
        self._pki_folder = folder / "state" / "pki"
        self.access = folder / "access.conf"
        self._open = ExitStack()
        self._controllers: list[Controller] = []

    def __enter__(self) -> Self:
        """Start everything, and return when all of it answers.

        Raises:
            MissingProgram: something is not there that it takes; nothing was started.
            LabError: something does not start.
        """
        require_island()
        with ExitStack() as opening:
            opening.enter_context(PrivateNetwork())
            self.default = opening.enter_context(self._controller("default"))
            self._pki = self._make_pki()
            self.wires = opening.enter_context(Wires())
            self.agent = opening.enter_context(self._start_agent())
            self.agent.wait_for_line("event", "serving")
            self.service = opening.enter_context(self._start_service())
            self.service.wait_for_line("event", "serving")
            self.default.wait_until_ready()
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def folder(self) -> Path:
        """Where everything is."""
        return self._folder

    def guest(self, name: str) -> Guest:
        """An experimenter with a slice of the same name, a certificate and a credential for it."""
        controller = self._controller(name)
        self._open.enter_context(controller)
        now, credential = datetime.now(UTC), self._folder / f"{name}.xml"
        files = issue_user(self._pki_folder, name, now=now)
        urn = issue_slice_credential(
            self._pki_folder, name, name, path=credential, now=now, expires_at=now + timedelta(days=1)
        )
        calls = Experimenter(
            f"https://localhost:{SERVICE_PORT}/am/3",
            ca=self._pki.ca,
            cert=files.cert,
            key=files.key,
            slice_urn=urn,
            credential=credential,
        )
        self._open.callback(calls.close)
        controller.wait_until_ready()
        return Guest(calls, controller)

    def controller(self) -> Controller | None:
        """Whose the island's switch is now."""
        met = {one: at for one in self._controllers if (at := one.met_last(DPID)) is not None}
        return max(met, key=lambda one: met[one], default=None)

    def processes(self) -> list[int]:
        """All that we have started and that runs."""
        mine = (self.agent.pid, self.service.pid, *(one.pid for one in self._controllers))
        return [number for number in (*mine, *self.wires.switch.processes) if number is not None]

    def has_default(self) -> bool:
        """Whether nobody's slice is on the gateway: the default controller, no map, nobody let in."""
        is_free = not self.wires.map() and self.access.read_text("utf-8") == ACCESS
        return is_free and self.controller() is self.default

    def reboot_gateway(self) -> None:
        """Kill agent and switch; the switch comes back without a flow, then the agent."""
        self.agent.end(signal.SIGKILL)
        with self.wires.switch.down(crash=True):
            pass
        self.agent.start()

    def _make_pki(self) -> Pki:
        """As `pathservice pki init`, `slice-authority`, `user` and `slice-credential` do."""
        now = datetime.now(UTC)
        (self._folder / "state").mkdir(mode=0o700)
        pki = init_pki(self._pki_folder, host_names=(), now=now)
        issue_client(self._pki_folder, MANAGER, name="manager", now=now)
        init_slice_authority(self._pki_folder, "example.net", now=now)
        return pki

    def _start_agent(self) -> Service:
        self.access.write_text(ACCESS, encoding="utf-8")
        settings = self._folder / "tbam-agent.yaml"
        content = {
            "state": "agent",
            "address": "127.0.0.1",
            "port": AGENT_PORT,
            "ca": str(self._pki.ca),
            "cert": str(self._pki.server_cert),
            "key": str(self._pki.server_key),
            "managers": [MANAGER],
            "switches": [f"127.0.0.1:{SWITCH_PORT}"],
            "default_controller": self.default.url,
            # Here the experimenters' controllers are on the gateway's own machine.
            "controllers": {"allow": ["127.0.0.0/8"]},
            "bridge": {
                "name": GATEWAY,
                "socket": self.wires.switch.management(GATEWAY).removeprefix("unix:"),
                "alien": ALIEN,
                "ofelia": OFELIA,
            },
            "access": "access.conf",
            "look_every": 1,
        }
        settings.write_text(yaml.safe_dump(content), encoding="utf-8")
        return self._service("agent", "-m", "ofgw", "--settings", str(settings))

    def _start_service(self) -> Service:
        site = self._folder / "site.yaml"
        site.write_text(_SITE % AGENT_PORT, encoding="utf-8")
        state = str(self._folder / "state")
        words = ("serve", "--state", state, "--site", str(site), "--port", str(SERVICE_PORT))
        return self._service("service", "-m", "pathservice", *words)

    def _service(self, name: str, *words: str) -> Service:
        return Service(name, (sys.executable, *words), self._folder, _environment())

    def _controller(self, name: str) -> Controller:
        address = f"127.0.0.{1 + len(self._controllers)}"
        made = Controller(name, address, CONTROLLER_PORT, self._folder, _environment())
        self._controllers.append(made)
        return made


def _environment() -> Mapping[str, str]:
    """Ours, without the settings of whoever runs this."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("PATHSERVICE_", "TBAM_"))}
    return {**own, "PYTHONPATH": str(_CODE)}
