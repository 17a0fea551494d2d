"""What `show` prints on NX-OS.

Printed forms follow a Nexus 9000: a header of `!` lines with the command in it, `[match=N]` behind the
entries of a list that counts.
"""

from collections.abc import Iterator

from netconfig.simulator.ios_forwarding import Hit
from netconfig.simulator.ios_interface import Interface
from netconfig.simulator.ios_route_map import RouteMap
from netconfig.simulator.ios_show import Device
from netconfig.simulator.nxos_acl import COUNTING, NxosAccessList

_FORM = "%a %b %e %H:%M:%S %Y"


def running_config(device: Device) -> str:
    done = f"!Running configuration last done at: {device.changed.at:{_FORM}}\n" if device.changed else ""
    return f"{_header(device, 'running-config', done)}{device.running_text}\n"


def startup_config(device: Device) -> str:
    done = f"!Startup config saved at: {device.saved.at:{_FORM}}\n" if device.saved else ""
    return f"{_header(device, 'startup-config', done)}{device.startup_text}\n"


def running_interface(device: Device, interface: Interface) -> str:
    lines = [line.replace(" ", "  ", 1) if line.startswith(" ") else line for line in interface.render()]
    command = f"running-config interface {interface.name}"
    return "\n".join([f"{_header(device, command, '')}version 9.3(8) Bios:version", "", *lines, "", ""])


def _header(device: Device, command: str, done: str) -> str:
    return f"\n!Command: show {command}\n{done}!Time: {device.now:{_FORM}}\n\n"


def version(device: Device) -> str:
    minutes = int((device.now - device.booted_at).total_seconds()) // 60
    return (
        "Cisco Nexus Operating System (NX-OS) Software\n"
        "This is a simulator of pathservice; no packet passes through it.\n\n"
        "Software\n  NXOS: version 9.3(8)\n\n"
        f"  Device name: {device.running.hostname}\n\n"
        f"Kernel uptime is 0 day(s), {minutes // 60} hour(s), {minutes % 60} minute(s), 0 second(s)\n"
    )


def access_list(device: Device, access_list: NxosAccessList) -> str:
    title = "IP access list" if access_list.family == 4 else "IPv6 access list"
    return "\n".join(["", f"{title} {access_list.name}", *_lines(device, access_list), ""])


def _lines(device: Device, access_list: NxosAccessList) -> Iterator[str]:
    if access_list.counts:
        yield f"        {COUNTING} "
    for entry, text in access_list.texts():
        count = device.hits.get(Hit(access_list.family, access_list.name, entry), 0) if entry else 0
        yield f"        {text} [match={count}] " if entry and access_list.counts else f"        {text} "


def route_map(route_map: RouteMap) -> str:
    lines: list[str] = []
    for entry in route_map.entries:
        lines.append(f"route-map {route_map.name}, {entry.action}, sequence {entry.sequence} ")
        lines.append("  Match clauses:")
        lines += [f"    ip address (access-lists): {name} " for name in entry.access_lists(4)]
        lines += [f"    ipv6 address (access-lists): {name} " for name in entry.access_lists(6)]
        lines.append("  Set clauses:")
        lines += [f"    ip next-hop {' '.join(hops)} " for hops in [entry.next_hops(4)] if hops]
        lines += [f"    ipv6 next-hop {' '.join(hops)} " for hops in [entry.next_hops(6)] if hops]
    return "\n".join([*lines, ""])
