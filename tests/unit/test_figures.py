"""Figures that tests have measured are told at the end of a run, and decide nothing."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest

@pytest.mark.parametrize("seconds", [1, 2])
def test_it_measures(record_property, seconds):
    record_property("figure", f"{seconds} s  there")
    record_property("colour", "red")
    assert seconds == 1
"""


def test_they_are_told_once_whichever_process_measured_them_and_of_what_failed_too(
    pytester: pytest.Pytester,
) -> None:
    (pytester.path / "test_one.py").write_text(TESTS)
    (pytester.path / "conftest.py").write_text("from tests_figures import pytest_terminal_summary\n")
    figures = Path(__file__).parents[1] / "figures.py"
    (pytester.path / "tests_figures.py").write_text(figures.read_text(encoding="utf-8"))
    told = pytester.runpytest_subprocess("-n", "1", "-p", "no:cacheprovider")
    told.assert_outcomes(passed=1, failed=1)
    (at,) = (number for number, line in enumerate(told.outlines) if line.strip("=") == " figures ")
    assert sorted(told.outlines[at + 1 : at + 3]) == ["1 s  there", "2 s  there"]
    assert not {"1 s  there", "2 s  there", "red"} & set(told.outlines[at + 3 :])
