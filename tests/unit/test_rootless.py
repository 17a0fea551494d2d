"""What could not be done without root is told, and nothing else is said to be that."""

from pathlib import Path

import pytest

from lab.network import PrivateNetwork
from lab.processes import LabError, MissingProgram, require_programs
from tests.rootless import lines

LAB = "tests/functional/lab"


def a_report(node: str, error: str | None) -> pytest.TestReport:
    outcome = "passed" if error is None else "failed"
    return pytest.TestReport(node, (node, None, node), {}, outcome, error, "call")  # type: ignore[arg-type]


def words_without_root(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the lab really says where it may not."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(MissingProgram) as missing:
        require_programs({}, root=True)
    monkeypatch.setattr("lab.network._NEW_NETWORK", 1)
    with pytest.raises(LabError) as refused:
        PrivateNetwork().__enter__()
    return [str(missing.value), str(refused.value)]


def test_tests_that_took_root_are_counted_by_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reports = [a_report(f"{LAB}/test_it.py::test_{word}", word) for word in words_without_root(monkeypatch)]
    reports.append(a_report(f"{LAB}/test_it.py::test_fails", "AssertionError"))
    reports.append(a_report("tests/unit/lab/test_it.py::test_passes", None))
    told = list(lines(reports))
    assert told[1].split() == ["2", "tests", "not", "done", LAB]
    assert len(told) == 3
    assert list(lines(reports[2:])) == []
