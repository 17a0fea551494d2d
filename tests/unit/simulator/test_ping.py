"""What simulated routers print of echo requests, to the letter, and whom they keep waiting for the answer."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from netconfig.simulator import Action, Fault, FtosRouter, IosRouter, NxosRouter
from netconfig.simulator.cli_router import Reaction
from netconfig.simulator.ssh import TerminalRouter

Made = Callable[[], TerminalRouter]
WAIT_SECONDS = 60


def now() -> datetime:
    return datetime(2030, 1, 1, tzinfo=UTC)


def ios() -> IosRouter:
    return IosRouter("hostname r1\n", clock=now)


def nxos() -> NxosRouter:
    return NxosRouter("hostname r1\n", clock=now)


def ftos() -> FtosRouter:
    return FtosRouter("hostname r1\n", clock=now)


ROUTERS: list[Made] = [ios, nxos, ftos]
PLAIN = "ping 192.0.2.1"


def typed(router: TerminalRouter, line: str) -> Reaction:
    return router.react(router.connect("x", lambda: None), line)


IOS_SIX = """\
Type escape sequence to abort.
Sending 2, 100-byte ICMP Echos to 2001:DB8::1, timeout is 1 seconds:
..
Success rate is 0 percent (0/2)
"""
NXOS_FOUR = """\
PING 192.0.2.1 (192.0.2.1): 56 data bytes
64 bytes from 192.0.2.1: icmp_seq=0 ttl=254 time=0.9 ms
64 bytes from 192.0.2.1: icmp_seq=1 ttl=254 time=0.9 ms

--- 192.0.2.1 ping statistics ---
2 packets transmitted, 2 packets received, 0.00% packet loss
round-trip min/avg/max = 0.9/0.9/0.9 ms
"""
NXOS_SIX = """\
PING6 2001:db8::1 (2001:db8::1): 56 data bytes
Request 0 timed out
Request 1 timed out

--- 2001:db8::1 ping6 statistics ---
2 packets transmitted, 0 packets received, 100.00% packet loss
"""
FTOS_FOUR = """\
Type Ctrl-C to abort.

Sending 2, 100-byte ICMP Echos to 192.0.2.1, timeout is 1 seconds:
!!
Success rate is 100.0 percent (2/2), round-trip min/avg/max = 0/0/0 (ms)
"""


@pytest.mark.parametrize(
    ("made", "line", "printed"),
    [
        (ios, "ping ipv6 2001:db8::1 repeat 2 timeout 1", IOS_SIX),
        (nxos, "ping 192.0.2.1 count 2 timeout 1", NXOS_FOUR),
        (nxos, "ping6 2001:db8::1 vrf default timeout 1 count 2", NXOS_SIX),
        (ftos, "ping 192.0.2.1 count 2 timeout 1", FTOS_FOUR),
        (ftos, "ping 2001:db8::1 count 1", "Success rate is 0.0 percent (0/1)\n"),
        (ios, PLAIN, "(5/5), round-trip min/avg/max = 1/1/1 ms\n"),
        (ios, "ping ip 192.0.2.1 timeout 3", "to 192.0.2.1, timeout is 3 seconds:\n!!!!!\n"),
    ],
)
def test_echo_requests_are_printed_as_the_platform_does(made: Made, line: str, printed: str) -> None:
    router = made()
    router.next_hops.silent.add(ip_address("2001:db8::1"))
    assert printed in typed(router, line).said()


@pytest.mark.parametrize(
    ("made", "line", "words"),
    [
        (ios, "ping nobody", "% Unrecognized host or address, or protocol not running."),
        (ios, "ping ipv6 192.0.2.1", "% Invalid input detected at '^' marker."),
        (ios, "ping 192.0.2.1 repeat 0", "% Invalid input detected at '^' marker."),
        (ios, "ping 192.0.2.1 repeat", "% Incomplete command."),
        (ios, "ping 192.0.2.1 | include rate", "% Invalid input detected at '^' marker."),
        (nxos, "ping 192.0.2.1 vrf management", "% Invalid command at '^' marker."),
        (nxos, "ping 2001:db8::1", "% Invalid command at '^' marker."),
        (nxos, "ping 192.0.2.1 timeout 61", "% Invalid command at '^' marker."),
        (ftos, "ping nobody", "% Error: Unrecognized host or address."),
        (ftos, "ping 192.0.2.1 count 0", '% Error: Invalid input at "^" marker.'),
    ],
)
def test_what_is_no_question_is_refused(made: Made, line: str, words: str) -> None:
    reaction = typed(made(), line)
    assert reaction.asks is None
    assert words in reaction.output


def test_who_may_only_look_may_ask_and_on_ios_no_more_than_that() -> None:
    secret = IosRouter("hostname r1\n", clock=now, enable_secret="x")
    assert "(5/5)" in typed(secret, PLAIN).said()
    assert "% Invalid input" in typed(secret, f"{PLAIN} repeat 2").said()
    operator = NxosRouter("hostname r1\n", clock=now, enable_secret="x")
    assert "2 packets received" in typed(operator, f"{PLAIN} count 2").said()
    user = FtosRouter("hostname r1\n", clock=now, privileged=False)
    assert "(2/2)" in typed(user, f"{PLAIN} count 2").said()


@pytest.mark.parametrize(("made", "beginning"), [(ios, "do "), (nxos, ""), (ftos, "do ")])
def test_neighbours_are_asked_in_configuration_mode_too(made: Made, beginning: str) -> None:
    router = made()
    session = typed(router, "configure terminal").session
    reaction = router.react(session, f"{beginning}{PLAIN}")
    assert reaction.asks
    assert reaction.session.mode is not None


@pytest.mark.parametrize("made", ROUTERS)
def test_router_goes_on_while_a_neighbour_is_asked(made: Made) -> None:
    router = made()
    asked, released = threading.Event(), threading.Event()

    def not_before_another_has_written(_: object) -> bool:
        asked.set()
        return released.wait(WAIT_SECONDS)

    router.next_hops.ask = not_before_another_has_written
    said: list[str] = []
    asker = threading.Thread(target=lambda: said.append(typed(router, PLAIN).said()))
    asker.start()
    assert asked.wait(WAIT_SECONDS)
    session = typed(router, "configure terminal").session
    router.react(session, "hostname r2")
    assert router.running_config()
    released.set()
    asker.join(WAIT_SECONDS)
    assert not asker.is_alive()
    assert router.state.hostname == "r2"
    assert "100 percent" in said[0].replace("100.0", "100") or "0.00% packet loss" in said[0]


@pytest.mark.parametrize("made", ROUTERS)
def test_faults_strike_a_question_as_any_line(made: Made) -> None:
    router = made()
    asked: list[object] = []

    def note(address: object) -> bool:
        asked.append(address)
        return True

    router.next_hops.ask = note
    for action in (Action.REFUSE, Action.GARBAGE):
        router.faults.add(Fault(action, line="^ping", where="exec", words="nonsense\n"))
        assert typed(router, PLAIN).said() == "nonsense\n"
    router.faults.add(Fault(Action.HANG, line="^ping", where="exec"))
    assert typed(router, PLAIN).hangs
    router.faults.add(Fault(Action.DROP_BEFORE, line="^ping", where="exec"))
    assert typed(router, PLAIN).drops
    assert not asked
    router.faults.add(Fault(Action.SLOW, line="^ping", where="exec", delay=timedelta(seconds=3)))
    slow = typed(router, PLAIN)
    assert slow.delay == timedelta(seconds=3)
    assert slow.said()
    assert asked == [ip_address("192.0.2.1")]
