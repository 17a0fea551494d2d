"""A bench for every platform. A new driver is one more entry here; the tests are the same for all.

A test that rests on what not all platforms have says so: `only(Trait...)` runs it for those that have it,
`troubles(Trouble...)` once for each of these that may befall a platform.
"""

from collections.abc import Iterator, Mapping

import pytest

from netconfig.simulator import SimulatorLoop
from tests.contract.drivers.bench import Bench, Rig, Trait
from tests.contract.drivers.cisco_ios_bench import IosBench
from tests.contract.drivers.cisco_nxos_bench import NxosBench
from tests.contract.drivers.dell_force10_bench import Force10Bench
from tests.contract.drivers.juniper_junos_bench import JunosBench
from tests.contract.drivers.linux_nft_bench import LinuxBench
from tests.contract.drivers.ofgw_agent_bench import AgentBench
from tests.contract.drivers.openvswitch_bench import OpenVSwitchBench

BENCHES: Mapping[str, Bench] = {
    "cisco_ios": IosBench(),
    "cisco_nxos": NxosBench(),
    "dell_force10": Force10Bench(),
    "juniper_junos": JunosBench(),
    "linux_nft": LinuxBench(),
    "ofgw_agent": AgentBench(),
    "openvswitch": OpenVSwitchBench(),
}


def having(*traits: Trait) -> list[str]:
    """The platforms that have all of these."""
    return sorted(name for name, bench in BENCHES.items() if bench.traits.issuperset(traits))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "only(*traits): for the platforms that have these traits")
    config.addinivalue_line("markers", "troubles(*troubles): for each that may befall the platform")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bench" not in metafunc.fixturenames:
        return
    traits = [trait for mark in metafunc.definition.iter_markers("only") for trait in mark.args]
    names = having(*traits)
    marked = metafunc.definition.get_closest_marker("troubles")
    if marked is None:
        metafunc.parametrize("bench", names, indirect=True)
    else:
        cases = [(name, one) for name in names for one in marked.args if one in BENCHES[name].troubles]
        ids = [f"{name}-{trouble.value}" for name, trouble in cases]
        metafunc.parametrize(("bench", "trouble"), cases, ids=ids, indirect=["bench"])


@pytest.fixture
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
