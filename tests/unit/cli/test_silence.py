"""How long a silent device is waited for, and what is told of one that waits for us."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from netconfig.cisco.driver import CiscoDriver
from netconfig.cli.push import SessionPlan
from netconfig.driver import PlanLine, transcript_of
from netconfig.drivers.cisco_ios import CiscoIos
from netconfig.errors import Unreachable
from netconfig.inventory import Device
from netconfig.simulator import SimulatorLoop
from netconfig.transport.answers import Answers
from netconfig.transport.cli import CliSession, Timeouts
from netconfig.transport.link import Link
from tests.rude import PASSWORD, rude_router

Router = Callable[..., AbstractContextManager[CiscoDriver]]


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def router(loop: SimulatorLoop, monkeypatch: pytest.MonkeyPatch) -> Router:
    monkeypatch.setenv(PASSWORD, "correct horse")
    running = b"interface Vlan1\r\nend\r\n"
    return partial(rude_router, loop, CiscoIos, lambda line: [running] if b"show run" in line else [])


class _Silent:
    """A channel on which nothing comes; it notes how long that was waited for."""

    patience: float = 0.0

    def settimeout(self, seconds: float) -> None:
        self.patience = seconds

    def recv(self, _length: int) -> bytes:
        raise TimeoutError


@pytest.mark.parametrize(("patience", "waited"), [(None, 60.0), (12.0, 12.0), (100.0, 60.0)])
def test_quick_command_is_waited_for_as_long_as_it_says(patience: float | None, waited: float) -> None:
    device = Device(name="r1", platform="cisco_ios", simulated=Path("r1.txt"))
    session = CliSession(device, "cisco_ios", Timeouts(silence=60.0, answer=900.0))
    channel, link = _Silent(), Link()
    link.carry(SimpleNamespace(remote_conn=channel))
    with pytest.raises(TimeoutError):
        session._read_answers(link, ["ping ip 192.0.2.1"], patience=patience)
    assert channel.patience == waited


def hurry(driver: CiscoDriver) -> None:
    """From now on a router that says nothing is soon taken for hung."""
    driver._session._timeouts = Timeouts(open=60.0, silence=5.0, answer=120.0)


def test_question_that_nobody_knows_is_told_and_not_answered(router: Router) -> None:
    line = PlanLine("no route-map LS-FNAL-Vlan1 permit 10", removal=True, step=1)
    with router(silent_at=b"no route-map", last_words=b"Continue? [no]: ", prompt=b"r1(config)#") as driver:
        plan = SessionPlan((line,), session=driver.read().session)
        hurry(driver)
        with pytest.raises(Unreachable) as caught:
            driver.push(plan)
        assert caught.value.words.endswith("gives no answer, but asks 'Continue? [no]:'")
        assert [said.line for said in transcript_of(caught.value).exchanges] == ["configure terminal"]
        # It was left as it was, with its question, and is asked anew.
        driver.read()


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        ("", ""),
        ("x\nr1(config)#", ""),
        ("x\nenable secret 9 $9$abc", ""),
        ("x\nusername ann password 0 correct:\n", ""),
        ("x\nContinue? [no]: ", "Continue? [no]:"),
        ("x\nDestination filename [startup-config]?", "Destination filename [startup-config]?"),
        ("x\nProceed with reload? [confirm]", "Proceed with reload? [confirm]"),
        ("x\nOverwrite (y/n)", "Overwrite (y/n)"),
        ("x\nContinue? [no]: y\nIs it sure (yes/no)?", "Is it sure (yes/no)?"),
    ],
)
def test_only_a_question_is_told(heard: str, told: str) -> None:
    reader = Answers(["x"], "r1(config)#")
    reader.feed(heard)
    assert reader.unknown_question() == told


def test_question_that_says_our_password_is_masked(router: Router) -> None:
    with router(silent_at=b"show run", last_words=b"Is correct horse right? ") as driver:
        driver._session.ask("!")
        hurry(driver)
        with pytest.raises(Unreachable) as caught:
            driver.read()
    assert "right?" in caught.value.words
    assert "correct horse" not in caught.value.words
