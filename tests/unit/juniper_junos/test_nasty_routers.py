"""Routers that are rude at the door, over real SSH: what the simulator is too polite for."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest

from netconfig.driver import PartIntent
from netconfig.drivers.juniper_junos import JuniperJunos
from netconfig.errors import StateUnknown, Unreachable
from netconfig.simulator import SimulatorLoop
from tests.contract.drivers.juniper_junos_bench import TICKETS
from tests.rude import END, HELLO, PASSWORD, Request, reply, rude_junos

CONFIGURATION = (
    b"<data><configuration><groups><name>lambdastation-FNAL</name></groups>"
    b"<apply-groups>lambdastation-FNAL</apply-groups><interfaces><interface><name>ge-0/0/0</name>"
    b"<description>campus</description><unit><name>0</name><family><inet/></family></unit>"
    b"</interface></interfaces></configuration></data>"
)

NO_NUMBER = (
    b"<firewall-information><filter-information><filter-name>f</filter-name><counter>"
    b"<counter-name>c</counter-name><packet-count>viele</packet-count><byte-count>1</byte-count>"
    b"</counter></filter-information></firewall-information>"
)

Router = Callable[..., AbstractContextManager[JuniperJunos]]


def placed_part() -> list[PartIntent]:
    return [dataclasses.replace(TICKETS[0].part, placement={"term": "LS-FNAL-42-1"})]


def content(request: bytes) -> bytes:
    """What an orderly router says to what a reading asks for."""
    if b"get-commit-information" in request:
        return b"<commit-information/>"
    if b"get-firewall-information" in request:
        return b"<firewall-information/>"
    return CONFIGURATION


def orderly(request: bytes) -> bytes:
    return reply(request, content(request))


def answers(asked: bytes, said: bytes) -> Request:
    """This to requests in which that occurs; the others are answered as they should be."""
    return lambda request: reply(request, said if asked in request else content(request))


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def router(loop: SimulatorLoop, monkeypatch: pytest.MonkeyPatch) -> Router:
    monkeypatch.setenv(PASSWORD, "x")
    return partial(rude_junos, loop)


def test_orderly_router_is_read(router: Router) -> None:
    with router(orderly) as driver:
        assert driver.read().grounds.interfaces == {("ge-0/0/0.0", 4): ()}


def test_banner_before_the_login_is_borne(router: Router) -> None:
    banner = "####\nr1# welcome <hello> ]]>]]> G\xe4ste\n"
    with router(orderly, banner=banner) as driver:
        assert driver.read().grounds.is_applied


def test_text_in_latin_1_is_borne(router: Router) -> None:
    latin = CONFIGURATION.replace(b"campus", b"campus, G\xe4ste")

    with router(answers(b"get-config", latin)) as driver:
        assert driver.read().grounds.interfaces == {("ge-0/0/0.0", 4): ()}


@pytest.mark.parametrize(
    "greeting",
    [
        b"Guten Tag, bitte warten" + END,
        b"<hello" + END,
        b"no entry#\r\n" + HELLO + END,
        b"<rpc-reply/>" + END,
        b"\x00\xff\xfe" * 100 + END,
    ],
    ids=["another-language", "cut-short", "words-before-it", "a-reply", "binary"],
)
def test_hello_that_is_none_is_a_named_error(router: Router, greeting: bytes) -> None:
    with router(orderly, greeting=greeting, patience=1) as driver, pytest.raises(Unreachable, match="nasty"):
        driver.read()


@pytest.mark.parametrize(
    "words",
    [
        b"<data><configuration><interfaces>",
        b"Konfiguration nicht verf\xc3\xbcgbar",
        b"<data><konfiguration/></data>",
    ],
    ids=["cut-short", "another-language", "another-tree"],
)
def test_answer_that_is_no_configuration_is_a_named_error(router: Router, words: bytes) -> None:
    with (
        router(answers(b"get-config", words)) as driver,
        pytest.raises((StateUnknown, Unreachable), match="nasty"),
    ):
        driver.read()


@pytest.mark.parametrize(
    "words",
    [
        b"<output>keine Berechtigung</output>",
        NO_NUMBER,
        b"<rpc-error><error-severity>error</error-severity><error-message>no</error-message></rpc-error>",
    ],
    ids=["another-language", "no-number", "refused"],
)
def test_counters_that_are_none_are_a_named_error(router: Router, words: bytes) -> None:
    with router(answers(b"get-firewall", words)) as driver, pytest.raises(StateUnknown, match="counter"):
        driver.count(placed_part())
