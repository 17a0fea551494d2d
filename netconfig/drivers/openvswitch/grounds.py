"""What of the site's a part stands on, and what may be wrong with it."""

from netconfig.carried import GatewayPart
from netconfig.drivers.openvswitch.bridge import Bridge, controller_of, is_ours
from netconfig.drivers.openvswitch.names import Names
from netconfig.drivers.openvswitch.render import entries_of, ports_of
from netconfig.gateway import ControllerProxy


def hindrance(part: GatewayPart, bridge: Bridge, names: Names) -> str:
    """Why a part cannot be served on this bridge now; empty if it can."""
    if bridge.fail_mode != "secure":
        mode = bridge.fail_mode or "not set"
        return f"fail_mode is {mode}; only `secure` forwards nothing but what flows and controllers say"
    if isinstance(part.intent, ControllerProxy):
        return _led_by_stranger(bridge, names)
    ports = ports_of(part)
    missing = sorted({ports.alien, ports.ofelia} - bridge.ports)
    if missing:
        return f"the bridge has no port {missing[0]}"
    return _overlaid(part, bridge, names)


def _led_by_stranger(bridge: Bridge, names: Names) -> str:
    for controller in filter(None, map(controller_of, bridge.controllers)):
        label = controller.label
        if not is_ours(label, names):
            return f"{controller.target} leads it for reservation {label.reservation} of {label.database}"
    return ""


def _overlaid(part: GatewayPart, bridge: Bridge, names: Names) -> str:
    wanted = {entry.place for entry in entries_of(part, names)}
    for entry in bridge.entries:
        if entry.place in wanted and names.reservation_of(entry.cookie) is None:
            return f"an entry that is not ours stands where one of its flows must: {entry}"
    return ""
