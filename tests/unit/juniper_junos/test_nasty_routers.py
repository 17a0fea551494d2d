"""Routers that are rude at the door, over real SSH: what the simulator is too polite for."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import asyncssh
import pytest

from netconfig.driver import PartIntent
from netconfig.drivers.juniper_junos import JuniperJunos
from netconfig.errors import StateUnknown, Unreachable
from netconfig.inventory import Device
from netconfig.simulator import SimulatorLoop
from netconfig.transport.netconf import Timeouts
from tests.contract.drivers.bench import OWNERSHIP
from tests.contract.drivers.juniper_junos_bench import TICKETS

END = b"]]>]]>"
BASE = b'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"'
HELLO = (
    b"<hello %s><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities>"
    b"<session-id>7</session-id></hello>" % BASE
)
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

Answer = Callable[[bytes], bytes]
Router = Callable[..., AbstractContextManager[JuniperJunos]]


class _Door(asyncssh.SSHServer):
    """Lets everybody in who says a password, and greets them first."""

    def __init__(self, banner: str) -> None:
        self._banner = banner

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        if self._banner:
            self._connection.send_auth_banner(self._banner)
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return True


def placed_part() -> list[PartIntent]:
    return [dataclasses.replace(TICKETS[0].part, placement={"term": "LS-FNAL-42-1"})]


def content(request: bytes) -> bytes:
    """What an orderly router says to what a reading asks for."""
    if b"get-commit-information" in request:
        return b"<commit-information/>"
    if b"get-firewall-information" in request:
        return b"<firewall-information/>"
    return CONFIGURATION


def reply(request: bytes, said: bytes) -> bytes:
    found = re.search(rb'message-id="(\d+)"', request)
    assert found
    return b'<rpc-reply %s message-id="%s">%s</rpc-reply>' % (BASE, found[1], said)


def orderly(request: bytes) -> bytes:
    return reply(request, content(request)) + END


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def router(loop: SimulatorLoop, monkeypatch: pytest.MonkeyPatch) -> Router:
    monkeypatch.setenv("NASTY_PASSWORD", "x")

    @contextmanager
    def serve(
        answer: Answer = orderly, *, greeting: bytes = HELLO + END, banner: str = "", patience: float = 60
    ) -> Iterator[JuniperJunos]:
        async def talk(process: asyncssh.SSHServerProcess[bytes]) -> None:
            process.stdout.write(greeting)
            heard = b""
            while data := await process.stdin.read(65536):
                heard += data
                while END in heard:
                    request, _, heard = heard.partition(END)
                    if b"hello" not in request:
                        process.stdout.write(answer(request))

        key = asyncssh.generate_private_key("ssh-ed25519")
        server = loop.run(_listen(key, banner, talk))
        device = Device(
            name="nasty",
            platform="juniper_junos",
            host="127.0.0.1",
            port=server.get_port(),
            username="lambda",
            password="env:NASTY_PASSWORD",
            host_key=key.export_public_key().decode().strip(),
        )
        driver = JuniperJunos(device, OWNERSHIP, timeouts=Timeouts(open=patience, answer=patience))
        try:
            yield driver
        finally:
            driver.close()
            loop.run(_close(server))

    return serve


async def _listen(key: asyncssh.SSHKey, banner: str, talk: Any) -> asyncssh.SSHAcceptor:
    return await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: _Door(banner),
        server_host_keys=[key],
        process_factory=talk,
        encoding=None,
        line_editor=False,
    )


async def _close(server: asyncssh.SSHAcceptor) -> None:
    server.close()
    await server.wait_closed()


def test_orderly_router_is_read(router: Router) -> None:
    with router() as driver:
        assert driver.read().grounds.interfaces == {("ge-0/0/0.0", 4): ()}


def test_banner_before_the_login_is_borne(router: Router) -> None:
    banner = "####\nr1# welcome <hello> ]]>]]> G\xe4ste\n"
    with router(banner=banner) as driver:
        assert driver.read().grounds.is_applied


def test_text_in_latin_1_is_borne(router: Router) -> None:
    latin = CONFIGURATION.replace(b"campus", b"campus, G\xe4ste")

    def answer(request: bytes) -> bytes:
        return reply(request, latin if b"get-config" in request else content(request)) + END

    with router(answer) as driver:
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
    with router(greeting=greeting, patience=1) as driver, pytest.raises(Unreachable, match="nasty"):
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
    def answer(request: bytes) -> bytes:
        return reply(request, words if b"get-config" in request else content(request)) + END

    with router(answer) as driver, pytest.raises((StateUnknown, Unreachable), match="nasty"):
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
    def answer(request: bytes) -> bytes:
        return reply(request, words if b"get-firewall" in request else content(request)) + END

    with router(answer) as driver, pytest.raises(StateUnknown, match="counter"):
        driver.count(placed_part())
