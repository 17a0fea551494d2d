"""`pathservice site`: the site file."""

from pathlib import Path
from typing import Annotated

import typer

from lambdastation import site_map
from netconfig.registry import driver_class
from pathservice.assembly import SetupError
from pathservice.cli import site_changes
from pathservice.cli.explain import explain
from pathservice.cli.screen import console, show_table
from pathservice.settings import EXAMPLE_SITE
from pathservice.sitefile import load_site_file


def group() -> typer.Typer:
    """The commands of `pathservice site`."""
    commands = typer.Typer(help="The site file.", no_args_is_help=True)
    commands.callback()(lambda: None)
    commands.command()(check)
    commands.command()(explain)
    commands.command()(export_map)
    commands.command()(site_changes.diff)
    commands.command()(site_changes.apply)
    commands.command()(site_changes.versions)
    commands.command()(site_changes.show)
    return commands


def check(
    file: Annotated[Path, typer.Argument(help="The site file.")] = EXAMPLE_SITE,
) -> None:
    """Read a site file as the service would, and say what is wrong with it, line by line."""
    found = load_site_file(file)
    for device in found.devices:
        driver_class(device.platform)
    site = found.site
    console().print(f"[bold]{site.name}[/] ({site.station}): {file} is as it should be\n")
    show_table(
        ("topology", "path", "capacity", ""),
        [
            (
                topology.name,
                topology.path,
                f"{topology.capacity / 1e9:g} Gbit/s",
                "production" if topology.production else "",
            )
            for topology in site.topologies
        ],
        empty="no topologies",
    )
    console().print()
    show_table(
        ("device", "platform", "reached at", ""),
        [
            (
                device.name,
                device.platform,
                device.where,
                "dry run" if device.dry_run else "",
            )
            for device in found.devices
        ],
        empty="no devices",
    )


def export_map(
    file: Annotated[Path, typer.Argument(help="The site file.")] = EXAMPLE_SITE,
) -> None:
    """Print the site map that dCache's SRM reads: whose hosts are at which site, from the `domains`."""
    site = load_site_file(file).site
    if not site.domains:
        raise SetupError(
            f"{file}: without `domains` of the site itself, dCache would ask for no ticket; "
            "write what its hosts' names contain, as in domains: [fnal]"
        )
    print(site_map.export_map(site), end="")  # noqa: T201 - exactly this, nothing wrapped or coloured
