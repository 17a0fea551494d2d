"""From a platform's name to its driver, through the entry points of group `netconfig.drivers`."""

from importlib.metadata import entry_points
from typing import cast

from netconfig.driver import DeviceDriver
from netconfig.errors import UnknownPlatform

GROUP = "netconfig.drivers"


def platforms() -> tuple[str, ...]:
    """Names of all registered platforms, sorted."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def driver_class(platform: str) -> type[DeviceDriver]:
    """The driver registered for a platform.

    Raises:
        UnknownPlatform: none is; the message lists those there are.
    """
    found = list(entry_points(group=GROUP, name=platform))
    if not found:
        raise UnknownPlatform(f"no driver for platform {platform!r}; known: {', '.join(platforms())}")
    return cast("type[DeviceDriver]", found[0].load())
