"""From one controller to another, message by message."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.session import Patience
from ofgw.proxy.snapshot import Stage
from tests.functional.ofgw.conftest import LONG, MakeProxy, entrance
from tests.functional.ofgw.controllers import PATIENCE, wait_for
from tests.functional.ofgw.peers import (
    BARRIER_REQUEST,
    ECHO_REQUEST,
    EXPERIMENTER,
    FEATURES_REQUEST,
    HELLO,
    PACKET_IN,
    SET_CONFIG,
    FakeController,
    FakeSwitch,
    meet,
    message,
    send_until_stuck,
)


@pytest.fixture
def default() -> Iterator[FakeController]:
    with FakeController() as controller:
        yield controller


@pytest.fixture
def other() -> Iterator[FakeController]:
    with FakeController() as controller:
        yield controller


def test_the_new_controller_meets_a_switch_that_seems_to_have_just_connected(
    proxies: MakeProxy, default: FakeController, other: FakeController
) -> None:
    proxy = proxies(default.endpoint)
    hello = message(HELLO, b"\x00\x01\x00\x08\x00\x00\x00\x10", version=6, xid=77)
    with FakeSwitch(entrance(proxy), hello=hello) as switch:
        old = default.accept()
        meet(switch, old)
        # Asked by the old controller, and answered when it has gone.
        old.send(message(ECHO_REQUEST, xid=3))
        switch.read_kind(ECHO_REQUEST)
        proxy.set_controller(other.endpoint)
        assert old.ends()
        switch.send(message(3, xid=3), message(PACKET_IN, b"for nobody"))
        switch.settle()
        new = other.accept()
        assert new.read() == hello
        switch.send(message(PACKET_IN, b"for the new"))
        new.send(message(HELLO), message(FEATURES_REQUEST, xid=9))
        # No second hello.
        assert switch.read() == message(FEATURES_REQUEST, xid=9)
        assert new.read() == message(PACKET_IN, b"for the new")


def test_half_a_message_of_the_old_controller_never_reaches_the_switch(
    proxies: MakeProxy, default: FakeController, other: FakeController
) -> None:
    proxy = proxies(default.endpoint)
    with FakeSwitch(entrance(proxy)) as switch:
        old = default.accept()
        meet(switch, old)
        old.send(message(ECHO_REQUEST, b"whole"), message(ECHO_REQUEST, bytes(1000))[:500])
        assert switch.read() == message(ECHO_REQUEST, b"whole")
        proxy.set_controller(other.endpoint)
        switch.settle()
        new = other.accept()
        new.read_kind(HELLO)
        new.send(message(HELLO), message(ECHO_REQUEST, b"new"))
        assert switch.read() == message(ECHO_REQUEST, b"new")


def test_what_the_old_controller_configured_is_put_back(
    proxies: MakeProxy, default: FakeController, other: FakeController
) -> None:
    proxy = proxies(default.endpoint)
    with FakeSwitch(entrance(proxy)) as switch:
        old = default.accept()
        meet(switch, old)
        old.send(message(SET_CONFIG, b"\x00\x01\xff\xff"))
        switch.read_kind(SET_CONFIG)
        proxy.set_controller(other.endpoint)
        assert switch.read_kind(SET_CONFIG)[8:] == b"\x00\x00\x00\x80"
        switch.settle()
        other.accept().read_kind(HELLO)


def test_a_connection_that_is_bound_to_its_controller_ends_after_what_is_on_its_way(
    proxies: MakeProxy, default: FakeController, other: FakeController
) -> None:
    proxy = proxies(default.endpoint, patience=Patience(draining=30))
    with FakeSwitch(entrance(proxy)) as switch:
        old = default.accept()
        meet(switch, old)
        own = message(EXPERIMENTER, bytes(8))
        last = message(ECHO_REQUEST, bytes(60_000))
        old.send(own, last)
        assert switch.read() == own
        wait_for(lambda: proxy.snapshot().connections[0].from_controllers.messages == 4)
        proxy.set_controller(other.endpoint)
        assert switch.read() == last
        assert switch.ends()
        old.socket.close()
    wait_for(lambda: not proxy.snapshot().connections)
    assert proxy.snapshot().tally.reset == 1


def test_a_slow_switch_gets_all_that_is_on_its_way_before_its_connection_ends(
    proxies: MakeProxy, default: FakeController, other: FakeController
) -> None:
    proxy = proxies(default.endpoint, patience=Patience(draining=30))
    with FakeSwitch(entrance(proxy)) as switch:
        old = default.accept()
        meet(switch, old)
        old.send(message(EXPERIMENTER, bytes(8)))
        switch.read_kind(EXPERIMENTER)
        # Both ways: a socket that is closed over what it has not read is reset, and loses what it is to send.
        send_until_stuck(old, message(ECHO_REQUEST, bytes(60_000)))
        send_until_stuck(switch, message(PACKET_IN, bytes(60_000)))
        switch.socket.settimeout(PATIENCE)
        proxy.set_controller(other.endpoint)
        old.socket.close()
        (view,) = proxy.snapshot().connections
        # Besides a hello, a question for features and what bound it.
        on_its_way = view.from_controllers.messages - 3
        assert on_its_way > 0
        for _ in range(on_its_way):
            switch.read_kind(ECHO_REQUEST)
        assert switch.ends()


def test_a_controller_that_is_still_dialled_is_not_waited_for(
    proxies: MakeProxy, other: FakeController
) -> None:
    with full_listener() as where:
        proxy = proxies(where)
        with FakeSwitch(entrance(proxy)):
            wait_for(lambda: [view.stage for view in proxy.snapshot().connections] == [Stage.DIALLING])
            proxy.set_controller(other.endpoint)
            assert other.accept().read_kind(HELLO)
            assert proxy.snapshot().tally.away == 0


@contextmanager
def full_listener() -> Iterator[Endpoint]:
    """Where a connection is never made: nobody accepts, and no more are kept waiting."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield Endpoint.of(listener.getsockname())


