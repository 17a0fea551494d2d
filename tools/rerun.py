"""Runs pytest, and once more, alone, what failed beside others: `python -m tools.rerun PYTEST-ARGUMENTS...`

At most `MOST` tests that fail in the whole run and pass in one of their own are told as racy, and no failure:
docs/adr says why. Whatever else is wrong does: more of them, one that fails again, a file that cannot be
collected, a process of pytest-xdist that is gone, a run that was interrupted.
"""

import subprocess
import sys
from collections.abc import Sequence

import pytest

MOST = 3
"""More than so many at once is no race of theirs."""
ALONE = "--alone"
RACY = "RACY: failed beside others, passed alone"


class Watch:
    """What became of each test, and whether every one could be run."""

    def __init__(self) -> None:
        self.failed: dict[str, None] = {}
        self.passed: set[str] = set()
        self.is_whole = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Set-up, test or tear-down is over; of several processes' tests, too."""
        if report.failed:
            self.failed[report.nodeid] = None
        elif report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file was looked through for tests."""
        self.is_whole = self.is_whole and not report.failed

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object, error: object) -> None:
        """A process of pytest-xdist has ended; if with an error, nobody knows what it did not run."""
        self.is_whole = self.is_whole and error is None


def run(arguments: Sequence[str]) -> int:
    """Run pytest with these, and what fails once more. Returns what the process is to exit with."""
    watch = Watch()
    status = int(pytest.main(list(arguments), plugins=[watch]))
    failed = list(watch.failed)
    if status != pytest.ExitCode.TESTS_FAILED or not watch.is_whole or not 0 < len(failed) <= MOST:
        return status
    tell("once more, alone", failed)
    # In a new process: of this one's nothing that a test left behind is there.
    again = subprocess.run([sys.executable, "-m", "tools.rerun", ALONE, *failed], check=False)
    if again.returncode:
        tell("failed twice, if not for the same reason", failed)
        return status
    tell(RACY, [*failed, "Each has a race in it or in what it tests: the failure is told above. Mend it."])
    return 0


def run_alone(tests: Sequence[str]) -> int:
    """Run these in this process; nothing but that each of them passes is a success."""
    watch = Watch()
    # What failed beside others stays in pytest's cache, for `--last-failed`.
    status = int(pytest.main(["-n", "0", "-p", "no:cacheprovider", *tests], plugins=[watch]))
    return status or int(not watch.passed.issuperset(tests))


def tell(heading: str, lines: Sequence[str]) -> None:
    """Print it so that nobody overlooks it."""
    bar = "!" * 100
    sys.stdout.write("\n".join(["", bar, f"!!! {heading}", *(f"!!! {line}" for line in lines), bar, ""]))
    sys.stdout.flush()


def main() -> int:
    """Run what the command line says."""
    arguments = sys.argv[1:]
    return run_alone(arguments[1:]) if arguments[:1] == [ALONE] else run(arguments)


if __name__ == "__main__":
    sys.exit(main())
