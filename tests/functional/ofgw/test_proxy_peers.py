"""What is no switch or no controller, says nothing, says too much, or does not listen."""

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.errors import CannotListen
from ofgw.proxy.session import Patience
from ofgw.proxy.snapshot import Stage
from ofgw.proxy.thread import ProxyThread
from tests.functional.ofgw.conftest import ANY, MakeProxy, entrance
from tests.functional.ofgw.controllers import PATIENCE, wait_for
from tests.functional.ofgw.peers import (
    ECHO_REQUEST,
    HELLO,
    PACKET_IN,
    FakeController,
    FakeSwitch,
    Peer,
    meet,
    message,
    send_until_stuck,
)


@pytest.fixture
def controller() -> Iterator[FakeController]:
    with FakeController() as made:
        yield made


def quiet(proxy: ProxyThread) -> bool:
    return not proxy.snapshot().connections


@pytest.mark.parametrize(
    "words",
    [
        b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        message(ECHO_REQUEST),
        message(HELLO)[:4] + b"\x00",
        bytes(100),
    ],
)
def test_what_does_not_say_hello_never_gets_to_a_controller(
    proxies: MakeProxy, controller: FakeController, words: bytes
) -> None:
    proxy = proxies(controller.endpoint)
    with FakeSwitch(entrance(proxy), hello=words) as stranger:
        stranger.socket.shutdown(socket.SHUT_WR)
        assert stranger.ends()
    wait_for(lambda: quiet(proxy))
    tally = proxy.snapshot().tally
    assert (tally.accepted, tally.not_openflow + tally.ended) == (1, 1)
    # Were it tried, it would be the first that is accepted.
    with FakeSwitch(entrance(proxy)) as switch:
        meet(switch, controller.accept())


def test_who_says_nothing_is_not_waited_for(proxies: MakeProxy, controller: FakeController) -> None:
    proxy = proxies(controller.endpoint, patience=Patience(greeting=0.1))
    with FakeSwitch(entrance(proxy), hello=b"") as silent:
        assert silent.ends()
    wait_for(lambda: quiet(proxy))
    assert proxy.snapshot().tally.not_openflow == 1


@pytest.mark.parametrize("side", ["switch", "controller"])
def test_garbage_in_between_ends_both_connections(
    proxies: MakeProxy, controller: FakeController, side: str
) -> None:
    proxy = proxies(controller.endpoint)
    with FakeSwitch(entrance(proxy)) as switch:
        peer = controller.accept()
        meet(switch, peer)
        (switch if side == "switch" else peer).send(b"\x04\x00\x00\x01garbage")
        assert switch.ends()
        assert peer.ends()
    wait_for(lambda: quiet(proxy))
    assert proxy.snapshot().tally.not_openflow == 1


def test_a_side_that_has_said_its_last_is_heard_to_the_end(
    proxies: MakeProxy, controller: FakeController
) -> None:
    proxy = proxies(controller.endpoint, patience=Patience(draining=30))
    last = message(ECHO_REQUEST, bytes(60_000))
    with FakeSwitch(entrance(proxy)) as switch:
        peer = controller.accept()
        meet(switch, peer)
        peer.send(last * 20)
        peer.socket.shutdown(socket.SHUT_WR)
        assert [switch.read() == last for _ in range(20)] == [True] * 20
        assert switch.ends()
    wait_for(lambda: quiet(proxy))
    assert proxy.snapshot().tally.ended == 1


def test_a_reset_ends_the_other_side(proxies: MakeProxy, controller: FakeController) -> None:
    proxy = proxies(controller.endpoint)
    with FakeSwitch(entrance(proxy)) as switch:
        peer = controller.accept()
        meet(switch, peer)
        switch.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        switch.socket.close()
        assert peer.ends()
    wait_for(lambda: quiet(proxy))


