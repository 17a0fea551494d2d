"""What `show` prints.

Printed forms follow IOS 15 and IOS-XE 17: remarks are left out of `show ip access-lists`, counters stand
behind an IPv4 entry and before the number of an IPv6 one, `(1 match)` is singular.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from netconfig.simulator.ios_acl import AccessList
from netconfig.simulator.ios_config import IosConfig
from netconfig.simulator.ios_forwarding import Hit
from netconfig.simulator.ios_interface import SLOTS, Interface
from netconfig.simulator.ios_route_map import RouteMap

NVRAM_BYTES = 262136
CLOCK_PERIOD = 17179869


@dataclass(frozen=True, slots=True)
class Change:
    """When the running or the startup configuration was last written, and by whom."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Device:
    """All a command may look at, at one instant."""

    now: datetime
    booted_at: datetime
    running: IosConfig
    startup_text: str
    changed: Change | None
    saved: Change | None
    hits: Mapping[Hit, int]
    show_sequence_numbers: bool
    enable_secret: str | None

    @property
    def running_text(self) -> str:
        """The running configuration without its header.

        `ntp clock-period` is the router's own: NTP writes a little other number there every now and then.
        """
        text = self.running.render(show_sequence_numbers=self.show_sequence_numbers)
        period = CLOCK_PERIOD + int(self.now.timestamp()) // 64 % 64
        return re.sub(r"^ntp clock-period \d+$", f"ntp clock-period {period}", text, flags=re.MULTILINE)


def timestamp(at: datetime) -> str:
    return at.strftime("%H:%M:%S UTC %a %b %-d %Y")


def running_config(device: Device) -> str:
    body = f"!\n{_changes(device)}{device.running_text}"
    return f"Building configuration...\n\n{_current(body)}"


def startup_config(device: Device) -> str:
    body = f"!\n{_changes(device)}{device.startup_text}"
    return f"Using {len(body.encode())} out of {NVRAM_BYTES} bytes\n{body}\n"


def _current(body: str) -> str:
    return f"Current configuration : {len(body.encode())} bytes\n{body}\n"


def _changes(device: Device) -> str:
    text = ""
    if device.changed:
        text += f"! Last configuration change at {timestamp(device.changed.at)} by {device.changed.by}\n"
    if device.saved:
        text += f"! NVRAM config last updated at {timestamp(device.saved.at)} by {device.saved.by}\n"
    return f"{text}!\n" if text else ""


def running_interface(interface: Interface) -> str:
    body = "\n".join(["!", *interface.render(), "end", ""])
    return f"Building configuration...\n\n{_current(body)}"


def version(device: Device) -> str:
    minutes = int((device.now - device.booted_at).total_seconds()) // 60
    hostname = device.running.hostname
    return (
        "Cisco IOS Software, Simulated Router Software (SIM-UNIVERSALK9-M), Version 15.7(3)M\n"
        "This is a simulator of pathservice; no packet passes through it.\n\n"
        f"{hostname} uptime is {minutes // 60} hours, {minutes % 60} minutes\n"
        "System returned to ROM by reload\n"
        'System image file is "flash:sim-universalk9-mz.bin"\n\n'
        "Configuration register is 0x2102\n"
    )


def clock(device: Device) -> str:
    milliseconds = device.now.microsecond // 1000
    return device.now.strftime(f"%H:%M:%S.{milliseconds:03} UTC %a %b %-d %Y\n")


def access_list(device: Device, access_list: AccessList) -> str:
    title = "Extended IP access list" if access_list.family == 4 else "IPv6 access list"
    return "\n".join([f"{title} {access_list.name}", *_access_list_lines(device, access_list), ""])


def _access_list_lines(device: Device, access_list: AccessList) -> Iterator[str]:
    pad = "  " if access_list.family == 4 and not device.show_sequence_numbers else ""
    for sequence, entry in access_list.entries:
        matches = _matches(device.hits.get(Hit(access_list.family, access_list.name, entry), 0))
        action = entry.action + (pad if entry.action == "deny" else "")
        if access_list.family == 4:
            yield f"    {sequence} {action} {entry.condition}{matches}"
        else:
            yield f"    {action} {entry.condition}{matches} sequence {sequence}"


def _matches(count: int) -> str:
    if not count:
        return ""
    return f" ({count} match{'' if count == 1 else 'es'})"


def route_map(route_map: RouteMap) -> str:
    lines: list[str] = []
    for entry in route_map.entries:
        lines += [f"route-map {route_map.name}, {entry.action}, sequence {entry.sequence}"]
        lines += ["  Match clauses:"]
        if names := entry.access_lists(4):
            lines.append(f"    ip address (access-lists): {' '.join(names)} ")
        if names := entry.access_lists(6):
            lines.append(f"    ipv6 address {' '.join(names)}")
        lines += ["  Set clauses:"]
        lines += [f"    ip next-hop {' '.join(hops)}" for hops in [entry.next_hops(4)] if hops]
        lines += [f"    ipv6 next-hop {' '.join(hops)}" for hops in [entry.next_hops(6)] if hops]
        lines += ["  Policy routing matches: 0 packets, 0 bytes"]
    return "\n".join([*lines, ""])


def ip_interface_brief(device: Device) -> str:
    lines = ["Interface                  IP-Address      OK? Method Status                Protocol"]
    for interface in device.running.interfaces():
        said = (SLOTS.find(interface.lines, "ip address") or "no ip address").split()
        address = "unassigned" if said[0] == "no" else said[2]
        down = SLOTS.find(interface.lines, "shutdown")
        status, protocol = ("administratively down", "down") if down else ("up", "up")
        lines.append(f"{interface.name:<26} {address:<15} YES NVRAM  {status:<21} {protocol}")
    return "\n".join([*lines, ""])


def ip_policy(device: Device) -> str:
    steered = [(interface.name, interface.route_map(4)) for interface in device.running.interfaces()]
    lines = [f"{name:<14} {route_map}" for name, route_map in steered if route_map]
    return "\n".join(["Interface      Route map", *lines, ""])


def filtered(text: str, kind: str, pattern: str) -> str:
    """What is left of an output behind `| include X` and its like.

    Raises:
        re.error: the pattern is not a regular expression.
    """
    wanted = re.compile(pattern)
    lines = text.splitlines()
    match kind:
        case "include":
            kept = [line for line in lines if wanted.search(line)]
        case "exclude":
            kept = [line for line in lines if not wanted.search(line)]
        case "begin":
            first = next((index for index, line in enumerate(lines) if wanted.search(line)), len(lines))
            kept = lines[first:]
        case _:
            kept = list(_sections(lines, wanted))
    return "\n".join([*kept, ""]) if kept else ""


def _sections(lines: list[str], wanted: re.Pattern[str]) -> Iterator[str]:
    """Each line that fits, and the deeper indented ones below it."""
    depth: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if depth is not None and indent <= depth:
            depth = None
        if depth is None and wanted.search(line):
            depth = indent
        if depth is not None:
            yield line
