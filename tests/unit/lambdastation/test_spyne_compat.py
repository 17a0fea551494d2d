"""Spyne is imported through one door, on every Python that is supported."""

import re
import subprocess
import sys
from pathlib import Path

import six.moves.urllib.parse

from lambdastation import spyne_compat

ROOT = Path(__file__).parents[3]


def test_spyne_is_given_the_real_six() -> None:
    assert sys.modules["spyne.util.six.moves.urllib.parse"] is six.moves.urllib.parse


def test_seeding_twice_changes_nothing() -> None:
    before = {name: sys.modules[f"spyne.util.six.{name}"] for name in spyne_compat.SEEDED}
    spyne_compat.seed_moves()
    assert before == {name: sys.modules[f"spyne.util.six.{name}"] for name in spyne_compat.SEEDED}


def test_the_old_importer_is_gone() -> None:
    assert not [finder for finder in sys.meta_path if "spyne" in type(finder).__module__]


def test_all_that_spyne_takes_from_its_six_is_seeded() -> None:
    spyne = Path(sys.modules["spyne"].__file__ or "").parent
    used = set()
    for module in (name for name in sys.modules if name.startswith("spyne.")):
        path = spyne.joinpath(*module.split(".")[1:])
        source = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
        if source.exists() and "six" not in module:
            used.update(re.findall(r"from spyne\.util\.six\.(moves[.\w]*) import", source.read_text("utf-8")))
    assert used <= set(spyne_compat.SEEDED)
    assert used


def test_it_imports_without_a_warning_in_a_fresh_interpreter() -> None:
    command = [sys.executable, "-W", "error", "-c", "import lambdastation.soap"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_nobody_else_imports_spyne() -> None:
    for source in (ROOT / "lambdastation").glob("*.py"):
        if source.name != "spyne_compat.py":
            assert not re.search(r"^\s*(from|import) spyne\b", source.read_text("utf-8"), re.MULTILINE), (
                source
            )
