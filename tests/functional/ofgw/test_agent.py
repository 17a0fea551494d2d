"""The agent as a daemon, on a real switch: a slice comes, survives what befalls the gateway, and goes."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from netconfig.slicewire import dump_time
from netconfig.transport.xmlrpc import XmlRpcSession
from netconfig.xmlrpcwire import Fault
from tests.functional.ofgw.agents import (
    ACCESS,
    NOTHING,
    AgentProcess,
    Certificates,
    a_slice,
    manager,
    wait_for,
)
from tests.functional.ofgw.openvswitch import OpenVSwitch

VLANS = {"10": "0xffff", "30": "20"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def switch() -> Iterator[OpenVSwitch]:
    with OpenVSwitch(made_up=True) as running:
        running.add_bridge("switch")
        yield running


class Gateway:
    """A gateway with a switch; its agent is started and ended."""

    def __init__(self, folder: Path, certificates: Certificates, switch: OpenVSwitch) -> None:
        self.folder = folder
        self.switch = switch
        self._certificates = certificates
        bridge = {"socket": switch.management("switch").removeprefix("unix:")}
        self._settings = certificates.settings(folder, bridge=bridge)
        self.start()

    def start(self) -> None:
        self.agent = AgentProcess(self.folder, self._settings)
        self.session: XmlRpcSession = manager(self.agent.port, self._certificates.manager)

    def end(self) -> None:
        self.session.close()
        self.agent.__exit__(None, None, None)

    def has(self) -> dict[str, Any]:
        """What the agent says of the slice it has."""
        slices = self.session.call("getState")["slices"]  # type: ignore[index]
        return {key: slices[0].get(key) for key in ("controller", "vlans", "group")} if slices else {}

    def flows(self) -> list[str]:
        words = self.switch.ofctl("dump-flows", self.switch.management("switch")).splitlines()
        return [line for line in words if "dl_vlan" in line or "vlan_tci" in line]

    def access(self) -> str:
        return (self.folder / "access.conf").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates, switch: OpenVSwitch
) -> Iterator[Gateway]:
    made = Gateway(tmp_path_factory.mktemp("gateway"), certificates, switch)
    yield made
    made.end()


@pytest.fixture
def gateway(running: Gateway) -> Iterator[Gateway]:
    """With nothing on it, before and after."""
    yield running
    running.session.call("setState", NOTHING)
    assert running.flows() == []
    assert running.access() == ACCESS


ALL = {"controller": "192.0.2.1:6633", "vlans": VLANS, "group": "1_demo"}


def test_slice_outlives_agent_switch_and_hands_and_leaves_nothing(gateway: Gateway) -> None:
    gateway.session.call("setState", a_slice(vlans=VLANS))
    assert gateway.has() == ALL
    assert gateway.flows()
    assert "+ : (1_demo) : ALL" in gateway.access()
    with gateway.switch.down(crash=True):
        pass
    wait_for(gateway.flows, gateway.agent.log)
    gateway.switch.ofctl("del-flows", gateway.switch.management("switch"))
    (gateway.folder / "access.conf").write_text(ACCESS, encoding="utf-8")
    wait_for(lambda: gateway.flows() and "1_demo" in gateway.access(), gateway.agent.log)
    gateway.end()
    gateway.start()
    assert gateway.has() == ALL
    gateway.session.call("setState", NOTHING)
    assert gateway.has() == {}
    assert gateway.flows() == []
    assert gateway.access() == ACCESS


def test_silent_managers_slice_ends_when_it_was_told(gateway: Gateway) -> None:
    until = datetime.now(UTC) + timedelta(seconds=1)
    gateway.session.call("setState", a_slice(vlans=VLANS, until=dump_time(until)))
    wait_for(lambda: gateway.access() == ACCESS and not gateway.flows(), gateway.agent.log)
    assert datetime.now(UTC) >= until
    state = gateway.session.call("getState")
    assert "as told" in state["ended"]  # type: ignore[index]


def test_switch_that_is_away_is_told_by_item_and_the_slice_comes_when_it_is_back(gateway: Gateway) -> None:
    with gateway.switch.down():
        answer = gateway.session.call("setState", a_slice(vlans=VLANS))
        assert list(answer["troubles"]) == ["vlans"]  # type: ignore[index]
        assert gateway.has() == {**ALL, "vlans": None}
    wait_for(lambda: gateway.has() == ALL, gateway.agent.log)


def test_stop_is_quick_and_the_slice_stays_for_the_next_start(gateway: Gateway) -> None:
    gateway.session.call("setState", a_slice(vlans=VLANS))
    assert gateway.agent.stop() < 5
    assert gateway.agent.process.returncode == 0
    assert gateway.flows()
    assert "1_demo" in gateway.access()
    gateway.session.close()
    gateway.start()
    assert gateway.has() == ALL


def test_certificates_are_taken_anew_at_a_hangup(gateway: Gateway) -> None:
    gateway.agent.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "certificates-reloaded" in gateway.agent.log(), gateway.agent.log)
    assert gateway.session.call("getState")


HOSTILE = ("; reboot", "$(reboot)", "`reboot`", "a\nb", "../../etc/passwd", "%n%n", "'\"")


def test_no_word_of_a_user_starts_a_program(gateway: Gateway) -> None:
    """Every word is refused or taken; from beginning to end the agent has no child and starts none."""
    process = gateway.agent.process.pid
    for word in HOSTILE:
        for method, argument in (
            ("setTCPProxy", f"{word}:6633"),
            ("setUserAuth", word),
            ("setOvS", {word: word}),
            ("setState", a_slice(group=word, controller=word)),
            (word, word),
        ):
            with pytest.raises(Fault, match=r"^bad-(value|call)"):
                gateway.session.call(method, argument)
    gateway.session.call("setState", a_slice(vlans=VLANS))
    tasks = Path(f"/proc/{process}/task")
    assert [(task / "children").read_text().split() for task in tasks.iterdir()] == [
        [] for _ in tasks.iterdir()
    ]
    # Not even one that has ended: what a process waited for is counted.
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    children_faults, children_ticks = fields[8], fields[13:15]
    assert (children_faults, children_ticks) == ("0", ["0", "0"])
