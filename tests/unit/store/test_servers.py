"""What the suites stand on: servers that are private, and that fail loudly where they cannot be had."""

import stat

import pytest

from tests.databases import SERVERS, PostgreSQL, server
from tests.servers import MissingServer


def test_server_that_is_not_installed_is_a_failure_that_says_what_to_install() -> None:
    class Elsewhere(PostgreSQL):
        program = "no-such-program"

    with pytest.raises(MissingServer, match="apt-get install postgresql"):
        Elsewhere()


@pytest.mark.parametrize("kind", sorted(SERVERS))
def test_server_is_started_once_and_nobody_else_can_reach_it(kind: str) -> None:
    running = server(kind)
    assert server(kind) is running
    assert stat.S_IMODE(running.directory.stat().st_mode) == 0o700
