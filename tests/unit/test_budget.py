"""The budget that is told at the end of a run is what the tests of a folder cost together."""

from pathlib import Path

import pytest

from tests.budget import spent

pytest_plugins = ["pytester"]


def a_report(node: str, when: str, seconds: float) -> pytest.TestReport:
    place = (node, None, node)
    return pytest.TestReport(node, place, {}, "passed", None, when, duration=seconds)  # type: ignore[arg-type]


def test_a_folder_costs_what_its_tests_take_from_set_up_to_tear_down() -> None:
    reports = [
        a_report("tests/unit/a/test_one.py::test_x[a/b]", "setup", 1.0),
        a_report("tests/unit/a/test_one.py::test_x[a/b]", "call", 2.0),
        a_report("tests/unit/a/deep/test_two.py::test_y", "call", 0.5),
        a_report("tests/unit/test_alone.py::test_z", "call", 4.0),
    ]
    assert spent(reports) == [("tests/unit", 4.0, 1), ("tests/unit/a", 3.5, 2)]


def test_it_is_told_once_for_several_processes(pytester: pytest.Pytester) -> None:
    for folder in ("one", "two"):
        (pytester.path / "tests" / "unit" / folder).mkdir(parents=True)
        Path(pytester.path, "tests", "unit", folder, f"test_{folder}.py").write_text("def test_it(): pass\n")
    (pytester.path / "conftest.py").write_text("from tests_budget import pytest_terminal_summary\n")
    budget = Path(__file__).parents[1] / "budget.py"
    (pytester.path / "tests_budget.py").write_text(budget.read_text(encoding="utf-8"))
    told = pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider").outlines
    (at,) = (number for number, line in enumerate(told) if "budget by folder" in line)
    lines = [words for line in told[at + 1 :] if (words := line.split())]
    assert {(words[2], words[-1]) for words in lines if words[-1].startswith("tests/")} == {
        ("1", "tests/unit/one"),
        ("1", "tests/unit/two"),
    }
    assert any(words[2:] == ["2", "tests"] for words in lines)
