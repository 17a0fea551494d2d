"""A service with simulated routers for the benchmarks, in this process."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pathservice.logs import configure_logs
from pathservice.serving import Serving
from pathservice.settings import EXAMPLE_SITE, load_settings


@contextmanager
def example_service(*, worker: bool) -> Iterator[Serving]:
    """The Fermilab example, its router running; with `worker` it changes it too."""
    configure_logs("error")
    with TemporaryDirectory() as scratch:
        site = Path(scratch) / "site"
        shutil.copytree(EXAMPLE_SITE.parent, site)
        given = {"state": Path(scratch) / "state", "site": site / EXAMPLE_SITE.name, "port": 0}
        with Serving(load_settings(given, environment={})) as assembly:
            assembly.start_simulators()
            if worker:
                assembly.start_worker()
            yield assembly
