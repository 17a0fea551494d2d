"""`pathservice lab`: two sites in network namespaces of their own, to try everything on."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lab.lab import SITE_FILE
from lab.named import NamedLab, all_labs, default_folder
from lab.routers import KINDS
from lab.sites import EAST, WEST
from pathservice.cli import options
from pathservice.cli.screen import console, show_json, show_table
from pathservice.pki import init_pki

Name = Annotated[str, typer.Argument(help="The lab's name.")]
PathEnd = Annotated[str, typer.Argument(metavar="PATH", help="A path's colour, as `status` has it.")]
SiteEnd = Annotated[str, typer.Argument(metavar="SITE", help="Whose end of it: west's or east's.")]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder", help="Where labs are.", show_default="pathservice-labs in $XDG_RUNTIME_DIR, else in /run"
    ),
]
Routers = Annotated[
    list[str],
    typer.Option(
        "--router",
        help=f"Kind of the border routers; twice: west's, then east's. Of {', '.join(sorted(KINDS))}.",
    ),
]


def group() -> typer.Typer:
    """The commands of `pathservice lab`."""
    commands = typer.Typer(help="Two sites in namespaces of their own; root.", no_args_is_help=True)
    commands.command()(up)
    commands.command()(down)
    commands.command()(status)
    commands.command()(silence)
    commands.command()(wake)
    # What follows the host's name is the command's, options and all.
    commands.command("run", context_settings={"ignore_unknown_options": True})(enter)
    return commands


def up(name: Name = "lab", router: Routers = ["cisco_ios"], folder: Folder = None) -> None:  # noqa: B006
    """Make two sites with hosts, border routers and three paths between them, and a site file for them."""
    if len(router) > 2:
        raise typer.BadParameter("there are two routers: --router once for both, or twice")
    lab = _lab(name, folder)
    lab.up({WEST.name: router[0], EAST.name: router[-1]})
    _prepare_service(lab)
    _show(lab)


def down(name: Name = "lab", folder: Folder = None) -> None:
    """End a lab and all that runs in it; nothing is left."""
    _lab(name, folder).down()


def status(
    name: Annotated[str | None, typer.Argument(help="The lab's name; absent: every lab.")] = None,
    folder: Folder = None,
    as_json: options.Json = False,
) -> None:
    """Hosts, addresses, routers, ports and paths of a lab; or which labs there are."""
    if name is not None:
        lab = _lab(name, folder)
        if as_json:
            show_json(_told(lab))
        else:
            _show(lab)
        return
    labs = all_labs(folder or default_folder(os.environ))
    if as_json:
        show_json([_told(lab) for lab in labs])
        return
    rows = [(lab.name, "up" if lab.facts() else "left over", str(lab.folder)) for lab in labs]
    show_table(("lab", "state", "folder"), rows, empty="no labs")


def silence(name: Name, path: PathEnd, site: SiteEnd, folder: Folder = None) -> None:
    """Have one end of a path answer nobody and pass nothing on, as if it had died."""
    _lab(name, folder).silence(path, site)


def wake(name: Name, path: PathEnd, site: SiteEnd, folder: Folder = None) -> None:
    """Have an end of a path that was silenced answer again."""
    _lab(name, folder).wake(path, site)


def enter(
    name: Name,
    host: Annotated[str, typer.Argument(help="A host or a router of it, as `status` names them.")],
    command: Annotated[list[str], typer.Argument(help="What to run there, with its arguments.")],
    folder: Folder = None,
) -> None:
    """Run a command on a host or a router of a lab. It ends with the lab at the latest."""
    words, environment = _lab(name, folder).enter(host, command)
    os.execvpe(words[0], words, environment)  # noqa: S606 - root runs what root names


def _lab(name: str, folder: Path | None) -> NamedLab:
    return NamedLab((folder or default_folder(os.environ)).absolute(), name)


def _prepare_service(lab: NamedLab) -> None:
    """A state directory for `serve`: test certificates, and the lab's site file."""
    state = _state(lab)
    state.mkdir(mode=0o700)
    (state / "settings.yaml").write_text(f"site: {lab.folder / SITE_FILE}\n", encoding="utf-8")
    init_pki(state / "pki", host_names=(), now=datetime.now(UTC))


def _state(lab: NamedLab) -> Path:
    return lab.folder / "state"


def _told(lab: NamedLab) -> dict[str, Any]:
    facts = lab.facts()
    return {
        "name": lab.name,
        "folder": lab.folder,
        "up": facts is not None,
        "state": _state(lab),
        **(facts or {}),
    }


def _show(lab: NamedLab) -> None:
    facts = lab.facts()
    if facts is None:
        console().print(
            f"lab {lab.name} is not up; `pathservice lab down {lab.name}` takes away what is left"
        )
        return
    hosts = [(one["name"], one["site"], one["ipv4"], one["ipv6"]) for one in facts["hosts"]]
    show_table(("host", "site", "IPv4", "IPv6"), hosts, empty="no hosts")
    console().print()
    routers = [
        (one["name"], one["site"], one["platform"], f"{one['host']}:{one['port']}")
        for one in facts["routers"]
    ]
    show_table(("router", "site", "platform", "management"), routers, empty="no routers")
    console().print()
    show_table(("path", "", "", "MTU", "Mbit/s", "west", "east"), _paths(facts), empty="no paths")
    console().print(f"\nsite file: {facts['site_file']}", markup=False)
    console().print(f"service:   pathservice serve --state {_state(lab)}", markup=False)


def _paths(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            one["colour"],
            one["name"],
            "production" if one["production"] else "alternate",
            str(one["mtu"]),
            str(one["megabits"]),
            one["west"],
            one["east"],
        )
        for one in facts["paths"]
    ]
