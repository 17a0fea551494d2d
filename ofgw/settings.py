"""What an operator of a gateway can set: a YAML file, then the environment.

The environment's names are the same words in capitals after `TBAM_AGENT_`; the names that the first TBAM had
for the same things are understood as well. A key that is not known is refused wherever it stands.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from cryptography import x509
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from netconfig.controllers import ControllerPolicy
from netconfig.gateway import ControllerProxy
from netconfig.vlanflows import SwitchPorts
from ofgw.errors import BadSettings

PREFIX = "TBAM_AGENT_"
FORMER_NAMES = {
    "OFGW_ADDRESS": "address",
    "OFGW_PORT": "port",
    "CLIENT_CERT_PATH": None,
    "CLIENT_KEY_PATH": None,
    "CONN_WITH_AGENT": "with_devices",
}
"""Names of the first TBAM, and ours; None where only a manager has such a thing."""


def _is_subject(text: str) -> str:
    try:
        name = x509.Name.from_rfc4514_string(text)
    except ValueError as error:
        raise ValueError(f"no subject as in RFC 4514, CN=manager,O=Example: {error}") from None
    if not list(name):
        raise ValueError("a subject is empty")
    return text


def _is_endpoint(text: str) -> str:
    ControllerProxy.parse(text)
    return text


Subject = Annotated[str, AfterValidator(_is_subject)]
EndpointText = Annotated[str, AfterValidator(_is_endpoint)]


class BridgeSettings(BaseModel):
    """The Open vSwitch between facility and island."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$", description="The bridge")] = (
        "switch"
    )
    socket: Annotated[
        Path | None,
        Field(description="Where it is spoken OpenFlow to; /var/run/openvswitch/NAME.mgmt if not set"),
    ] = None
    alien: Annotated[int, Field(ge=1, le=65279, description="OpenFlow port towards the island")] = 2
    ofelia: Annotated[int, Field(ge=1, le=65279, description="OpenFlow port towards the facility")] = 3

    @model_validator(mode="after")
    def _two_sides(self) -> "BridgeSettings":
        SwitchPorts(alien=self.alien, ofelia=self.ofelia)
        return self

    @property
    def path(self) -> Path:
        """Where the socket is."""
        return self.socket or Path("/var/run/openvswitch") / f"{self.name}.mgmt"


class Settings(BaseModel):
    """Everything that can be set. Paths are made absolute, from the folder of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Annotated[Path, Field(description="Directory for what is wanted; made if missing")] = Path(
        "/var/lib/tbam-agent"
    )
    address: Annotated[str, Field(description="Where managers call")] = "0.0.0.0"  # noqa: S104 - TLS guards it
    port: Annotated[int, Field(ge=0, le=65535, description="TCP port for that; 0 takes a free one")] = 8234
    ca: Annotated[Path, Field(description="Authorities of the managers' certificates, a PEM file")]
    cert: Annotated[Path, Field(description="The agent's certificate with its chain")]
    key: Annotated[Path, Field(description="Its key")]
    managers: Annotated[
        tuple[Subject, ...], Field(description="Subjects of those who may call, as in RFC 4514")
    ] = ()
    switches: Annotated[
        tuple[EndpointText, ...], Field(min_length=1, description="Where OpenFlow switches connect")
    ] = ("0.0.0.0:6633",)
    default_controller: Annotated[
        EndpointText | None,
        Field(description="Their controller while no slice runs; they are refused then if there is none"),
    ] = None
    controllers: Annotated[
        ControllerPolicy,
        Field(description="Where a slice's controller may be; anywhere but on the gateway if not set"),
    ] = ControllerPolicy()
    bridge: Annotated[
        BridgeSettings | None, Field(description="The VLAN map's bridge; none: no VLANs are mapped")
    ] = None
    access: Annotated[
        Path | None, Field(description="The access.conf to let users in by; none: nobody is let in")
    ] = None
    discovery_port: Annotated[
        int | None,
        Field(
            ge=1,
            le=65535,
            description="TCP port on the loopback for a discovery of links, the default controller then",
        ),
    ] = None
    topology: Annotated[
        Path | None, Field(description="JSON file of fixed switches and links, told instead of what is seen")
    ] = None
    with_devices: Annotated[
        bool, Field(description="False: nothing is touched; what is wanted is remembered, switches are fixed")
    ] = True
    look_every: Annotated[
        float, Field(gt=0, le=3600, description="Seconds between looks at what is there")
    ] = 5
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _one_default(self) -> "Settings":
        if self.discovery_port is not None and self.default_controller is not None:
            raise ValueError("discovery_port: the discovery is the default controller; set no other")
        return self

    @property
    def subjects(self) -> frozenset[x509.Name]:
        """Of those who may call."""
        return frozenset(x509.Name.from_rfc4514_string(text) for text in self.managers)


def load_settings(file: Path | None, *, environment: Mapping[str, str]) -> Settings:
    """The settings in force.

    Raises:
        BadSettings: an unknown key, a value that does not fit, or a file that cannot be read.
    """
    from_file = {} if file is None else _read(file)
    sources = {key: f"{file}: {key}" for key in from_file}
    merged: dict[str, Any] = _renamed(from_file)
    for name, value in environment.items():
        if name in FORMER_NAMES:
            key = FORMER_NAMES[name]
        elif name.startswith(PREFIX):
            key = name.removeprefix(PREFIX).lower()
        else:
            continue
        if key is not None:
            merged[key] = _listed(key, value)
            sources[key] = name
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise BadSettings("; ".join(_told(problem, sources, file) for problem in error.errors())) from None
    folder = file.absolute().parent if file else Path.cwd()
    paths = {name: folder / value for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update=paths)


def _renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    ours = {FORMER_NAMES.get(key, key): value for key, value in given.items()}
    return {key: value for key, value in ours.items() if key is not None}


def _listed(key: str, value: str) -> object:
    """Subjects have commas: in a list of them they are told apart by semicolons."""
    if key in {"managers", "switches"}:
        return tuple(word.strip() for word in value.split(";") if word.strip())
    return value


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadSettings(f"{file}: cannot be read: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise BadSettings(f"{file}: settings are written as `key: value`")
    return content


def _told(problem: Any, sources: Mapping[str, str], file: Path | None) -> str:
    path = ".".join(str(step) for step in problem["loc"]) or "the whole"
    first = str(next(iter(problem["loc"]), ""))
    source = sources.get(first) or (f"{file}: {path}" if file else path)
    if problem["type"] == "extra_forbidden":
        return f"{source}: there is no such setting; there are {', '.join(Settings.model_fields)}"
    if problem["type"] == "missing":
        return f"{source}: is missing"
    return f"{source}: {problem['msg'].removeprefix('Value error, ')}"
