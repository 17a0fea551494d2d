"""`pathservice db`: the database's schema."""

import typer

from pathservice import schema
from pathservice.cli import options
from pathservice.cli.screen import console
from store import open_store


def group() -> typer.Typer:
    """The commands of `pathservice db`."""
    commands = typer.Typer(help="The database's schema.", no_args_is_help=True)
    commands.command()(upgrade)
    commands.command()(check)
    return commands


def upgrade(state: options.State = None, database: options.Database = None) -> None:
    """Bring the database to this release's revision; stop every serve and worker first."""
    settings = options.settings(state=state, database=database)
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(settings.database_url, patient=True)
    try:
        before, after = schema.upgrade(store)
    finally:
        store.close()
    if before == after:
        console().print(f"{store.url} is at revision {after} already")
    else:
        console().print(f"{store.url}: from revision {before or 'none'} to {after}")


def check(state: options.State = None, database: options.Database = None) -> None:
    """Say whether the database is at this release's revision and its tables are as the code has them."""
    store = open_store(options.settings(state=state, database=database).database_url)
    try:
        schema.require_head(store)
        found = schema.differences(store)
    finally:
        store.close()
    for difference in found:
        console().print(f"differs: {difference}", markup=False)
    if found:
        raise typer.Exit(1)
    console().print(f"{store.url} is at revision {schema.head()}, and its tables agree with the code")
