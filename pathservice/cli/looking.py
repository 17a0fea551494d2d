"""What commands about tickets begin with: the site's parts, opened for looking, and who asks."""

import getpass

from lambdastation.caller import Caller
from pathservice.assembly import Assembly
from pathservice.cli import options


def look(state: options.State, database: options.Database, site: options.Site) -> Assembly:
    """The assembly of these options; nothing is made."""
    return Assembly(options.settings(state=state, database=database, site=site), looking=True)


def operator() -> Caller:
    """Who sits at the machine: the site's rules are for the network."""
    return Caller(subject=f"operator {getpass.getuser()}", issuer="this machine", local=True)
