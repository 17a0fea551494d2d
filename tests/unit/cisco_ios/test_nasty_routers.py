"""Routers that are rude at the door, over real SSH: what the simulator is too polite for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import repeat

import pytest

from netconfig.cisco.driver import CiscoDriver
from netconfig.cli.push import SessionPlan
from netconfig.driver import PlanLine
from netconfig.drivers.cisco_ios import CiscoIos
from netconfig.errors import StateUnknown, Unreachable
from netconfig.simulator import Action, Fault, SimulatorLoop
from tests.contract.drivers.bench import OWNERSHIP
from tests.contract.drivers.cisco_ios_bench import IosBench
from tests.rude import PASSWORD, Line, rude_router

Router = Callable[..., AbstractContextManager[CiscoDriver]]
RUNNING = (
    b"Building configuration...\r\n\r\nhostname r1\r\ninterface Vlan1\r\n description G\xe4ste\r\nend\r\n"
)


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def router(loop: SimulatorLoop, monkeypatch: pytest.MonkeyPatch) -> Router:
    monkeypatch.setenv(PASSWORD, "correct horse")
    return partial(rude_router, loop, CiscoIos)


def shows(running: bytes) -> Line:
    return lambda line: [running] if line.startswith(b"show running") else []


def test_banner_full_of_prompts_and_bytes_of_another_age_are_borne(router: Router) -> None:
    greeting = b"\r\n####\r\nr1# welcome\r\nguest> \xff\xfe\r\nno entry#\r\n"
    with router(shows(RUNNING), greeting=greeting) as driver:
        assert list(driver.read().running.policies) == ["Vlan1"]


def test_log_messages_between_the_lines_are_borne(router: Router) -> None:
    noise = b"*Jan  1 09:00:00.000: %SYS-5-CONFIG_I: Configured from console\r\n"
    running = RUNNING.replace(b" description", noise + b" ip policy route-map X\r\n description")
    with router(lambda line: [noise, *shows(running)(line), noise]) as driver:
        assert driver.read().running.policies == {"Vlan1": {4: "X"}}


def test_account_without_the_right_to_configure_is_named(router: Router) -> None:
    with router(shows(RUNNING), prompt=b"r1>") as driver, pytest.raises(Unreachable, match="not configure"):
        driver.read()


LOCKED = (
    b"Configuration mode locked exclusively by user 'ann' process '7' from terminal '2'. Please try later."
)


@pytest.mark.parametrize("answer", [LOCKED, b"Command authorization failed."])
def test_configuration_that_is_not_shown_is_told_in_the_routers_words(router: Router, answer: bytes) -> None:
    with router(shows(answer + b"\r\n")) as driver, pytest.raises(StateUnknown) as caught:
        driver.read()
    assert answer.decode() in caught.value.words


def test_somebody_who_configures_exclusively_is_named_and_later_it_goes_on(router: Router) -> None:
    held = [LOCKED + b"\r\n"]
    line = PlanLine("no route-map LS-FNAL-Vlan1 permit 10", removal=True, step=1)
    with router(lambda line: held if line == b"configure terminal" else shows(RUNNING)(line)) as driver:
        plan = SessionPlan((line,), session=driver.read().session)
        with pytest.raises(Unreachable, match="exclusively by user 'ann'"):
            driver.push(plan)
        # The session goes on, and is asked again.
        driver.read()


def test_router_that_never_says_a_word_is_named(router: Router) -> None:
    with router(shows(RUNNING), silent_at=b"", patience=1) as driver, pytest.raises(Unreachable):
        driver.read()


def test_router_that_falls_silent_in_the_middle_is_named(router: Router) -> None:
    with (
        router(shows(RUNNING), silent_at=b"show run", silence=1) as driver,
        pytest.raises(Unreachable, match="gives no answer"),
    ):
        driver.read()


def test_reading_that_close_has_ended_does_not_begin_again(router: Router) -> None:
    silent = threading.Event()
    with router(shows(RUNNING), silent_at=b"show run", silent=silent) as driver:
        driver._session.ask("!")

        def close_when_silent() -> None:
            silent.wait(60.0)
            silent.clear()
            driver.close()

        closer = threading.Thread(target=close_when_silent)
        closer.start()
        with pytest.raises(Unreachable, match="ended"):
            driver.read()
        closer.join()
        assert not silent.is_set()


def test_close_ends_the_opening_of_a_session_that_says_nothing_after_the_login(router: Router) -> None:
    silent = threading.Event()
    with router(shows(RUNNING), silent_at=b"", silent=silent, patience=3600, silence=3600) as driver:

        def close_when_silent() -> None:
            silent.wait(60.0)
            driver.close()

        closer = threading.Thread(target=close_when_silent)
        closer.start()
        with pytest.raises(Unreachable, match="ended"):
            driver.read()
        closer.join()


def test_answer_that_never_ends_is_named(router: Router) -> None:
    with (
        router(lambda line: repeat(b"more\r\n") if line.startswith(b"show run") else [], silence=1) as driver,
        pytest.raises(Unreachable, match="gives no answer"),
    ):
        driver.read()


def test_router_that_reads_no_more_is_named(router: Router) -> None:
    more_than_is_kept_on_the_way = ["no " + 1000 * "x"] * (1 << 15)
    with router(shows(RUNNING), deaf_at=b"show run", window=1 << 26, silence=2) as driver:
        driver.read()
        with pytest.raises(Unreachable, match="gives no answer"):
            driver._session.send(more_than_is_kept_on_the_way)


def test_output_that_looks_like_the_prompt_of_another_is_waited_out(router: Router) -> None:
    running = RUNNING.replace(b" description G\xe4ste\r\n", b" description x\r\nwelcome#\r\n")
    with router(shows(running)) as driver:
        assert list(driver.read().running.policies) == ["Vlan1"]


def test_pager_that_cannot_be_switched_off_is_paged_through(loop: SimulatorLoop) -> None:
    with IosBench().start(loop) as rig:
        rig.router.faults.add(Fault(Action.REFUSE, line="^terminal length", where="exec"))
        paged = rig.over_the_wire(ownership=OWNERSHIP)
        plain = rig.over_the_wire(ownership=OWNERSHIP)
        assert paged.read() == plain.read()
        assert rig.sessions == 2
