"""How a command ends: its errors as one sentence each, and the exit status that says which."""

import os
import signal
import sys
from collections.abc import Callable, Sequence

from hosttools.programs import ToolError
from lambdastation.client import ClientError


def ended(name: str, carry_out: Callable[[Sequence[str]], int]) -> int:
    """Carry out what the command line says; the exit status of the command of that name."""
    try:
        return carry_out(sys.argv[1:])
    except ToolError as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201 - a command's words
        return error.status
    except ClientError as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201
        return ToolError.status
    except BrokenPipeError:
        # Nobody reads any more; what was begun has been ended.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
