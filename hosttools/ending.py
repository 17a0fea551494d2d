"""How a command ends: its errors as one sentence each, and the exit status that says which."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType

from hosttools.programs import ToolError
from lambdastation.client import ClientError


def when_told(handler: Callable[[int, FrameType | None], None], *numbers: signal.Signals) -> None:
    """Handle signals that end us; one that is ignored stays so, as `nohup` has it."""
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def ended(name: str, carry_out: Callable[[Sequence[str]], int]) -> int:
    """Carry out what the command line says; the exit status of the command of that name."""
    status = 0
    try:
        status = _carried_out(name, carry_out)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads any more; what was begun has been ended.
        status = 128 + signal.SIGPIPE
    except OSError as error:
        # A disk that is full. After a signal it is the terminal that is gone.
        if status < 128:
            status = ToolError.status
            with suppress(OSError):
                _say(name, error.strerror or error)
    else:
        return status
    _write_no_more()
    return status


def _carried_out(name: str, carry_out: Callable[[Sequence[str]], int]) -> int:
    try:
        return carry_out(sys.argv[1:])
    except ToolError as error:
        _say(name, error)
        return error.status
    except ClientError as error:
        _say(name, error)
        return ToolError.status
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _say(name: str, sentence: object) -> None:
    print(f"{name}: {sentence}", file=sys.stderr)  # noqa: T201 - a command's words


def _write_no_more() -> None:
    """Else Python tries what it could not write once more on its way out, and complains."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            os.dup2(nowhere, stream.fileno())
