"""A test that fails beside others and passes alone is told and fails nothing; all else that is wrong does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.rerun import MOST, RACY

ROOT = Path(__file__).parents[3]
PASSES = "def test_passes():\n    pass\n"
FAILS = "def test_fails():\n    raise AssertionError\n"
# As a race would have it: it fails as long as nobody has seen it fail.
RACES = """
import pytest
from pathlib import Path
@pytest.mark.parametrize("number", range({}))
def test_races(number, request):
    seen = Path(str(request.config.rootpath), "seen-%d" % number)
    if not seen.exists():
        seen.touch()
        raise AssertionError
"""
SKIPS_THEN = """
import pytest
from pathlib import Path
def test_skips(request):
    seen = Path(str(request.config.rootpath), "seen")
    if seen.exists():
        pytest.skip("no more")
    seen.touch()
    raise AssertionError
"""
DIRTY = """
import pytest
from pathlib import Path
@pytest.fixture
def dirty(request):
    yield
    seen = Path(str(request.config.rootpath), "seen")
    if not seen.exists():
        seen.touch()
        raise AssertionError
def test_is_cleared_up(dirty):
    pass
"""
DIES_ONCE = """
import os
from pathlib import Path
def test_dies(request):
    seen = Path(str(request.config.rootpath), "died")
    if not seen.exists():
        seen.touch()
        os._exit(1)
"""
INTERRUPTS = "def test_interrupts():\n    raise KeyboardInterrupt\n"


def rerun(folder: Path, *files: str, processes: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the tests of these files in a process as the Makefile starts it, and so many of pytest-xdist's."""
    (folder / "pytest.ini").touch()
    for number, text in enumerate((PASSES, *files)):
        (folder / f"test_{number}.py").write_text(text, encoding="ascii")
    return subprocess.run(
        [sys.executable, "-m", "tools.rerun", "-n", str(processes), "-q"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_passes_alone_is_told_and_fails_nothing(tmp_path: Path) -> None:
    done = rerun(tmp_path, RACES.format(MOST - 1), DIRTY, processes=1)
    assert done.returncode == 0, done.stdout
    told = done.stdout.partition(RACY)[2]
    for test in ("test_1.py::test_races[0]", "test_1.py::test_races[1]", "test_2.py::test_is_cleared_up"):
        assert told.count(test) == 1
    assert "test_0" not in told


@pytest.mark.parametrize(
    ("files", "processes"),
    [
        pytest.param([RACES.format(1), FAILS], 0, id="one fails again"),
        pytest.param([RACES.format(MOST + 1)], 0, id="too many"),
        pytest.param([SKIPS_THEN], 0, id="skipped alone"),
        pytest.param([RACES.format(1), INTERRUPTS], 0, id="interrupted"),
        pytest.param([RACES.format(1), "import nothing_of_the_kind"], 1, id="not collected"),
        pytest.param([RACES.format(1), DIES_ONCE], 1, id="process gone"),
    ],
)
def test_whatever_else_is_wrong_fails_the_run(tmp_path: Path, files: list[str], processes: int) -> None:
    done = rerun(tmp_path, *files, processes=processes)
    assert done.returncode in {1, 2}, done.stdout
    assert RACY not in done.stdout
