"""A device is believed about its next hops where it says in so many words what came of asking them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from ipaddress import ip_address

import pytest

from netconfig.cisco.driver import CiscoDriver
from netconfig.cli.echo import replies, who_answers
from netconfig.cli.words import Words
from netconfig.driver import AskingDriver, is_asking
from netconfig.drivers.cisco_ios import CiscoIos
from netconfig.drivers.cisco_ios.dialect import IOS
from netconfig.drivers.cisco_nxos.dialect import NXOS
from netconfig.drivers.dell_force10 import DellForce10
from netconfig.drivers.dell_force10.words import FTOS
from netconfig.errors import StateUnknown, Unreachable
from netconfig.intent import IpAddress
from netconfig.simulator import Action, Fault, SimulatorLoop
from tests.contract.drivers.cisco_ios_bench import IosBench, IosRig
from tests.contract.drivers.cisco_nxos_bench import NxosBench
from tests.contract.drivers.dell_force10_bench import Force10Bench, Force10Rig
from tests.rude import rude_router

HOP, OTHER, SIX = ip_address("192.0.2.1"), ip_address("192.0.2.10"), ip_address("2001:db8:1::2")
HEAD = "Type escape sequence to abort.\nSending 2, 100-byte ICMP Echos to 192.0.2.1, timeout is 1 seconds:\n"
SIX_HEAD = HEAD.replace("192.0.2.1", "2001:DB8:1::2")
FTOS_HEAD = HEAD.replace("Type escape sequence to abort.\n", "Type Ctrl-C to abort.\n\n")
NXOS_HEAD = "PING 192.0.2.1 (192.0.2.1): 56 data bytes\n"
NXOS_TAIL = "\n--- 192.0.2.1 ping statistics ---\n2 packets transmitted, "
NXOS_HALF = (
    f"{NXOS_HEAD}64 bytes from 192.0.2.1: icmp_seq=0 ttl=254 time=1.2 ms\nRequest 1 timed out\n{NXOS_TAIL}"
    "1 packets received, 50.00% packet loss\nround-trip min/avg/max = 1.2/1.2/1.2 ms\n"
)
NXOS_NO_ROUTE = (
    f"{NXOS_HEAD}ping: sendto 192.0.2.1 64 chars, No route to host\nRequest 0 timed out\n{NXOS_TAIL}"
    "0 packets received, 100.00% packet loss\n"
)
NXOS_SIX = """\
PING6 2001:db8:1::2 (2001:db8:1::2): 56 data bytes
Request 0 timed out
Request 1 timed out

