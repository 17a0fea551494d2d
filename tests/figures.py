"""What tests have measured, told at the end of every run: figures, of which none decides anything.

A test tells one by `record_property(FIGURE, sentence)`; so it comes here from another process, too.
"""

import pytest

FIGURE = "figure"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print them, test by test."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    calls = [report for report in reports if isinstance(report, pytest.TestReport) and report.when == "call"]
    figures = [value for report in calls for name, value in report.user_properties if name == FIGURE]
    if figures:
        terminalreporter.section("figures")
    for figure in figures:
        terminalreporter.write_line(str(figure))
