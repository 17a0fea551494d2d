"""Simulated days of two stations with everything going wrong: what is lost, what is left, what memory grows.

`python -m bench soak --days N`; see `tests/soak.py` for what is real in it and what is simulated.
"""

import random
from collections import Counter
from collections.abc import Iterator

from bench.databases import fresh_stores
from bench.figure import Figure, Options
from pathservice.logs import configure_logs
from tests.soak import REQUESTS_A_DAY, Day, SoakedSite

SITES = ("fermilab.yaml", "caltech.yaml")
FLAT = 1.1
"""Memory at the end of the last day, by that at the end of the first."""


def measure(options: Options) -> Iterator[Figure]:
    """Both sites, a day of one after a day of the other; each has a database of its own."""
    configure_logs("critical")
    seed = random.randrange(10**6)
    with fresh_stores("sqlite", len(SITES)) as stores:
        sites = [SoakedSite(store, file, seed=seed) for store, file in zip(stores, SITES, strict=True)]
        days = [[site.live(days=1) for site in sites] for _ in range(options.days)]
        for site in sites:
            site.finish()
        troubles = [trouble for site in sites for trouble in site.troubles()]
        ended: Counter[str] = sum((site.outcomes() for site in sites), Counter())
    told = [day for both in days for day in both]
    faults: Counter[str] = sum((day.faults for day in told), Counter())
    asked, accepted = sum(day.asked for day in told), sum(day.accepted for day in told)
    yield Figure(
        f"soak, {options.days} days of two sites (seed {seed})",
        f"{len(troubles)} lost or left" + "".join(f"; {trouble}" for trouble in troubles[:3]),
        f"{asked} requests ({REQUESTS_A_DAY} a day), {accepted} taken, {_counted(ended)}",
        float(len(troubles)),
        aim=0,
    )
    yield Figure("  what went wrong meanwhile", f"{faults.total()} faults", _counted(faults), 1.0)
    first, last = days[0][-1], days[-1][-1]
    yield Figure(
        "  memory after the last day",
        _memory(last),
        f"{_memory(first)} after the first",
        last.resident / first.resident,
        aim=FLAT,
    )


def _memory(day: Day) -> str:
    return f"{day.resident / 2**20:.0f} MiB, {day.objects:,} objects"


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counter.most_common())
