"""The site file: YAML in, a checked `Site` and its devices out, every problem with its line.

Read strictly: YAML 1.2's core words only (`on`, `no` and `10:30` are text), no tags, no anchors, no key
twice, bounded size and depth. Relative paths are taken from the file's own folder.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from lambdastation.site import Site
from lambdastation.site_checks import find_problems
from lambdastation.site_problems import Problem
from netconfig.inventory import Device
from netconfig.registry import driver_class, platforms
from pathservice.site_devices import find_rule_problems
from pathservice.site_islands import capabilities, find_gateway_problems, find_island_problems
from pathservice.yamltree import Tree, YamlProblem, read_tree
from tbam.aggregate import AggregateManager

LARGEST_BYTES = 1024 * 1024
LONGEST_ECHO = 200
"""Characters of what stood in the file that a problem repeats."""
MOST_TOLD = 100
"""Problems that are told one by one; whoever has more has one big one."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing that is wrong.

    Attributes:
        line: from 1; where the key, or the place it is missing from, stands.
        key: as in `clients[0].prefixes[1]`; empty for the file as a whole.
        message: what is wrong and what would be right.
    """

    line: int
    key: str
    message: str


class SiteFileError(Exception):
    """A site file that cannot be used; its text has a line for each problem, file and line first."""

    code = "site-file"

    def __init__(self, path: Path, problems: tuple[FileProblem, ...]) -> None:
        told = [_sentence(path, problem) for problem in problems[:MOST_TOLD]]
        if len(problems) > MOST_TOLD:
            told.append(f"{path}: and {len(problems) - MOST_TOLD} problems more")
        super().__init__("\n".join(told))
        self.path = path
        self.problems = problems


def _sentence(path: Path, problem: FileProblem) -> str:
    key = f" {problem.key}:" if problem.key else ""
    return f"{path}:{problem.line}:{key} {problem.message}"


@dataclass(frozen=True, slots=True)
class SiteText:
    """A site file as it was read, nothing judged.

    Attributes:
        origin: where it stood; relative paths in it are taken from that folder.
        called: what it goes by in a report of what is wrong: its path, or its version.
    """

    content: bytes
    origin: Path
    called: Path

    @property
    def sha256(self) -> str:
        """As `sha256sum` prints it."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A site, its islands if it has any, and the devices it works with, which go to no door."""

    site: Site
    devices: tuple[Device, ...]
    tbam: AggregateManager | None = None


class _Document(Site):
    """The whole file."""

    devices: Annotated[tuple[Device, ...], Field(description="Routers and switches the service changes")] = ()
    dry_run: Annotated[bool, Field(strict=True, description="The same as `dry_run` of every device")] = False
    tbam: Annotated[
        AggregateManager | None,
        Field(description="The islands that experimenters may book"),
    ] = None


def load_site_file(path: Path) -> SiteFile:
    """Read and check a site file.

    Raises:
        SiteFileError: it cannot be read, is no YAML, or something in it is wrong; all that was found is told.
    """
    return parse_site(read_site_text(path))


def read_site_text(path: Path) -> SiteText:
    """A site file's text.

    Raises:
        SiteFileError: it cannot be read, or is too large.
    """
    return SiteText(_bytes(path), path.absolute(), path)


def parse_site(text: SiteText, *, to_look: bool = False) -> SiteFile:
    """Check a site file's text. `to_look` asks for nothing of this machine: no driver, no other file.

    Raises:
        SiteFileError: it is no YAML, or something in it is wrong; all that was found is told.
    """
    called = text.called
    try:
        tree = read_tree(text.content)
    except YamlProblem as error:
        raise SiteFileError(called, (FileProblem(error.line, "", str(error)),)) from error
    try:
        document = _Document.model_validate(tree.value)
    except ValidationError as error:
        raise SiteFileError(called, _unlike_the_model(tree, error)) from error
    devices = tuple(_located(device, text.origin.parent) for device in document.devices)
    if document.dry_run:
        devices = only_read(devices)
    site = Site.model_construct(**{name: getattr(document, name) for name in Site.model_fields})
    found = [
        *find_problems(site, devices=[device.name for device in devices]),
        *_devices_twice(devices),
        *find_island_problems(document.tbam, [device.name for device in devices]),
        *(() if to_look else _devices_here(devices)),
        *(() if to_look else find_gateway_problems(document.tbam, capabilities(devices))),
        *(() if to_look else find_rule_problems(site.rules, capabilities(devices))),
    ]
    if found:
        raise SiteFileError(
            called, tuple(FileProblem(tree.line(p.path), _spelled(p.path), p.message) for p in found)
        )
    return SiteFile(site, devices, document.tbam)