@pytest.mark.parametrize("version", [1, 5])
def test_a_controller_of_another_version_has_the_switch_connect_anew(
    proxies: MakeProxy, default: FakeController, other: FakeController, version: int
) -> None:
    proxy = proxies(default.endpoint)
    with FakeSwitch(entrance(proxy), hello=message(HELLO, version=5)) as switch:
        meet(switch, default.accept())
        proxy.set_controller(other.endpoint)
        switch.settle()
        new = other.accept()
        new.read_kind(HELLO)
        new.send(message(HELLO, version=version))
        assert switch.ends()
        assert new.ends()
    assert proxy.snapshot().tally.reset == 1


def test_a_switch_that_does_not_settle_has_to_connect_anew(
    proxies: MakeProxy, default: FakeController, other: FakeController
) -> None:
    proxy = proxies(default.endpoint, patience=Patience(settling=0.1))
    with FakeSwitch(entrance(proxy)) as switch:
        meet(switch, default.accept())
        proxy.set_controller(other.endpoint)
        switch.read_kind(BARRIER_REQUEST)
        assert switch.ends()
    assert proxy.snapshot().tally.reset == 1


def test_a_switch_whose_hello_was_not_answered_yet_has_to_connect_anew(
    proxies: MakeProxy, default: FakeController, other: FakeController
) -> None:
    proxy = proxies(default.endpoint)
    with FakeSwitch(entrance(proxy)) as switch:
        default.accept().read_kind(HELLO)
        proxy.set_controller(other.endpoint)
        assert switch.ends()
    assert proxy.snapshot().tally.reset == 1


def test_only_the_last_word_counts(
    proxies: MakeProxy, default: FakeController, other: FakeController
) -> None:
    proxy = proxies(default.endpoint)
    with FakeSwitch(entrance(proxy)) as switch, FakeController() as third:
        meet(switch, default.accept())
        proxy.set_controller(third.endpoint)
        switch.settle()
        # It accepts, and says nothing.
        third.accept().read_kind(HELLO)
        for target in (None, third.endpoint, None, other.endpoint):
            proxy.set_controller(target)
        new = other.accept()
        new.read_kind(HELLO)
        new.send(message(HELLO), message(ECHO_REQUEST, b"new"))
        assert switch.read() == message(ECHO_REQUEST, b"new")
        view = proxy.snapshot()
        assert (view.controller, view.connections[0].target) == (other.endpoint, other.endpoint)


def test_setting_what_is_set_changes_nothing(proxies: MakeProxy, default: FakeController) -> None:
    proxy = proxies(default.endpoint)
    with FakeSwitch(entrance(proxy)) as switch:
        controller = default.accept()
        meet(switch, controller)
        for target in (default.endpoint, None, default.endpoint):
            proxy.set_controller(target)
        switch.send(message(PACKET_IN, b"still"))
        assert controller.read() == message(PACKET_IN, b"still")
        assert proxy.snapshot().connections[0].moved == 0


def test_a_controller_that_does_not_read_is_left_all_the_same(
    proxies: MakeProxy, default: FakeController, other: FakeController
) -> None:
    proxy = proxies(default.endpoint, patience=Patience(LONG.greeting, LONG.dialling, LONG.settling, 0.1))
    with FakeSwitch(entrance(proxy)) as switch:
        old = default.accept()
        meet(switch, old)
        send_until_stuck(switch, message(PACKET_IN, bytes(60_000)))
        proxy.set_controller(other.endpoint)
        proxy.set_controller(None)
        assert proxy.snapshot().controller is None
