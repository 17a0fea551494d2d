"""A bench for every platform. A new driver is one more entry here; the tests are the same for all."""

from collections.abc import Iterator, Mapping

import pytest

from netconfig.simulator import SimulatorLoop
from tests.contract.drivers.bench import Bench, Rig
from tests.contract.drivers.cisco_ios_bench import IosBench

BENCHES: Mapping[str, Bench] = {"cisco_ios": IosBench()}


@pytest.fixture(params=sorted(BENCHES))
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]


@pytest.fixture
def platform(bench: Bench) -> str:
    return next(name for name, known in BENCHES.items() if known is bench)


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture
def rig(bench: Bench, loop: SimulatorLoop) -> Iterator[Rig]:
    with bench.start(loop) as started:
        yield started
