"""A push goes in the session in which the router was read, and in no other."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from netconfig.driver import DeviceDriver, PartIntent, is_asking, is_counting
from netconfig.errors import Unreachable
from netconfig.simulator import SimulatorLoop
from tests.contract.drivers.bench import place, reconcile
from tests.contract.drivers.cisco_ios_bench import IosBench
from tests.contract.drivers.cisco_nxos_bench import NxosBench
from tests.contract.drivers.dell_force10_bench import Force10Bench


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


def ask(driver: DeviceDriver, _part: PartIntent) -> None:
    assert is_asking(driver)
    driver.answering({ip_address("192.0.2.1")})


def count(driver: DeviceDriver, part: PartIntent) -> None:
    if is_counting(driver):
        driver.count([part])
    else:
        driver.save()


@pytest.mark.parametrize("between", [ask, count])
@pytest.mark.parametrize("bench", [IosBench(), NxosBench(), Force10Bench()], ids=["ios", "nxos", "ftos"])
def test_plan_is_refused_once_there_is_another_session(
    bench: IosBench | NxosBench | Force10Bench,
    between: Callable[[DeviceDriver, PartIntent], None],
    loop: SimulatorLoop,
) -> None:
    with bench.start(loop) as rig:
        driver = rig.over_the_wire()
        actual = driver.read()
        (part,) = place(driver, actual, [bench.tickets[0].part])
        plan = driver.plan(actual, driver.render([part]), known=frozenset({part.reservation_id}))
        rig.reboot()
        before = rig.text()
        between(driver, part)
        with pytest.raises(Unreachable, match="session in which it was read has ended"):
            driver.push(plan)
        assert (rig.text(), rig.sessions) == (before, 2)
        assert not reconcile(driver, [part]).left
        assert rig.sessions == 2


def test_what_is_asked_in_the_same_session_costs_nothing(loop: SimulatorLoop) -> None:
    bench = IosBench()
    with bench.start(loop) as rig:
        driver = rig.over_the_wire()
        actual = driver.read()
        (part,) = place(driver, actual, [bench.tickets[0].part])
        plan = driver.plan(actual, driver.render([part]), known=frozenset({part.reservation_id}))
        ask(driver, part)
        count(driver, part)
        driver.push(plan)
        assert rig.sessions == 1
