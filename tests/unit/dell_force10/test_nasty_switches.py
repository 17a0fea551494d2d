"""Switches that are rude at the door, over real SSH: what the simulator is too polite for."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import asyncssh
import pytest

from netconfig.driver import Ownership
from netconfig.drivers.dell_force10 import DellForce10
from netconfig.errors import StateUnknown, Unreachable
from netconfig.inventory import Device
from netconfig.simulator import Action, Fault, FtosRouter, RunningSimulator, SimulatorLoop
from netconfig.transport.cli import Timeouts
from tests.contract.drivers.cli_rig import PASSWORD, PATIENT
from tests.contract.drivers.dell_force10_bench import Force10Bench

Switch = Callable[..., AbstractContextManager[DellForce10]]
SHOWN = (
    b"Current Configuration ...\r\n! Version 9.14(2.4)\r\n!\r\nhostname f10\r\n!\r\n"
    b"interface Vlan 1\r\n description G\xe4ste\r\n ip redirect-group X\r\n!\r\nend\r\n"
)
NOISE = b"Nov 22 07:02:11: %STKUNIT0-M:CP %SYS-5-CONFIG_I: Configured from vty0 by x\r\n"


class _Door(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return True


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def switch(loop: SimulatorLoop, monkeypatch: pytest.MonkeyPatch) -> Switch:
    monkeypatch.setenv("NASTY_PASSWORD", "x")

    @contextmanager
    def serve(
        shown: bytes = SHOWN,
        *,
        greeting: bytes = b"\r\n",
        asks: bytes = b"",
        noise: bytes = b"",
        prompt: bytes = b"f10#",
    ) -> Iterator[DellForce10]:
        async def talk(process: asyncssh.SSHServerProcess[bytes]) -> None:
            waiting = asks
            process.stdout.write(greeting + (waiting or prompt))
            async for line in process.stdin:
                if waiting:
                    # Until it is told yes it asks again.
                    waiting = b"" if line.strip() == b"y" else waiting
                    process.stdout.write(line.rstrip() + b"\r\n" + (waiting or prompt))
                    continue
                words = shown if line.startswith(b"show running") else b""
                process.stdout.write(line.rstrip() + b"\r\n" + noise + words + noise + prompt)

        key = asyncssh.generate_private_key("ssh-ed25519")
        listener = loop.run(_listen(key, talk))
        device = Device(
            name="nasty",
            platform="dell_force10",
            host="127.0.0.1",
            port=listener.get_port(),
            username="lambda",
            password="env:NASTY_PASSWORD",
            host_key=key.export_public_key().decode().strip(),
        )
        driver = DellForce10(device, Ownership("FNAL", "x"), timeouts=PATIENT)
        try:
            yield driver
        finally:
            driver.close()
            loop.run(_close(listener))

    return serve


async def _listen(key: asyncssh.SSHKey, talk: Any) -> asyncssh.SSHAcceptor:
    return await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_Door,
        server_host_keys=[key],
        process_factory=talk,
        encoding=None,
        line_editor=False,
    )


async def _close(listener: asyncssh.SSHAcceptor) -> None:
    listener.close()
    await listener.wait_closed()


def test_banner_full_of_prompts_and_bytes_of_another_age_are_borne(switch: Switch) -> None:
    with switch(greeting=b"\r\n####\r\nf10# welcome\r\nguest> \xff\xfe\r\nno entry#\r\n") as driver:
        assert driver.read().running.groups == {"Vlan1": ("X",)}


def test_banner_that_wants_to_be_acknowledged_is(switch: Switch) -> None:
    question = b"Have you read and do you acknowledge the above statement? [y/n]: "
    with switch(asks=question) as driver:
        assert driver.read().running.groups == {"Vlan1": ("X",)}


def test_log_messages_between_the_lines_are_borne(switch: Switch) -> None:
    shown = SHOWN.replace(b" ip redirect", NOISE + b" ip redirect")
    with switch(shown, noise=NOISE) as driver:
        assert driver.read().running.groups == {"Vlan1": ("X",)}


def test_account_below_privilege_15_is_named(switch: Switch) -> None:
    with switch(prompt=b"f10>") as driver, pytest.raises(Unreachable, match="not configure"):
        driver.read()


@pytest.mark.parametrize(
    "shown", [SHOWN.replace(b"end\r\n", b""), b"\xc3\x28 ### ?\r\n", b""], ids=["cut", "garbage", "nothing"]
)
def test_reading_that_is_none_is_named(switch: Switch, shown: bytes) -> None:
    with switch(shown) as driver, pytest.raises(StateUnknown, match="cut short"):
        driver.read()


def test_refusal_to_show_is_named_in_the_switchs_words(switch: Switch) -> None:
    with (
        switch(b"% Error: Not authorized for this command.\r\n") as driver,
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
    monkeypatch.setenv("NASTY_PASSWORD", PASSWORD)
    with Force10Bench().start() as rig:
        router = FtosRouter(rig.text(), clock=rig.router._clock, privileged=False)
        with RunningSimulator(router, username="lambda", password=PASSWORD, loop=loop) as running:
            where = {"port": running.port, "host_key": " ".join(running.host_key_line.split()[1:3])}
            device = rig.device.model_copy(update={**where, "password": "env:NASTY_PASSWORD"})
            driver = DellForce10(device, Ownership("FNAL", "x"), timeouts=Timeouts(open=60, silence=60))
            with pytest.raises(Unreachable, match="not configure"):
                driver.read()
