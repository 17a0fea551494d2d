"""What every test of credentials starts from."""

import pytest

from tbam.credentials import TrustedRoots
from tests.unit.tbam.credentials.federation import trusting


@pytest.fixture(scope="session")
def trust(tmp_path_factory: pytest.TempPathFactory) -> TrustedRoots:
    """The authority is trusted, and nobody else."""
    return trusting(tmp_path_factory.mktemp("roots"))
