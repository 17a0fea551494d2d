"""What an operator can set: defaults, then a file, then the environment, then the command line.

The file is YAML (`settings.yaml` in the state directory unless another is named), the environment's names
are the same words in capitals after `PATHSERVICE_`. A key that is not known is refused wherever it stands:
a misspelt limit is no limit.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PREFIX = "PATHSERVICE_"
FILE_NAME = "settings.yaml"


class SettingsError(Exception):
    """A setting is unknown or makes no sense; the message names it and where it came from."""

    code = "bad-setting"


class Settings(BaseModel):
    """Everything that can be set. Paths are made absolute by `load_settings`; times are seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Annotated[Path, Field(description="Directory for the database, keys, logs; made if missing")]
    site: Annotated[Path | None, Field(description="Site file; the Fermilab example if not set")] = None
    database: Annotated[
        str | None, Field(description="Database URL; SQLite in the state directory if not set")
    ] = None
    bind: Annotated[str, Field(description="Address the service listens on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="TCP port; 0 takes a free one")] = 8443
    host_names: Annotated[
        tuple[str, ...], Field(description="Names clients reach it by, for the test PKI")
    ] = ()
    ca: Annotated[
        Path | None,
        Field(description="Authorities that clients are judged by: a PEM file or a directory; pki/ca.pem"),
    ] = None
    cert: Annotated[
        Path | None, Field(description="Server certificate with its chain; pki/server-cert.pem")
    ] = None
    key: Annotated[
        Path | None, Field(description="Its key, readable by its owner only; pki/server-key.pem")
    ] = None
    crl: Annotated[Path | None, Field(description="Revocation lists: a PEM file or a directory")] = None
    legacy_proxies: Annotated[
        bool, Field(description="Whether proxies of the kind before RFC 3820 (`CN=proxy`) are accepted")
    ] = False
    short_proxy_keys: Annotated[bool, Field(description="Whether proxies may have RSA keys of 1024 bits")] = (
        False
    )
    trusted_roots: Annotated[
        Path | None,
        Field(
            description="Directory of the authorities of experimenters and their slices; pki/trusted-roots"
        ),
    ] = None
    accept_sha1: Annotated[
        bool, Field(description="Whether experimenters' credentials may be signed with SHA-1")
    ] = True
    am_url: Annotated[
        str | None,
        Field(
            pattern=r"^https://[A-Za-z0-9._:\[\]-]{1,255}(/[A-Za-z0-9._/-]{0,255})?$",
            description="Where GetVersion says the aggregate manager is; as each client calls it if not set",
        ),
    ] = None
    worker: Annotated[bool, Field(description="Whether `serve` also changes devices")] = True
    dry_run: Annotated[bool, Field(description="Whether devices are only read, and pushes rehearsed")] = False
    visits: Annotated[int, Field(ge=1, le=128, description="Devices worked on at once")] = 8
    drift: Annotated[
        float, Field(gt=0, description="Seconds between looks at a device nothing changed on")
    ] = 300
    lease: Annotated[float, Field(ge=3, description="Seconds a device stays a silent worker's")] = 30
    ask_next_hops_every: Annotated[
        float, Field(ge=0, description="Seconds between questions whether next hops answer; 0 for never")
    ] = 5
    count_every: Annotated[
        float, Field(ge=0, description="Seconds between questions to a device what passes; 0 for never")
    ] = 30
    keep_changes: Annotated[
        float, Field(ge=1, description="Days that pushes to devices are kept word for word")
    ] = 90
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def database_url(self) -> str:
        """Where the database is."""
        return self.database or f"sqlite:///{self.state / 'pathservice.db'}"

    @property
    def site_file(self) -> Path:
        """The site file in force."""
        return self.site or EXAMPLE_SITE

    @property
    def pki(self) -> Path:
        """Directory of the test PKI."""
        return self.state / "pki"

    @property
    def drift_every(self) -> timedelta:
        """How often a device is read though nothing changed."""
        return timedelta(seconds=self.drift)

    @property
    def lease_life(self) -> timedelta:
        """How long a silent worker keeps a device."""
        return timedelta(seconds=self.lease)


EXAMPLE_SITE = Path(__file__).resolve().parent.parent / "examples" / "fermilab.yaml"


def load_settings(
    given: Mapping[str, Any], *, environment: Mapping[str, str], file: Path | None = None
) -> Settings:
    """The settings in force. `given` are the command line's, None standing for not given.

    Raises:
        SettingsError: an unknown key, a value that does not fit, or a file that cannot be read.
    """
    given = {key: value for key, value in given.items() if value is not None}
    from_environment = {
        key.removeprefix(PREFIX).lower(): value
        for key, value in environment.items()
        if key.startswith(PREFIX)
    }
    state = given.get("state") or from_environment.get("state")
    if file is None and state is not None and (Path(state) / FILE_NAME).exists():
        file = Path(state) / FILE_NAME
    from_file = _read(file) if file is not None else {}
    merged = {**from_file, **from_environment, **given}
    if isinstance(merged.get("host_names"), str):
        merged["host_names"] = merged["host_names"].split(",")
    if "state" not in merged:
        raise SettingsError(f"state: say where the service keeps its files: --state DIR or {PREFIX}STATE")
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(
            "; ".join(_told(problem, given, from_environment, file) for problem in error.errors())
        ) from None
    paths = {name: value.absolute() for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update=paths)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise SettingsError(f"{file}: settings are written as `key: value`")
    return content


def _told(problem: Any, given: Mapping[str, Any], environment: Mapping[str, str], file: Path | None) -> str:
    key = str(problem["loc"][0])
    if key in given:
        source = f"--{key.replace('_', '-')}"
    elif key in environment:
        source = PREFIX + key.upper()
    else:
        source = f"{file}: {key}"
    if problem["type"] == "extra_forbidden":
        return f"{source}: there is no such setting; there are {', '.join(Settings.model_fields)}"
    return f"{source}: {problem['msg']}"