def only_read(devices: Iterable[Device]) -> tuple[Device, ...]:
    """The same devices, all of them dry runs."""
    return tuple(device.model_copy(update={"dry_run": True}) for device in devices)


def site_schema() -> str:
    """JSON Schema of the whole file, the text of `schemas/site.schema.json`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_document_schema(),
        "title": "Site file",
        "description": "What one site has: paths, PBR clients, peers, rules, who may ask, and its devices.",
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        problem = FileProblem(1, "", f"cannot be read: {error.strerror}")
        raise SiteFileError(path, (problem,)) from error
    if len(content) > LARGEST_BYTES:
        raise SiteFileError(path, (FileProblem(1, "", f"is larger than {LARGEST_BYTES} bytes"),))
    return content


def _located(device: Device, folder: Path) -> Device:
    changes: dict[str, object] = {}
    if device.simulated is not None:
        changes["simulated"] = folder / device.simulated
    for name in ("password", "private_key"):
        reference = getattr(device, name)
        if reference is not None and reference.startswith("file:"):
            changes[name] = f"file:{folder / reference.removeprefix('file:')}"
    if device.tls is not None:
        files = {name: folder / path for name, path in device.tls}
        changes["tls"] = device.tls.model_copy(update=files)
    return device.model_copy(update=changes)


def _devices_twice(devices: tuple[Device, ...]) -> Iterator[Problem]:
    seen = set()
    for at, device in enumerate(devices):
        if device.name in seen:
            yield Problem(("devices", at, "name"), f"{device.name} is there already; a name is used once")
        seen.add(device.name)


def _devices_here(devices: tuple[Device, ...]) -> Iterator[Problem]:
    known = platforms()
    for at, device in enumerate(devices):
        if device.platform not in known:
            message = f"there is no driver for {_cut(device.platform)}; there is {', '.join(known)}"
            yield Problem(("devices", at, "platform"), message)
        elif device.way not in (ways := driver_class(device.platform).ways):
            possible = " or ".join(f"`{way}`" for way in sorted(ways))
            message = f"{device.platform} is reached by {possible}, not by `{device.way}`"
            yield Problem(("devices", at, "platform"), message)
        if device.simulated is not None and not _is_file(device.simulated):
            yield Problem(("devices", at, "simulated"), f"there is no file {_cut(str(device.simulated))}")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # Nobody may look there, or no name is that long.
        return False


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_ECHO else text[:LONGEST_ECHO] + "..."


def _unlike_the_model(tree: Tree, error: ValidationError) -> tuple[FileProblem, ...]:
    problems: dict[tuple[str, str], FileProblem] = {}
    for detail in error.errors(include_url=False, include_context=True):
        path = tree.known_part(detail["loc"])
        if detail["type"] == "missing":
            path = (*path, detail["loc"][-1])
        problem = FileProblem(tree.line(path), _spelled(path), _in_words(detail))
        problems.setdefault((problem.key, problem.message), problem)
    return tuple(sorted(problems.values(), key=lambda problem: problem.line))


def _in_words(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "extra_forbidden":
            known = sorted(_keys_at(detail["loc"][:-1]))
            return f"there is no such key here; known are {', '.join(known)}"
        case "missing":
            return "is missing"
        case "model_type" | "model_attributes_type":
            return "keys with values are expected here"
        case "tuple_type":
            return "a list is expected here"
        case "value_error":
            return detail["msg"].removeprefix("Value error, ")
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]


def _keys_at(path: tuple[str | int, ...]) -> frozenset[str]:
    """Which keys the schema has at a place."""
    schema = _document_schema()
    node: Mapping[str, Any] = schema
    for step in path:
        node = node.get("items", {}) if isinstance(step, int) else node.get("properties", {}).get(step, node)
        node = _resolved(node, schema)
    return frozenset(node.get("properties", {}))


@cache
def _document_schema() -> dict[str, Any]:
    return _Document.model_json_schema()


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for choice in node.get("anyOf", ()):
        if "$ref" in choice:
            node = choice
    reference = node.get("$ref")
    return schema["$defs"][reference.rsplit("/", 1)[-1]] if reference else node


def _spelled(path: tuple[str | int, ...]) -> str:
    spelled = "".join(f"[{step}]" if isinstance(step, int) else f".{_cut(step)}" for step in path)
    return spelled.removeprefix(".")
