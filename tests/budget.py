"""What the tests of each folder have cost, told at the end of every run: seconds, and in how many tests.

Seconds of set-up, test and tear-down together, as they passed for the test; of several processes' tests, the
sum. A folder is counted with what its fixtures share, by the test that asked for them first.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

DEPTH = 3
"""`tests/functional/pathservice` is told for itself, and with it what is below it."""


def spent(reports: Iterable[Any]) -> list[tuple[str, float, int]]:
    """Each folder, its seconds and its tests: first what has cost most."""
    seconds, tests = Counter[str](), Counter[str]()
    for report in reports:
        folder = "/".join(report.nodeid.partition("::")[0].split("/")[:-1][:DEPTH])
        seconds[folder] += report.duration
        tests[folder] += report.when == "call"
    return [(folder, passed, tests[folder]) for folder, passed in seconds.most_common()]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print it, in one process or after those of xdist alike: all reports have come to this one."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    budget = spent(report for report in reports if isinstance(report, pytest.TestReport))
    if not budget:
        return
    terminalreporter.section("budget by folder")
    for folder, seconds, tests in budget:
        terminalreporter.write_line(f"{seconds:8.1f} s {tests:6} tests  {folder}")
    terminalreporter.write_line(
        f"{sum(seconds for _, seconds, _ in budget):8.1f} s {sum(tests for *_, tests in budget):6} tests"
    )
