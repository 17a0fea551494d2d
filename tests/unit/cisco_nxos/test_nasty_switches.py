"""Switches that are rude at the door, over real SSH."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest

from netconfig.cisco.driver import CiscoDriver
from netconfig.cli.push import SessionPlan
from netconfig.driver import PlanLine, transcript_of
from netconfig.drivers.cisco_nxos import CiscoNxos
from netconfig.errors import StateUnknown, Unreachable
from netconfig.simulator import Action, Fault, SimulatorLoop
from tests.contract.drivers.cisco_nxos_bench import REFUSAL, NxosBench
from tests.rude import PASSWORD, Line, rude_router

Switch = Callable[..., AbstractContextManager[CiscoDriver]]
RUNNING = (
    b"\r\n!Command: show running-config\r\n!Time: Tue Jan  1 00:00:00 2030\r\n\r\n"
    b"version 9.3(8) Bios:version\r\nfeature pbr\r\ninterface Vlan1\r\n  description G\xe4ste\r\n\r\n"
)


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def switch(loop: SimulatorLoop, monkeypatch: pytest.MonkeyPatch) -> Switch:
    monkeypatch.setenv(PASSWORD, "x")
    return partial(rude_router, loop, CiscoNxos, prompt=b"r1# ")


def shows(running: bytes) -> Line:
    return lambda line: [running] if line.startswith(b"show running") else []


def test_banner_log_messages_and_bytes_of_another_age_are_borne(switch: Switch) -> None:
    greeting = b"\r\nUser Access Verification\r\n####\r\nr1# welcome\r\n\xff\xfe\r\nno entry#\r\n"
    noise = b"2030 Jan  1 09:00:00 r1 %ETHPORT-5-IF_UP: Interface Ethernet1/1 is up\r\n"
    running = RUNNING.replace(b"  description", noise + b"  ip policy route-map X\r\n  description")
    with switch(lambda line: [noise, *shows(running)(line), noise], greeting=greeting) as driver:
        assert driver.read().running.policies == {"Vlan1": {4: "X"}}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\nconfiguration of another kind\r\nend\r\n",
        b"                  ^\r\n% Invalid command at '^' marker.\r\n",
        b"% Permission denied for the role\r\n",
        b"Syntax error while parsing 'show running-config'\r\n",
    ],
)
def test_answer_that_is_no_configuration_is_none(switch: Switch, answer: bytes) -> None:
    with switch(shows(answer)) as driver, pytest.raises(StateUnknown):
        driver.read()


def test_pager_that_cannot_be_switched_off_is_paged_through(loop: SimulatorLoop) -> None:
    with NxosBench().start(loop) as rig:
        rig.router.faults.add(Fault(Action.REFUSE, line="^terminal length", where="exec", words=REFUSAL))
        assert rig.over_the_wire().read() == rig.over_the_wire().read()
        assert rig.sessions == 2


def test_role_that_may_only_look_is_told_before_anything_is_sent(switch: Switch) -> None:
    def answer(line: bytes) -> list[bytes]:
        denied = [b"% Permission denied for the role\r\n"]
        return denied if line == b"configure terminal" else list(shows(RUNNING)(line))

    with switch(answer) as driver:
        plan = SessionPlan((PlanLine("feature nothing"),), session=driver.read().session)
        with pytest.raises(Unreachable, match="Permission denied for the role") as caught:
            driver.push(plan)
    assert [exchange.line for exchange in transcript_of(caught.value).exchanges] == ["configure terminal"]


def test_copy_that_fails_is_configured_but_not_saved(switch: Switch) -> None:
    refused = b"Configuration update aborted: request was aborted\r\n"
    words = "configured, but not saved: Configuration update aborted"
    with switch(lambda _line: [refused]) as driver, pytest.raises(Unreachable, match=words):
        driver.save()


def test_progress_that_is_drawn_over_itself_is_no_prompt(switch: Switch) -> None:
    def answer(line: bytes) -> list[bytes]:
        if not line.startswith(b"copy"):
            return []
        bars = [b"\r[%-40s] %3d%%" % (b"#" * bar, 2.5 * bar) for bar in range(0, 41, 8)]
        return [b"[#", *bars, b"\r\nCopy complete, now saving to disk (please wait)...\r\nCopy complete.\r\n"]

    with switch(answer) as driver:
        assert "Copy complete." in str(driver.save())
        assert driver.save().exchanges
