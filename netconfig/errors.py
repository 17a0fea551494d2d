"""What can go wrong with a device, told by what may be done next.

NetconfigError
├── UnknownPlatform       no driver is registered under that name: mend the site file
├── BadCredential         a reference to a secret or a host key leads nowhere: mend the site file
└── DeviceError           about one device; nothing else is affected
    ├── Unreachable       no session, or it broke: nothing is known to have failed; try again later
    ├── Rejected          the device refused an added line: it will again; whose line it was is told
    ├── StateUnknown      a removal was refused, or the device cannot be read: keep everything claimed; read
    │                       again first
    ├── Unreadable        what a stranger left cannot be read back exactly: nothing is done with it
    ├── Waiting           what of the site's placed parts stand on is away: nothing failed; look again soon
    └── NotConverged      pushed and accepted three times, yet it reads back otherwise: for some parts only
"""

from typing import ClassVar


class NetconfigError(Exception):
    """Root of the tree. `code` is stable and safe to show."""

    code: ClassVar[str] = "netconfig"


class UnknownPlatform(NetconfigError):
    """No driver is registered for this platform."""

    code = "unknown-platform"


class BadCredential(NetconfigError):
    """A secret or a host key cannot be had from where the site file says it is."""

    code = "bad-credential"


class DeviceError(NetconfigError):
    """Something about one device.

    Attributes:
        device: its name in the site file.
        words: what happened, in a sentence, secrets masked.
        transcript: what was said up to then, if it happened in a push, secrets masked.
    """

    code = "device"

    def __init__(self, device: str, words: str) -> None:
        super().__init__(f"{device}: {words}")
        self.device = device
        self.words = words
        self.transcript = ""


class Unreachable(DeviceError):
    """No session with the device, or it ended before its time."""

    code = "device-unreachable"


class Rejected(DeviceError):
    """The device refused a line that adds something.

    Attributes:
        line: the line as sent.
        parts: ids of the parts that need this line; empty when the refusal has no owner.
    """

    code = "device-rejected"

    def __init__(self, device: str, words: str, *, line: str, parts: frozenset[int]) -> None:
        super().__init__(device, f"{words} (at {line.strip()!r})")
        self.line = line
        self.parts = parts


class StateUnknown(DeviceError):
    """What the device carries cannot be told: a removal was refused, or its answer makes no sense."""

    code = "device-state-unknown"


class Unreadable(DeviceError):
    """Objects that are named as ours are not exactly as we write them, so what they steer cannot be told."""

    code = "device-unreadable"


class Waiting(DeviceError):
    """Nothing failed, and nothing can be sent: something of the site's is away or overruled."""

    code = "device-waiting"


class NotConverged(DeviceError):
    """The device took every line, again and again, and still reads back otherwise."""

    code = "device-not-converged"
