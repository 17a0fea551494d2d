"""Two services that want the same thing: the second is refused with a sentence."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def serving(serve_for_module: Any) -> Any:
    return serve_for_module()


def test_a_second_service_on_one_state_directory_is_refused(serving: Any, cli: Any) -> None:
    done = cli("serve", "--state", str(serving.state), "--port", "0", check=False)
    assert done.returncode == 1
    assert "another serve runs with" in done.stderr
    assert serving.health()["status"] == "ok"
    # Its router is still where the other commands look for it.
    assert "nothing to do" in cli("devices", "plan", "fermilab-border-1", state=serving.state).stdout


def test_a_second_worker_on_one_state_directory_is_refused(serving: Any, cli: Any) -> None:
    done = cli("worker", "--state", str(serving.state), check=False)
    assert done.returncode == 1
    assert "another worker runs with" in done.stderr


def test_a_port_that_is_taken_is_named(serving: Any, cli: Any, tmp_path: Path) -> None:
    done = cli("serve", "--state", str(tmp_path / "other"), "--port", str(serving.port), check=False)
    assert done.returncode == 1
    assert str(serving.port) in done.stderr
