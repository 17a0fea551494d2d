"""A simulated Junos router answers `ping` from its neighbours, and nobody else waits for that."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from netconfig.drivers.juniper_junos import JuniperJunos
from netconfig.simulator import JunosRouter
from netconfig.simulator.junos_ssh import read_rpc
from netconfig.simulator.running import SimulatorLoop
from tests.contract.drivers.juniper_junos_bench import CONFIG, JunosBench, JunosRig

PATIENCE = 60
HOP = ip_address("192.0.2.1")


@pytest.fixture
def rig() -> Iterator[JunosRig]:
    with SimulatorLoop() as loop, JunosBench().start(loop) as started:
        yield started


def answer(request: str) -> str:
    router = JunosRouter(CONFIG, clock=lambda: datetime(2030, 1, 1, tzinfo=UTC))
    return router.react(router.connect(lambda: None), read_rpc(f'<rpc message-id="1">{request}</rpc>')).reply


def test_others_are_served_while_a_neighbour_is_waited_for(rig: JunosRig) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()
    found: list[frozenset[IPv4Address | IPv6Address]] = []

    def ask(_: IPv4Address | IPv6Address) -> bool:
        is_asked.set()
        return may_answer.wait(PATIENCE)

    rig.router.next_hops.ask = ask
    asking, reading = rig.over_the_wire(), rig.over_the_wire()
    assert isinstance(asking, JuniperJunos)
    thread = threading.Thread(target=lambda: found.append(asking.answering([HOP])))
    thread.start()
    try:
        assert is_asked.wait(PATIENCE)
        assert not reading.read().text
        assert not found
    finally:
        may_answer.set()
        thread.join(PATIENCE)
    assert found == [{HOP}]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ("<ping><host>border-7</host></ping>", "could not resolve host name: border-7"),
        ("<ping/>", "could not resolve host name"),
        ("<ping><host>192.0.2.1</host><flood/></ping>", "syntax error"),
    ],
)
def test_what_is_not_modelled_is_refused(request_: str, words: str) -> None:
    said = answer(request_)
    assert "<rpc-error>" in said
    assert words in said


def test_so_many_probes_are_sent_as_it_is_told() -> None:
    said = answer("<ping><host>2001:db8:1::2</host><count>3</count></ping>")
    assert said.count("<probe-result ") == said.count("<probe-success/>") == 3
    assert "<responses-received>\n3\n" in said