@pytest.mark.parametrize("reader", ["switch", "controller"])
def test_a_slow_reader_slows_the_writer_down_and_loses_nothing(
    proxies: MakeProxy, controller: FakeController, reader: str
) -> None:
    proxy = proxies(controller.endpoint)
    one = message(PACKET_IN, bytes(60_000))
    with FakeSwitch(entrance(proxy)) as switch:
        peer = controller.accept()
        meet(switch, peer)
        source, sink = (peer, switch) if reader == "switch" else (switch, peer)
        sent = send_until_stuck(source, one)
        taken = proxy.snapshot().connections[0]
        counted = taken.from_controllers if reader == "switch" else taken.from_switch
        assert counted.octets <= sent
        source.socket.settimeout(PATIENCE)
        whole = sent // len(one)
        assert all(sink.read() == one for _ in range(whole))


def test_more_connections_than_there_is_room_for_are_closed(
    proxies: MakeProxy, controller: FakeController
) -> None:
    proxy = proxies(controller.endpoint, maximum=2)
    with ExitStack() as stack:
        # One after the other: of two at once nobody knows whose connection reaches the controller first.
        for _ in range(2):
            one = stack.enter_context(FakeSwitch(entrance(proxy)))
            meet(one, controller.accept())
        with FakeSwitch(entrance(proxy)) as three:
            assert three.ends()
        assert proxy.snapshot().tally.over_limit == 1
        one.socket.close()
        wait_for(lambda: len(proxy.snapshot().connections) == 1)
        with FakeSwitch(entrance(proxy)) as three:
            meet(three, controller.accept())


def test_who_has_not_said_hello_makes_room_for_others(proxies: MakeProxy, controller: FakeController) -> None:
    proxy = proxies(controller.endpoint, maximum=2)
    with FakeSwitch(entrance(proxy)) as one, FakeSwitch(entrance(proxy), hello=b"") as silent:
        meet(one, controller.accept())
        wait_for(lambda: len(proxy.snapshot().connections) == 2)
        with FakeSwitch(entrance(proxy)) as two:
            meet(two, controller.accept())
            assert silent.ends()
            one.send(message(PACKET_IN))
    assert proxy.snapshot().tally.over_limit == 1


def test_a_proxy_that_is_its_own_controller_relays_nothing(proxies: MakeProxy) -> None:
    proxy = proxies(ANY)
    proxy.set_controller(entrance(proxy))
    with FakeSwitch(entrance(proxy)) as switch:
        assert switch.ends()
    wait_for(lambda: quiet(proxy))
    view = proxy.snapshot()
    assert view.tally.accepted == 2
    assert view.trouble is not None
    assert view.trouble.words == "what is meant to be a controller is this proxy"


def test_a_name_that_nobody_has_is_a_controller_that_is_away(proxies: MakeProxy) -> None:
    proxy = proxies(Endpoint("controller.invalid", 6633))
    with FakeSwitch(entrance(proxy)) as switch:
        assert switch.ends()
    wait_for(lambda: quiet(proxy))
    view = proxy.snapshot()
    assert view.tally.away == 1
    assert view.trouble is not None
    assert view.trouble.words.startswith("controller.invalid:6633 ")


def test_what_is_left_of_a_switch_is_nothing(proxies: MakeProxy, controller: FakeController) -> None:
    proxy = proxies(controller.endpoint)
    with FakeSwitch(entrance(proxy)) as switch:
        meet(switch, controller.accept())
        (view,) = proxy.snapshot().connections
        assert (view.stage, view.dpid, view.version, view.switch.port) == (
            Stage.RELAYING,
            7,
            4,
            switch.socket.getsockname()[1],
        )
        assert view.from_switch.messages == view.from_controllers.messages == 2
        assert (view.from_switch.octets, view.from_controllers.octets) == (8 + 32, 8 + 8)
    wait_for(lambda: quiet(proxy))
    assert proxy.snapshot().dpids == ()


def test_an_address_that_is_taken_is_told(proxies: MakeProxy, controller: FakeController) -> None:
    with pytest.raises(CannotListen, match=f"cannot connect to {controller.endpoint}"):
        proxies(controller.endpoint, listen=controller.endpoint)


def test_ipv6_is_listened_on_and_dialled(proxies: MakeProxy) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        listener.settimeout(PATIENCE)
        proxy = proxies(Endpoint.of(listener.getsockname()), listen=Endpoint("::1", 0))
        with FakeSwitch(entrance(proxy)) as switch:
            accepted, _address = listener.accept()
            with accepted:
                meet(switch, Peer(accepted))
        assert str(entrance(proxy)).startswith("[::1]:")
