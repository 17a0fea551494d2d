"""An hour of the soak, with trouble every few minutes; `python -m bench soak` lives through days."""

from datetime import timedelta

import pytest

from store import Store
from tests.soak import SoakedSite


@pytest.mark.parametrize("site", ["fermilab.yaml", "caltech.yaml"])
def test_whatever_goes_wrong_nothing_is_lost_and_nothing_is_left(own_store: Store, site: str) -> None:
    soaked = SoakedSite(own_store, site, seed=1, fault_every=timedelta(minutes=8))
    day = soaked.live(days=0.04)
    soaked.finish()
    assert soaked.troubles() == []
    assert day.accepted
    assert len(day.faults) > 1
