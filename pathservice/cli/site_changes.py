"""`pathservice site diff | apply | versions | show`: the version of the site in force, and the next one."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from activation.clock import SystemClock
from lambdastation.audit import LOCAL, AuditOutcome, AuditRecord, new_request_id
from pathservice import schema
from pathservice.cli import options
from pathservice.cli.screen import console, plain, show_json, show_table, show_time
from pathservice.logs import AUDIT_FILE, AuditTrail
from pathservice.settings import Settings, SettingsError
from pathservice.site_apply import Examination, SiteRefused, apply_site, examine
from pathservice.site_versions import SiteVersion, read_version, read_versions, version_in_force
from pathservice.sitefile import SiteFileError, load_site_file, read_site_text
from reservation.errors import ReservationError
from reservation.identity import site_version
from store import Store, open_store

DIFFERS = 3
"""Exit status of `site diff` for a file that could be applied and would change something."""
REFUSED = 4
"""And for one that would be refused."""

OPERATION = "site apply"

File = Annotated[Path | None, typer.Argument(help="The site file.", show_default="that of the settings")]


def diff(
    file: File = None,
    state: options.State = None,
    database: options.Database = None,
    as_json: options.Json = False,
) -> None:
    """What a site file would change, for tickets too. Status 0: nothing, 3: something, 4: it is refused."""
    settings = options.settings(state=state, database=database)
    new = load_site_file(_file(file, settings))
    with _store(settings) as store:
        found = store.read(lambda session: examine(session, new, now=SystemClock().now()))
    if as_json:
        show_json(found)
    else:
        _show(found)
    if found.refusals:
        raise typer.Exit(REFUSED)
    if found.differs:
        raise typer.Exit(DIFFERS)


def apply(
    file: File = None,
    state: options.State = None,
    database: options.Database = None,
    as_json: options.Json = False,
) -> None:
    """Put a site file into force for every process, or nothing of it; tickets keep what they have."""
    settings = options.settings(state=state, database=database)
    path = _file(file, settings)
    by = f"operator {getpass.getuser()}"
    with _store(settings) as store, _audited(settings, by) as trail:
        found = apply_site(store, read_site_text(path), by=by, now=SystemClock().now())
        trail.version = store.read(site_version)
    if as_json:
        show_json({"examination": found, "version": trail.version})
        return
    _show(found)
    if found.differs:
        console().print(f"version {trail.version} of the site is in force now; every process follows it")


def versions(
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100_000)] = 20,
    state: options.State = None,
    database: options.Database = None,
    as_json: options.Json = False,
) -> None:
    """The versions of the site, newest first; the first of them is in force."""
    with _store(options.settings(state=state, database=database)) as store:
        found = store.read(lambda session: read_versions(session, limit=limit))
    if as_json:
        show_json(found)
        return
    rows = [
        (str(one.number), show_time(one.applied_at), one.applied_by, one.sha256[:12], one.origin)
        for one in found
    ]
    show_table(("version", "since", "by", "sha256", "from"), rows, empty="no version of the site yet")


def show(
    number: Annotated[
        int | None, typer.Argument(help="The version.", min=1, show_default="the one in force")
    ] = None,
    state: options.State = None,
    database: options.Database = None,
) -> None:
    """Print a version of the site, as a file that could be applied again; comments are not kept."""
    with _store(options.settings(state=state, database=database)) as store:
        found: SiteVersion | None = store.read(
            version_in_force if number is None else lambda session: read_version(session, number)
        )
    print("" if found is None else found.text, end="")  # noqa: T201 - exactly this, nothing wrapped or coloured


def _file(given: Path | None, settings: Settings) -> Path:
    file = given or settings.site
    if file is None:
        raise SettingsError("name the site file, or set `site`")
    return file


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    store = open_store(settings.database_url)
    try:
        schema.require_head(store)
        yield store
    finally:
        store.close()


class _AuditLine:
    """What is known so far of an audit line."""

    version: int | None = None


@contextmanager
def _audited(settings: Settings, by: str) -> Iterator[_AuditLine]:
    """Leave one line in the audit trail, whatever comes of it."""
    line = _AuditLine()
    trail = AuditTrail(settings.state / AUDIT_FILE)
    code: str | None = "internal-error"
    outcome = AuditOutcome.FAILED
    try:
        yield line
        code, outcome = None, AuditOutcome.OK
    except (SiteFileError, SiteRefused, ReservationError) as error:
        code, outcome = error.code, AuditOutcome.REFUSED
        raise
    finally:
        record = AuditRecord(
            at=SystemClock().now(),
            subject=by,
            issuer="this machine",
            operation=OPERATION,
            outcome=outcome,
            peer=LOCAL,
            request_id=new_request_id(),
            code=code,
            site_version=line.version,
        )
        trail.write(record)
        trail.close()


def _show(found: Examination) -> None:
    out = console()
    if not found.version:
        out.print("no version of the site is in force: this would be the first")
    elif not found.changes:
        out.print(f"the file says what version {found.version} says, which is in force")
    section = None
    for change in found.changes:
        if change.section != section:
            section = change.section
            out.print(f"[bold]{section}[/]")
        out.print(
            plain(f"  {change.what} {change.sentence}" if change.what else f"  {change.sentence}"),
            markup=False,
        )
    if found.effects:
        out.print("[bold]tickets that keep what they have[/]")
    for effect in found.effects:
        out.print(plain(f"  ticket {effect.ticket_id} ({effect.state}) {effect.sentence}"), markup=False)
    if found.refusals:
        out.print("[bold red]refused[/]")
    for refusal in found.refusals:
        out.print(plain(f"  {refusal}"), markup=False)