--- 2001:db8:1::2 ping6 statistics ---
2 packets transmitted, 0 packets received, 100.00% packet loss
"""
TIMES = ", round-trip min/avg/max = 1/2/4 ms\n"


@pytest.mark.parametrize(
    ("words", "hop", "said", "received"),
    [
        (IOS, HOP, f"{HEAD}!!\nSuccess rate is 100 percent (2/2){TIMES}", 2),
        (IOS, HOP, f"{HEAD}.!\nSuccess rate is 50 percent (1/2){TIMES}", 1),
        (IOS, HOP, f"{HEAD}..\nSuccess rate is 0 percent (0/2)\n", 0),
        (IOS, HOP, f"{HEAD}U.\nSuccess rate is 0 percent (0/2)\n", 0),
        (IOS, SIX, f"{SIX_HEAD}!!\nSuccess rate is 100 percent (2/2){TIMES}", 2),
        (IOS, SIX, f"{SIX_HEAD}\n% No valid route for destination\nSuccess rate is 0 percent (0/1)\n", 0),
        (
            FTOS,
            HOP,
            f"{FTOS_HEAD}!!\nSuccess rate is 100.0 percent (2/2), round-trip min = 0 (ms)\n",
            2,
        ),
        (FTOS, HOP, f"{FTOS_HEAD}..\nSuccess rate is 0.0 percent (0/2)\n", 0),
        (NXOS, HOP, NXOS_HALF, 1),
        (NXOS, HOP, NXOS_NO_ROUTE, 0),
        (NXOS, SIX, NXOS_SIX, 0),
    ],
)
def test_what_came_back_is_read(words: Words, hop: IpAddress, said: str, received: int) -> None:
    assert replies(said, hop, words) == received


UNKNOWN = [
    "",
    "\x00\x07#@!~ %^ garbage (config\n",
    "% Unrecognized host or address, or protocol not running.\n\n",
    "Command authorization failed.\n",
    "% Permission denied for the role\n",
    "              ^\n% Invalid input detected at '^' marker.\n\n",
    f"{HEAD}!!\nErfolgsrate ist 100 Prozent (2/2), Laufzeit min/Mittel/max = 1/2/4 ms\n",
    f"{HEAD}..\n",
    f"{HEAD}..\nSuccess rate is 0 perc",
    f"{HEAD}..\nSuccess rate is 0 percent (0/",
    f"{HEAD}!!\nSuccess rate is 100 percent (2/2){TIMES}{HEAD}..\nSuccess rate is 0 percent (0/2)\n",
    f"{HEAD}!!!\nSuccess rate is 150 percent (3/2){TIMES}",
    f"{HEAD}\nSuccess rate is 0 percent (0/0)\n",
    f"{HEAD}.....\nSuccess rate is 0 percent (0/5)\n",
    f"{HEAD.replace('192.0.2.1', '192.0.2.10')}!!\nSuccess rate is 100 percent (2/2){TIMES}",
    "Success rate is 0 percent (0/2)\n",
    f"{NXOS_HEAD}Request 0 timed out\n",
    f"{NXOS_HEAD}{NXOS_TAIL}0 packets received, 100.00% pack",
    f"{NXOS_HEAD}{NXOS_TAIL}3 packets received, 0.00% packet loss\n",
    f"{NXOS_HEAD}{NXOS_TAIL.replace('2 packets', '5 packets')}0 packets received, 100.00% packet loss\n",
    f"{NXOS_HEAD}{NXOS_TAIL.replace('2 packets', '2 Pakete')}0 Pakete empfangen, 100.00% Paketverlust\n",
]


@pytest.mark.parametrize("words", [IOS, NXOS, FTOS], ids=["ios", "nxos", "ftos"])
@pytest.mark.parametrize("said", UNKNOWN)
def test_anything_else_is_no_word_about_a_next_hop(words: Words, said: str) -> None:
    assert replies(said, HOP, words) is None


class _Saying:
    """A session with a device that says the same to everything."""

    def __init__(self, *said: str) -> None:
        self.said = list(said)
        self.asked: list[str] = []

    def ask(self, command: str, *, patience: float) -> str:
        # Two probes of a second each, and no more on top than a busy device needs.
        assert 2.0 < patience <= 15.0
        self.asked.append(command)
        return self.said.pop(0)

    def mask(self, text: str) -> str:
        return text.replace("s3cret", "***")


def who(words: Words, session: _Saying, *hops: IpAddress) -> frozenset[IpAddress]:
    return who_answers("border-1", session, hops, words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Command authorization failed.\n", "Command authorization failed."),
        ("     ^\n% Invalid input detected at '^' marker.\n", "% Invalid input detected at '^' marker."),
        ("\x07\x00#@! s3cret\nnonsense\n", "#@! *** nonsense"),
        ("\n", "it says nothing"),
        ("x" * 10_000, "x" * 200),
    ],
)
def test_device_that_does_not_tell_is_quoted(said: str, told: str) -> None:
    with pytest.raises(StateUnknown) as failure:
        who(IOS, _Saying(said), HOP)
    assert failure.value.words == f"ping ip 192.0.2.1 repeat 2 timeout 1: {told}"


def test_one_that_is_not_told_about_leaves_all_of_them_untold() -> None:
    up = f"{HEAD}!!\nSuccess rate is 100 percent (2/2){TIMES}"
    with pytest.raises(StateUnknown):
        who(IOS, _Saying(up, "Command authorization failed.\n"), HOP, OTHER)


def test_log_messages_in_between_are_borne() -> None:
    noise = "*Jan  1 09:00:00.000: %LINK-3-UPDOWN: Interface Te1/1, changed state to up\n"
    said = f"{noise}{HEAD}!\n{noise}!\n{noise}Success rate is 100 percent (2/2){TIMES}{noise}"
    assert who(IOS, _Saying(said), HOP) == {HOP}


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (IOS, ["ping ip 192.0.2.1 repeat 2 timeout 1", "ping ipv6 2001:db8:1::2 repeat 2 timeout 1"]),
        (NXOS, ["ping 192.0.2.1 count 2 timeout 1", "ping6 2001:db8:1::2 count 2 timeout 1"]),
        (FTOS, ["ping 192.0.2.1 count 2 timeout 1", "ping 2001:db8:1::2 count 2 timeout 1"]),
    ],
    ids=["ios", "nxos", "ftos"],
)
def test_each_is_asked_once_in_the_platforms_own_words(words: Words, asked: Sequence[str]) -> None:
    tails = {
        NXOS: "2 packets transmitted, 0 packets received, 100.00% packet loss\n",
        IOS: "Success rate is 0 percent (0/2)\n",
        FTOS: "Success rate is 0.0 percent (0/2)\n",
    }
    session = _Saying(*(f"to {hop}, timeout\n{tails[words]}" for hop in (HOP, SIX)))
    assert who(words, session, SIX, HOP) == frozenset()
    assert session.asked == asked


@pytest.mark.parametrize("address", ["fe80::1", "fe80::1%eth0", "2001:db8::1%x\nreload"])
def test_address_without_a_link_of_its_own_is_never_sent(address: str) -> None:
    session = _Saying()
    with pytest.raises(StateUnknown, match="cannot be asked"):
        who(IOS, session, ip_address(address))
    assert session.asked == []


Bench = IosBench | NxosBench | Force10Bench
BENCHES = [IosBench, NxosBench, Force10Bench]
Rig = IosRig | Force10Rig


@pytest.fixture(params=BENCHES, ids=["ios", "nxos", "ftos"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with request.param().start() as started:
        yield started


def asking(rig: Rig) -> AskingDriver:
    driver = rig.at_once()
    assert is_asking(driver)
    return driver


@pytest.mark.parametrize("action", [Action.DROP_BEFORE, Action.DROP_AFTER, Action.HANG, Action.HANG_AFTER])
def test_session_that_breaks_at_the_question_is_no_answer(rig: Rig, action: Action) -> None:
    rig.router.faults.add(Fault(action, line="^ping", number=2, where="exec"))
    with pytest.raises(Unreachable):
        asking(rig).answering([HOP, OTHER])
    rig.router.faults.clear()
    assert asking(rig).answering([HOP, OTHER]) == {HOP, OTHER}


@pytest.mark.parametrize("action", [Action.REFUSE, Action.GARBAGE])
def test_refusal_and_garbage_are_no_answer(rig: Rig, action: Action) -> None:
    rig.router.faults.add(Fault(action, line="^ping", where="exec"))
    with pytest.raises(StateUnknown, match=r"Invalid|garbage"):
        asking(rig).answering([HOP])
    assert asking(rig).answering([HOP]) == {HOP}


def test_slow_answer_is_one(rig: Rig) -> None:
    rig.router.faults.add(Fault(Action.SLOW, line="^ping", where="exec", delay=timedelta(seconds=1)))
    rig.silence(OTHER)
    assert asking(rig).answering([HOP, OTHER]) == {HOP}


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def says(loop: SimulatorLoop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., CiscoDriver]]:
    """A driver of a router that says this to a ping, over SSH."""
    monkeypatch.setenv("NASTY_PASSWORD", "x")
    with ExitStack() as stack:
        yield partial(_rude, stack, loop)


def _rude(stack: ExitStack, loop: SimulatorLoop, *said: bytes) -> CiscoDriver:
    def answer(line: bytes) -> Sequence[bytes]:
        return said if line.startswith(b"ping") else []

    return stack.enter_context(rude_router(loop, CiscoIos, answer))


def test_answer_in_small_pieces_is_read_whole(says: Callable[..., CiscoDriver]) -> None:
    text = f"{HEAD}!!\nSuccess rate is 100 percent (2/2){TIMES}".replace("\n", "\r\n").encode()
    assert says(*(text[at : at + 1] for at in range(len(text)))).answering([HOP]) == {HOP}


@pytest.mark.parametrize("bench", BENCHES, ids=["ios", "nxos", "ftos"])
def test_paged_answer_is_read_to_its_end(loop: SimulatorLoop, bench: type[Bench]) -> None:
    with bench().start(loop) as rig:
        driver = rig.over_the_wire()
        assert isinstance(driver, CiscoDriver | DellForce10)
        driver._session.ask("terminal length 3")
        rig.silence(OTHER)
        assert driver.answering([HOP, OTHER]) == {HOP}
        driver.close()
