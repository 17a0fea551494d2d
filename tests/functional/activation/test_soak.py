"""An hour of the soak, with trouble every few minutes; `python -m bench soak` lives through days."""

from datetime import timedelta

import pytest

from store import Store
from tests.soak import SoakedSite


# The sites differ in what they ask of the core and the databases in how they answer it, each in its own way.
@pytest.mark.parametrize(
    ("database_kind", "site"),
    [
        ("sqlite", "fermilab.yaml"),
        ("sqlite", "caltech.yaml"),
        ("postgresql", "fermilab.yaml"),
        ("mariadb", "caltech.yaml"),
    ],
    indirect=["database_kind"],
)
def test_whatever_goes_wrong_nothing_is_lost_and_nothing_is_left(own_store: Store, site: str) -> None:
    soaked = SoakedSite(own_store, site, seed=1, fault_every=timedelta(minutes=8))
    day = soaked.live(days=0.04)
    soaked.finish()
    assert soaked.troubles() == []
    assert day.accepted
    assert len(day.faults) > 1
