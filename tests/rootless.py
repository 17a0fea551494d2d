"""What could not be done without root, told at the end of a run. CI is root, and does all."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

SIGNS = ("not root: ", "no network namespace can be made")
"""What the lab says where it may not."""
_DEPTH = 3


def undone(reports: Iterable[Any]) -> list[tuple[str, int]]:
    """Each folder with tests that failed for want of root, and how many: first what has most."""
    failed = (report for report in reports if report.failed)
    return Counter(
        "/".join(report.nodeid.partition("::")[0].split("/")[:-1][:_DEPTH])
        for report in failed
        if any(sign in report.longreprtext for sign in SIGNS)
    ).most_common()


def lines(reports: Iterable[Any]) -> Iterator[str]:
    """What is said of it; nothing where all could be done."""
    folders = undone(reports)
    if not folders:
        return
    yield "Network namespaces take root: labs, real switches, what lsiperf does to a host."
    yield from (f"{number:6} tests not done  {folder}" for folder, number in folders)
    yield "As root, as in CI, `make test` does them all. What else failed may want root as well."


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it, unless we are root."""
    if os.geteuid() == 0:
        return
    reports = (report for kind in terminalreporter.stats.values() for report in kind)
    told = list(lines(report for report in reports if isinstance(report, pytest.TestReport)))
    if told:
        terminalreporter.section("without root")
        for line in told:
            terminalreporter.write_line(line)
