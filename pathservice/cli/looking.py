"""What a command that looks at a site begins with: its parts, opened so that nothing is made."""

from pathservice.assembly import Assembly
from pathservice.cli import options


def look(state: options.State, database: options.Database, site: options.Site) -> Assembly:
    """The assembly of these options."""
    return Assembly(options.settings(state=state, database=database, site=site), looking=True)
