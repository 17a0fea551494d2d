"""Simulators behind real ports, and netmiko as the one who knocks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from netmiko import ConnectHandler

from netconfig.simulator import IosRouter, RunningSimulator

CONFIG = """\
version 15.7
!
hostname border-1
!
interface TenGigabitEthernet1/1
 description to the campus
 ip address 192.0.2.254 255.255.255.0
!
ip access-list extended EDGE-IN
 10 permit tcp any any eq smtp
!
line vty 0 4
 login local
!
end
"""
# Bounds every wait on the other side; nothing is asserted about it.
TIMEOUT_SECONDS = 60
# A secret for the loopback interface only.
PASSWORD = "simulated"

Connect = Callable[..., Any]


@pytest.fixture
def router() -> IosRouter:
    return IosRouter(CONFIG, clock=lambda: datetime.now(UTC))


@pytest.fixture
def simulator(router: IosRouter) -> Iterator[RunningSimulator]:
    with RunningSimulator(router, username="admin", password=PASSWORD) as running:
        yield running


@pytest.fixture
def connect_to() -> Iterator[Connect]:
    """Opens netmiko connections, all closed at the end."""
    with ExitStack() as stack:

        def connect(host: str, port: int, **options: Any) -> Any:
            connection = ConnectHandler(
                **{
                    "device_type": "cisco_ios",
                    "host": host,
                    "port": port,
                    "username": "admin",
                    "password": PASSWORD,
                    "conn_timeout": TIMEOUT_SECONDS,
                    "read_timeout_override": TIMEOUT_SECONDS,
                    **options,
                }
            )
            assert connection.remote_conn_pre
            # Not `disconnect`, which would wait for the answers of a router that is gone.
            stack.callback(connection.remote_conn_pre.close)
            return connection

        yield connect


@pytest.fixture
def connect(simulator: RunningSimulator, connect_to: Connect) -> Connect:
    """Opens netmiko connections to the simulator."""
    return lambda **options: connect_to(simulator.host, simulator.port, **options)
