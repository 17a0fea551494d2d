"""What may be wrong with a device, or with what a site file says of it: the kinds, and how one comes."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from netconfig.driver import DeviceDriver
from netconfig.drivers.cisco_ios import CiscoIos
from netconfig.drivers.cisco_nxos import CiscoNxos
from netconfig.drivers.dell_force10 import DellForce10
from netconfig.drivers.juniper_junos import JuniperJunos
from netconfig.drivers.linux_nft import LinuxNft
from netconfig.drivers.ofgw_agent import OfgwAgent
from netconfig.drivers.openvswitch import OpenVSwitch
from netconfig.errors import DeviceError, Unreachable
from netconfig.inventory import Device
from netconfig.simulator import SimulatorLoop
from netconfig.transport import cli, command, netconf, xmlrpc
from tests.contract.drivers.bench import OWNERSHIP, Rig, Trouble
from tests.contract.drivers.manners import Said


class Bad(Enum):
    """A kind of bad input."""

    CREDENTIALS = "wrong credentials"
    IDENTITY = "changed host key"
    GARBAGE = "answers garbage"
    LANGUAGE = "another language"
    LATIN_1 = "text in Latin-1"
    PAGES = "paged output"
    NOISE = "banner and login noise"
    NAME = "another name in the prompt"


Bring = Callable[[Rig, SimulatorLoop], AbstractContextManager[Device]]
"""Has it come about, for the device that a driver is made for inside of it."""


@dataclass(frozen=True)
class Borne:
    """All is as it is without it."""

    what: str
    bring: Bring


@dataclass(frozen=True)
class Told:
    """It is told in a named error; nothing is left half done.

    Attributes:
        words: of the error, as a regular expression; in any case it names the device.
        error: its kind.
        patience: the driver's, in seconds, where it is silence that tells.
        pushing: whether it is the push that fails, not the reading before it.
    """

    what: str
    bring: Bring
    words: str
    error: type[DeviceError] = Unreachable
    patience: float = 60.0
    pushing: bool = False


@dataclass(frozen=True)
class Never:
    """It cannot come about, and why."""

    why: str


Cell = Sequence[Borne | Told] | Never


def make_driver(device: Device, patience: float) -> DeviceDriver:
    """A driver that waits so long, in seconds, for a session and for an answer."""
    patiently = cli.Timeouts(open=patience, silence=patience, answer=2 * patience)
    make: Mapping[str, Callable[[], DeviceDriver]] = {
        "cisco_ios": lambda: CiscoIos(device, OWNERSHIP, timeouts=patiently),
        "cisco_nxos": lambda: CiscoNxos(device, OWNERSHIP, timeouts=patiently),
        "dell_force10": lambda: DellForce10(device, OWNERSHIP, timeouts=patiently),
        "juniper_junos": lambda: JuniperJunos(
            device, OWNERSHIP, timeouts=netconf.Timeouts(open=patience, answer=patience)
        ),
        "linux_nft": lambda: LinuxNft(
            device, OWNERSHIP, timeouts=command.Timeouts(open=patience, answer=patience)
        ),
        "ofgw_agent": lambda: OfgwAgent(
            device, OWNERSHIP, patience=xmlrpc.Patience(open=patience, answer=patience)
        ),
        "openvswitch": lambda: OpenVSwitch(device, OWNERSHIP, patience=patience),
    }
    return make[device.platform]()


def known_as(**changes: object) -> Bring:
    """The site file says something else of it."""

    @contextmanager
    def bring(rig: Rig, loop: SimulatorLoop) -> Iterator[Device]:
        yield rig.device.model_copy(update=changes)

    return bring


def behind(manners: Callable[..., AbstractContextManager[Device]], **options: Any) -> Bring:
    """A door with manners is before it."""
    return partial(manners, **options)


def after(prepare: Callable[[Rig], None], bring: Bring = known_as()) -> Bring:  # noqa: B008 - a constant
    """Something is done to the device first."""

    @contextmanager
    def prepared(rig: Rig, loop: SimulatorLoop) -> Iterator[Device]:
        prepare(rig)
        with bring(rig, loop) as device:
            yield device

    return prepared


def instead(old: bytes, new: bytes) -> Said:
    """It says other words; `old` is a regular expression."""
    return lambda said: re.sub(old, new, said)


@contextmanager
def renamed(rig: Rig, loop: SimulatorLoop) -> Iterator[Device]:
    """It has another name by now."""
    rig.rename("a-router-with-quite-a-long-name-7")
    yield rig.device


def refusing(rig: Rig) -> None:
    """It refuses the first line of a push."""
    rig.trouble(Trouble.REFUSE, number=1)


def refusing_to_tell(rig: Rig) -> None:
    """It refuses to be read."""
    rig.trouble(Trouble.REFUSE, number=1, reading=True)
