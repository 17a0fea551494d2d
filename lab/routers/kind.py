"""What a kind of border router is, and what it is made from."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lab.network import Host
from lab.sites import Side


@dataclass(frozen=True, slots=True)
class Place:
    """Where a router is to be.

    Attributes:
        network: where its packets are; its devices are `sites.DEVICES`.
        folder: its own, for what it keeps; it survives the router, not the lab.
    """

    side: Side
    network: Host
    folder: Path


@dataclass(frozen=True, slots=True)
class Login:
    """Who the service is to a router: a password or a private key, in a file that only its owner can read."""

    username: str
    password: Path | None = None
    private_key: Path | None = None

    def references(self) -> dict[str, str]:
        """As site files have it."""
        files = {"password": self.password, "private_key": self.private_key}
        return {"username": self.username} | {
            name: f"file:{file}" for name, file in files.items() if file is not None
        }


class Running(Protocol):
    """A router that answers, while its block lasts."""

    @property
    def host(self) -> str:
        """The address of its management, outside of its network."""

    @property
    def port(self) -> int:
        """The port of its management."""

    @property
    def login(self) -> Login:
        """Who the service is to it."""

    @property
    def host_key(self) -> str:
        """Type and base64, as site files have it."""

    def refresh(self) -> None:
        """Look whether its packets go as it is configured; called now and then."""

    def reboot(self) -> None:
        """Lose power, and come back with what it has kept."""


class Kind(Protocol):
    """How a platform's router is made."""

    @property
    def platform(self) -> str:
        """As site files name it."""

    @property
    def interfaces(self) -> Mapping[str, str]:
        """Its name of each of the devices."""

    @property
    def families(self) -> tuple[int, ...]:
        """Of packets that it can steer: 4, 6."""

    def start(self, place: Place) -> AbstractContextManager[Running]:
        """A router that runs while the `with` block lasts.

        Raises:
            LabError: it does not start.
        """
