"""Processes that tests start, forked from one that has our code and its libraries imported.

A start is a fork then, where Python with all of it takes two seconds of work. What is forked has run nothing
of ours before.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from sqlalchemy.orm import configure_mappers

import netconfig.drivers.cisco_ios  # noqa: F401 - found by its name alone
import pathservice.cli.serve  # noqa: F401 - and with it what is asked for in a service's first seconds
from pathservice.cli import main

configure_mappers()

forking = multiprocessing.get_context("forkserver")
# There is one such process for all of a test process, whoever starts the first.
forking.set_forkserver_preload([__name__])

# `multiprocessing` looks at every process it knows whenever it starts one, and how a process ended can be
# read once: of two threads that look at the same moment one is told 255.
_looking = threading.Lock()


class Forked:
    """A forked process, to be handled like a `subprocess.Popen`."""

    def __init__(self, target: Callable[..., object], *arguments: Any) -> None:
        self._process = forking.Process(target=target, args=arguments)
        with _looking:
            self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        with _looking:
            return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Wait for its end, and say how it ended.

        Raises:
            TimeoutExpired: it has not, after so many seconds.
        """
        wait([self._process.sentinel], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


def fork_pathservice(*arguments: str, environment: Mapping[str, str], out: Path, err: Path) -> Forked:
    """`pathservice`, by the console script's own `main`; what it prints is appended to two files, or one."""
    return Forked(_be_pathservice, arguments, dict(environment), out, err)


def _be_pathservice(arguments: tuple[str, ...], environment: dict[str, str], out: Path, err: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for stream, file in ((sys.stdout, out), (sys.stderr, err)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, stream.fileno())
        os.close(opened)
    sys.argv = ["pathservice", *arguments]
    main()
