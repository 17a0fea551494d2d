"""Switches and controllers of the tests' own, shared by the tests of a file; proxies, one a test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from ofgw.proxy.endpoint import Endpoint
from ofgw.proxy.server import ControllerProxy
from ofgw.proxy.session import Patience
from ofgw.proxy.thread import ProxyThread
from tests.functional.ofgw.controllers import OsKen
from tests.functional.ofgw.openvswitch import OpenVSwitch

ANY = Endpoint("127.0.0.1", 0)
LONG = Patience(greeting=30, dialling=30, settling=30)
"""So that nothing is given up only because the machine is slow."""

MakeProxy = Callable[..., ProxyThread]


@pytest.fixture(scope="module")
def switches() -> Iterator[OpenVSwitch]:
    """An Open vSwitch without bridges."""
    with OpenVSwitch() as switch:
        yield switch


@pytest.fixture(scope="module")
def island() -> Iterator[OsKen]:
    """The island's own controller: the default one. Marks switches with cookie 1."""
    with OsKen(1) as controller:
        yield controller


@pytest.fixture(scope="module")
def user() -> Iterator[OsKen]:
    """An experimenter's controller, which takes the role of master. Marks switches with cookie 2."""
    with OsKen(2, "--master") as controller:
        yield controller


@pytest.fixture
def proxies() -> Iterator[MakeProxy]:
    """Make a proxy that listens; `listen`, `maximum` and `patience` as you like."""
    with ExitStack() as stack:

        def make(
            default: Endpoint | None,
            *,
            listen: Endpoint = ANY,
            maximum: int = 64,
            patience: Patience = LONG,
        ) -> ProxyThread:
            proxy = ControllerProxy(
                (listen,), default, clock=lambda: datetime.now(UTC), maximum=maximum, patience=patience
            )
            return stack.enter_context(ProxyThread(proxy))

        yield make


def entrance(proxy: ProxyThread) -> Endpoint:
    """Where switches connect to."""
    return proxy.snapshot().listening[0]
