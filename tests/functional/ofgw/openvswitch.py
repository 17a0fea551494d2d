"""The lab's Open vSwitch, in the network that all tests share: so names of its devices are made unique."""

import itertools
import os

from lab.openvswitch import OpenVSwitch
from lab.processes import ENDS_WITH_US, PATIENCE

__all__ = ["ENDS_WITH_US", "PATIENCE", "OpenVSwitch", "unique"]

_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    """A name for a device of the kernel that no other test of this machine has: 15 characters at most."""
    name = f"{prefix}{os.getpid()}x{next(_numbers)}"
    assert len(name) <= 15, name
    return name
