"""Switches that are rude at the door, over real SSH: what the simulator is too polite for."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest

from netconfig.drivers.dell_force10 import DellForce10
from netconfig.errors import StateUnknown, Unreachable
from netconfig.simulator import Action, Fault, FtosRouter, RunningSimulator, SimulatorLoop
from netconfig.transport.cli import Timeouts
from tests.contract.drivers.cli_rig import PASSWORD
from tests.contract.drivers.dell_force10_bench import Force10Bench
from tests.rude import OWNERSHIP, Line, rude_router
from tests.rude import PASSWORD as ANY_PASSWORD

Switch = Callable[..., AbstractContextManager[DellForce10]]
SHOWN = (
    b"Current Configuration ...\r\n! Version 9.14(2.4)\r\n!\r\nhostname f10\r\n!\r\n"
    b"interface Vlan 1\r\n description G\xe4ste\r\n ip redirect-group X\r\n!\r\nend\r\n"
)
NOISE = b"Nov 22 07:02:11: %STKUNIT0-M:CP %SYS-5-CONFIG_I: Configured from vty0 by x\r\n"


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def switch(loop: SimulatorLoop, monkeypatch: pytest.MonkeyPatch) -> Switch:
    monkeypatch.setenv(ANY_PASSWORD, "x")
    return partial(rude_router, loop, DellForce10, prompt=b"f10#")


def shows(shown: bytes = SHOWN, *, noise: bytes = b"") -> Line:
    return lambda line: [noise, shown if line.startswith(b"show running") else b"", noise]


def test_banner_full_of_prompts_and_bytes_of_another_age_are_borne(switch: Switch) -> None:
    with switch(shows(), greeting=b"\r\n####\r\nf10# welcome\r\nguest> \xff\xfe\r\nno entry#\r\n") as driver:
        assert driver.read().running.groups == {"Vlan1": ("X",)}


def test_banner_that_wants_to_be_acknowledged_is(switch: Switch) -> None:
    question = b"Have you read and do you acknowledge the above statement? [y/n]: "
    with switch(shows(), asks=question) as driver:
        assert driver.read().running.groups == {"Vlan1": ("X",)}


def test_log_messages_between_the_lines_are_borne(switch: Switch) -> None:
    shown = SHOWN.replace(b" ip redirect", NOISE + b" ip redirect")
    with switch(shows(shown, noise=NOISE)) as driver:
        assert driver.read().running.groups == {"Vlan1": ("X",)}


def test_account_below_privilege_15_is_named(switch: Switch) -> None:
    with switch(shows(), prompt=b"f10>") as driver, pytest.raises(Unreachable, match="not configure"):
        driver.read()


@pytest.mark.parametrize(
    "shown", [SHOWN.replace(b"end\r\n", b""), b"\xc3\x28 ### ?\r\n", b""], ids=["cut", "garbage", "nothing"]
)
def test_reading_that_is_none_is_named(switch: Switch, shown: bytes) -> None:
    with switch(shows(shown)) as driver, pytest.raises(StateUnknown, match="cut short"):
        driver.read()


def test_refusal_to_show_is_named_in_the_switchs_words(switch: Switch) -> None:
    with (
        switch(shows(b"% Error: Not authorized for this command.\r\n")) as driver,
        pytest.raises(StateUnknown, match="show running-config: % Error: Not authorized"),
    ):
        driver.read()


def test_pager_that_cannot_be_switched_off_is_paged_through(loop: SimulatorLoop) -> None:
    with Force10Bench().start(loop) as rig:
        rig.router.faults.add(Fault(Action.REFUSE, line="^terminal length", where="exec"))
        paged, plain = rig.over_the_wire(), rig.over_the_wire()
        assert paged.read() == plain.read()
        assert rig.sessions == 2
        paged.close()
        plain.close()


def test_simulated_account_without_privilege_is_named(
    loop: SimulatorLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ANY_PASSWORD, PASSWORD)
    with Force10Bench().start() as rig:
        router = FtosRouter(rig.text(), clock=rig.router._clock, privileged=False)
        with RunningSimulator(router, username="lambda", password=PASSWORD, loop=loop) as running:
            where = {"port": running.port, "host_key": " ".join(running.host_key_line.split()[1:3])}
            device = rig.device.model_copy(update={**where, "password": f"env:{ANY_PASSWORD}"})
            driver = DellForce10(device, OWNERSHIP, timeouts=Timeouts(open=60, silence=60))
            with pytest.raises(Unreachable, match="not configure"):
                driver.read()
