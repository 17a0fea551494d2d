"""Bad input of every kind, on every platform: named in words that help, or borne as if it were not there.

The unknown platform and the missing capability are told before there is any device to speak to: see
`tests/unit/lambdastation/test_site_devices.py` and `tests/functional/lambdastation/test_capabilities.py`.
"""

import logging
import traceback
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from netconfig.driver import DeviceDriver, PartIntent
from netconfig.errors import StateUnknown, UnknownPlatform
from netconfig.inventory import Way
from netconfig.registry import driver_class, platforms
from netconfig.simulator import Action, Fault, SimulatorLoop
from tests.contract.drivers.bad_input import BAD_INPUT
from tests.contract.drivers.bench import Rig, place, reconcile, unwanted
from tests.contract.drivers.breaks import lines_of, passes
from tests.contract.drivers.cisco_ios_bench import IosRig
from tests.contract.drivers.conftest import BENCHES
from tests.contract.drivers.dell_force10_bench import Force10Rig
from tests.contract.drivers.rudeness import Bad, Borne, Never, Told, make_driver

PAGE = Path(__file__).parents[3] / "docs" / "bad-input.md"
Asked = tuple[str, Bad, Borne | Told]


TERMINALS = [platform for platform, row in BAD_INPUT.items() if not isinstance(row[Bad.PAGES], Never)]


def cases(kind: type[Borne] | type[Told]) -> list[object]:
    return [
        pytest.param((platform, bad, case), id=f"{platform}-{bad.value}-{case.what}".replace(" ", "-"))
        for platform, row in BAD_INPUT.items()
        for bad, cell in row.items()
        if not isinstance(cell, Never)
        for case in cell
        if isinstance(case, kind)
    ]


def placed_by(driver: DeviceDriver, parts: Sequence[PartIntent]) -> Sequence[PartIntent]:
    return place(driver, driver.read(), parts)


def push(driver: DeviceDriver, placed: Sequence[PartIntent]) -> None:
    known = frozenset(part.reservation_id for part in placed)
    driver.push(driver.plan(driver.read(), driver.render(placed), known=known))


@pytest.fixture
def rig(asked: Asked, loop: SimulatorLoop) -> Iterator[Rig]:
    with BENCHES[asked[0]].start(loop) as started:
        yield started


def test_every_platform_has_every_kind_of_bad_input_or_says_why_it_has_not() -> None:
    assert set(BAD_INPUT) == set(platforms()) == set(BENCHES)
    for platform, row in BAD_INPUT.items():
        assert set(row) == set(Bad), platform
        assert all(cell.why if isinstance(cell, Never) else cell for cell in row.values()), platform
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| {bad.value} |" in page for bad in Bad)


def test_only_what_has_no_terminal_is_spared_its_pages_and_only_what_is_here_its_key() -> None:
    ways = {platform: driver_class(platform).ways for platform in BAD_INPUT}
    unknown = {platform for platform, row in BAD_INPUT.items() if isinstance(row[Bad.IDENTITY], Never)}
    assert unknown == {platform for platform in BAD_INPUT if Way.OVSDB in ways[platform]}
    assert TERMINALS == ["cisco_ios", "cisco_nxos", "dell_force10"]


@pytest.mark.parametrize("asked", cases(Borne))
def test_all_is_as_without_it(rig: Rig, loop: SimulatorLoop, asked: Asked) -> None:
    platform, _, case = asked
    tickets = BENCHES[platform].tickets
    plain = rig.over_the_wire()
    polite = plain.read().text
    plain.close()
    with case.bring(rig, loop) as device:
        original, sessions = rig.text(), rig.sessions
        driver = make_driver(device, 60)
        try:
            assert driver.read().text == polite
            done = reconcile(driver, [ticket.part for ticket in tickets])
            assert not done.left
            assert all(ticket.is_served(rig) for ticket in tickets)
            assert not reconcile(driver, unwanted(done.parts)).left
            assert rig.text() == original
            assert rig.sessions == sessions + 1
        finally:
            driver.close()


@pytest.mark.parametrize("asked", cases(Told))
def test_it_is_told_in_words_and_nothing_is_half_done(
    rig: Rig, loop: SimulatorLoop, asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    for library in ("paramiko", "ncclient", "netmiko"):
        caplog.set_level(logging.DEBUG, logger=library)
    platform, bad, case = asked
    assert isinstance(case, Told)
    parts = [ticket.part for ticket in BENCHES[platform].tickets]
    original = rig.text()
    with case.bring(rig, loop) as device:
        driver = make_driver(device, case.patience)
        try:
            does = partial(push, driver, placed_by(driver, parts)) if case.pushing else driver.read
            with pytest.raises(case.error, match=case.words) as caught:
                does()
        finally:
            driver.close()
    assert str(caught.value).startswith(f"{device.name}: ")
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert not any(secret in told for secret in (rig.secret, "hunter2"))
    if bad is Bad.IDENTITY and device.way is Way.SSH:
        assert rig.sessions == 0
    rig.calm()
    assert not rig.astray()
    assert rig.text() == original
    polite = rig.over_the_wire()
    if case.pushing:
        done = reconcile(polite, parts)
        assert not done.left
        assert not reconcile(polite, unwanted(done.parts)).left
        assert rig.text() == original
    else:
        assert polite.read().text == ""


@pytest.mark.parametrize("asked", [(platform, Bad.LANGUAGE, None) for platform in TERMINALS], ids=TERMINALS)
def test_refusal_that_nobody_understands_leads_nobody_astray(rig: Rig, asked: Asked) -> None:
    assert isinstance(rig, IosRig | Force10Rig)
    bench = BENCHES[asked[0]]
    original, tickets = rig.text(), [ticket.part for ticket in bench.tickets]
    for number in range(1, lines_of(bench, rig, tickets) + 1, 3):
        driver = rig.at_once()
        rig.router.faults.add(Fault(Action.REFUSE, number=number, words="Ung\xfcltige Eingabe\n"))
        placed, error = passes(driver, tickets)
        assert isinstance(error, StateUnknown)
        assert not rig.astray()
        assert not reconcile(driver, placed).left
        assert not reconcile(driver, unwanted(placed)).left
        assert rig.text() == original, number


@pytest.mark.parametrize("platform", platforms())
def test_platform_that_is_almost_one_is_none_and_those_there_are_are_told(platform: str) -> None:
    for almost in (platform.upper(), platform.title(), f"{platform} ", platform[:-1], f"{platform}-xe"):
        with pytest.raises(UnknownPlatform, match=f"no driver for platform .*{platform}"):
            driver_class(almost)
