"""The devices of a site: where they are, how to log in, and by which key they are known.

Secrets are references, read when a session is opened and never kept: `env:NAME` or `file:PATH`, the
file readable by its owner only.
"""

import os
import re
import stat
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from netconfig.controllers import ControllerPolicy
from netconfig.errors import BadCredential
from netconfig.hostkey import read_host_key

DEVICE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
BRIDGE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$"
_LOGIN = ("host", "username", "password", "private_key", "host_key", "tls", "ovsdb", "bridge")
_REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)")


def _is_reference(reference: str) -> str:
    if not _REFERENCE.fullmatch(reference):
        # The value is not repeated: it may be the secret itself.
        raise ValueError("a secret is given as env:NAME or file:PATH, never as itself")
    return reference


def _is_host_key(key: str) -> str:
    read_host_key(key)
    return key


SecretReference = Annotated[str, AfterValidator(_is_reference)]
HostKey = Annotated[str, AfterValidator(_is_host_key)]
Notice = Annotated[str, Field(pattern=r"^[^\s%^].{7,}$")]
"""How a line begins, by eight characters at least; none with a percent sign, which may be a refusal."""


def resolve_secret(reference: str, *, field: str) -> str:
    """The secret behind a reference, without a final line end.

    Raises:
        BadCredential: the variable is not set, the file cannot be read or others may read it.
    """
    scheme, _, where = reference.partition(":")
    if scheme == "env":
        secret = os.environ.get(where)
        if not secret:
            raise BadCredential(f"{field}: environment variable {where} is not set")
        return secret
    path = Path(where)
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BadCredential(f"{field}: {where} can be read by others than its owner; chmod 600 it")
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadCredential(f"{field}: {where} cannot be read: {error}") from error


class Way(StrEnum):
    """How a device is reached; its keys say which, and a driver says which ones it can go."""

    SSH = "ssh"
    TLS = "tls"
    OVSDB = "ovsdb"
    SIMULATED = "simulated"


_NEEDED = {
    Way.SSH: ("host", "username", "password", "host_key"),
    Way.TLS: ("host", "tls"),
    Way.OVSDB: ("ovsdb", "bridge"),
    Way.SIMULATED: ("simulated",),
}


class TlsFiles(BaseModel):
    """With what we are known to a device over TLS, and it to us; relative paths are of the site file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca: Annotated[Path, Field(description="Authority of its certificate, a PEM file; no other is trusted")]
    cert: Annotated[Path, Field(description="Our certificate for it, a PEM file")]
    key: Annotated[Path, Field(description="Our key for it, a PEM file readable by its owner only")]


class Device(BaseModel):
    """One router, switch or gateway, as the site file names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[
        str, Field(pattern=DEVICE_NAME, description="Name of the device in this file and in every report")
    ]
    platform: Annotated[str, Field(description="Which driver speaks to it, vendor_os: cisco_ios")]
    host: Annotated[str | None, Field(description="Name or address of its management interface")] = None
    port: Annotated[
        int | None,
        Field(ge=1, le=65535, description="TCP port of its management protocol; the usual one if not set"),
    ] = None
    username: Annotated[str | None, Field(description="Who we are to it")] = None
    password: Annotated[SecretReference | None, Field(description="env:NAME or file:PATH")] = None
    private_key: Annotated[
        SecretReference | None,
        Field(description="An SSH private key instead of a password, for a linux_nft: env:NAME or file:PATH"),
    ] = None
    host_key: Annotated[HostKey | None, Field(description="Its SSH host key; no other is accepted")] = None
    tls: Annotated[TlsFiles | None, Field(description="With what it is reached over TLS instead of SSH")] = (
        None
    )
    ovsdb: Annotated[
        str | None,
        Field(description="Where its Open vSwitch database is: unix:PATH; OpenFlow is spoken beside it"),
    ] = None
    bridge: Annotated[
        str | None, Field(pattern=BRIDGE, description="The Open vSwitch bridge that is configured")
    ] = None
    controllers: Annotated[
        ControllerPolicy,
        Field(description="Where the controllers of slices may be that an openvswitch is led by"),
    ] = ControllerPolicy()
    simulated: Annotated[
        Path | None,
        Field(
            description="Initial configuration of a simulated device to start instead, relative to this file"
        ),
    ] = None
    save: Annotated[bool, Field(description="Whether a push is written to the startup configuration")] = True
    notices: Annotated[
        tuple[Notice, ...],
        Field(
            description="How lines begin that its command line says of a line it takes, and that mean no harm"
        ),
    ] = ()
    dry_run: Annotated[
        bool, Field(strict=True, description="True for a device that is only read: pushes are rehearsed")
    ] = False

    @model_validator(mode="after")
    def _one_way(self) -> "Device":
        needed = [name for name in _NEEDED[self.way] if name != "password" or self.private_key is None]
        missing = [name for name in needed if getattr(self, name) is None]
        if self.password is not None and self.private_key is not None:
            raise ValueError("a device has a password or a private_key, not both")
        if missing and self.way is Way.SSH:
            raise ValueError(f"a device needs {', '.join(missing)}, or `tls`, or `ovsdb`, or `simulated`")
        if missing:
            raise ValueError(f"a device with `{self.way}` needs {', '.join(missing)}")
        others = {name for way in _NEEDED.values() for name in way} - set(_NEEDED[self.way]) | {"port"}
        others |= set() if self.way is Way.SSH else {"private_key"}
        if self.way in {Way.SSH, Way.TLS}:
            others.discard("port")
        given = [name for name in (*_LOGIN, "port") if name in others and getattr(self, name) is not None]
        if given and self.way is Way.SIMULATED:
            raise ValueError(f"a simulated device has no {' or '.join(given)} of its own")
        if given:
            raise ValueError(f"a device with `{self.way}` has no {' or '.join(given)}")
        return self

    @property
    def way(self) -> Way:
        """How it is reached."""
        if self.simulated is not None:
            return Way.SIMULATED
        if self.tls is not None:
            return Way.TLS
        return Way.SSH if self.ovsdb is None else Way.OVSDB

    @property
    def where(self) -> str:
        """Where it is reached, in words."""
        match self.way:
            case Way.SIMULATED:
                return f"simulated from {self.simulated.name}" if self.simulated else ""
            case Way.OVSDB:
                return f"{self.bridge} at {self.ovsdb}"
            case _:
                return str(self.host) if self.port is None else f"{self.host}:{self.port}"

    def secret(self) -> str:
        """The password, read now.

        Raises:
            BadCredential: see `resolve_secret`.
        """
        if self.password is None:
            raise BadCredential(f"device {self.name}: no password reference")
        return resolve_secret(self.password, field=f"device {self.name}: password")

    def key_text(self) -> str:
        """The private key, read now.

        Raises:
            BadCredential: see `resolve_secret`.
        """
        if self.private_key is None:
            raise BadCredential(f"device {self.name}: no private_key reference")
        return f"{resolve_secret(self.private_key, field=f'device {self.name}: private_key')}\n"
