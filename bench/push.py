"""Lines a second to a simulated router: our transport against netmiko's own way of sending configuration."""

import time
from collections.abc import Iterator

from netmiko import ConnectHandler

from bench.figure import Figure, Options
from bench.site import example_service
from netconfig.inventory import Device
from netconfig.transport.cli import CliSession
from pathservice.simulated import located

LINES = 400


def measure(_options: Options) -> Iterator[Figure]:
    """The same access list, written by both."""
    with example_service(worker=False) as assembly:
        device = located(assembly.devices["fermilab-border-1"], assembly.settings.state / "simulated")
        theirs = _by_netmiko(device)
        ours = _by_us(device)
    yield Figure(
        "configuration lines over SSH",
        f"{ours:.0f} lines/s",
        f"{theirs:.0f} lines/s send_config_set",
        ours / theirs,
    )


def _lines(name: str) -> list[str]:
    permits = [f" {n} permit tcp host 192.0.2.{n % 250} any eq {n}" for n in range(1, LINES)]
    return [f"ip access-list extended {name}", *permits]


def _by_netmiko(device: Device) -> float:
    connection = ConnectHandler(
        device_type="cisco_ios",
        host=device.host,
        port=device.port,
        username=device.username,
        password=device.secret(),
    )
    try:
        began = time.perf_counter()
        connection.send_config_set(_lines("BENCH-THEIRS"))
        return LINES / (time.perf_counter() - began)
    finally:
        connection.disconnect()


def _by_us(device: Device) -> float:
    session = CliSession(device, "cisco_ios")
    try:
        session.ask("show clock")
        began = time.perf_counter()
        session.ask("configure terminal")
        session.send(_lines("BENCH-OURS"))
        session.ask("end")
        return LINES / (time.perf_counter() - began)
    finally:
        session.close()
