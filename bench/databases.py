"""The databases a benchmark runs on: SQLite in a file, or a server of its own as the tests have them.

The tests' servers do not wait for the disk, so a bare commit costs less there than on a real one, and the
ratios to it come out worse, not better. SQLite does wait.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import migrations.models  # every table
from store import Store, open_store
from tests.databases import SERVERS, server, stop_servers

KINDS = ("sqlite", *SERVERS)


@contextmanager
def fresh_stores(kind: str, number: int) -> Iterator[list[Store]]:
    """So many empty databases of a kind, with every table; done away with afterwards.

    Raises:
        MissingServer: its programs are not installed.
    """
    with ExitStack() as opened:
        scratch = Path(opened.enter_context(TemporaryDirectory()))
        opened.callback(stop_servers)
        stores = []
        for count in range(number):
            url = f"sqlite:///{scratch / str(count)}.db" if kind == "sqlite" else server(kind).new_database()
            stores.append(open_store(url, patient=True))
            opened.callback(stores[-1].close)
            migrations.models.metadata.create_all(stores[-1].engine)
        yield stores
