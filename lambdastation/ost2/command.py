"""One call, one line: `OK:<new|join|extend>:<localId>,<remoteId>,<endEpochSeconds>` or `ERROR:<what>:<text>`.

dCache reads standard output in a thread that it does not wait for, so what is printed by a process that
ends at once is sometimes lost: after the line, standard output is closed and the process stays a little.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from typing import TextIO

from lambdastation.ost2.arguments import USAGE, Wanted, read_arguments
from lambdastation.ost2.messages import Ticket, get_request, open_request
from lambdastation.ost2.settings import read_settings
from lambdastation.ost2.station import Station
from lambdastation.ost2.trouble import Trouble

LINGER_SECONDS = 0.2
LATEST_ANSWER_SECONDS = 45
"""After so long, besides what `--statusWait` adds, the answer is that there is none."""
_POLL_SECONDS = 0.25
_LONGEST_TEXT = 300
_OVER = frozenset({"releasing", "released", "cancelled", "expired"})


class Answer:
    """The one line; whoever comes first says it."""

    def __init__(self, stream: TextIO | None) -> None:
        """`stream` is None where the process was started without."""
        self._stream = stream
        self._turn = threading.Lock()
        self._said = False

    def say(self, line: str) -> None:
        """Print the line and close the stream, unless a line was said before."""
        with self._turn:
            if self._said or self._stream is None:
                return
            self._said = True
            try:
                self._stream.write(line + "\n")
                self._stream.close()
            except (OSError, ValueError):
                # Nobody listens any more.
                return


def main() -> int:
    """Run the command; the exit status is 0 for OK and 1 for ERROR."""
    answer = Answer(sys.stdout)
    try:
        wanted = read_arguments(sys.argv[1:])
        _watch(answer, LATEST_ANSWER_SECONDS + wanted.wait_seconds)
        line = ok_line(open_ticket(wanted, os.environ))
    except Trouble as trouble:
        line = error_line(trouble.code, str(trouble))
    except KeyboardInterrupt:
        line = error_line("interrupted", "stopped from outside; a ticket may have been opened")
    except Exception as error:  # noqa: BLE001 - dCache understands lines, never tracebacks
        line = error_line("internal-error", f"a fault of ours: {error!r}")
    answer.say(line)
    time.sleep(LINGER_SECONDS)
    return 0 if line.startswith("OK:") else 1


def open_ticket(wanted: Wanted, environment: Mapping[str, str]) -> Ticket:
    """The ticket that the station opened, joined or extended.

    Raises:
        Trouble: there is none.
    """
    if wanted.help:
        sys.stderr.write(USAGE)
        raise Trouble("usage", "the options stand on standard error")
    settings = read_settings(environment)
    tell = sys.stderr.write if wanted.verbose else len
    tell(f"ost2: asking https://{settings.host}:{settings.port}{settings.path} for {dict(wanted.fields)}\n")
    with closing(Station(settings)) as station:
        ticket = station.ask(open_request(wanted.fields))
        tell(f"ost2: {ticket}\n")
        if wanted.wait_seconds:
            state = _wait(station, ticket, wanted.wait_seconds)
            tell(f"ost2: ticket {ticket.local_id} is {state}\n")
    return ticket


def ok_line(ticket: Ticket) -> str:
    """The line for a ticket."""
    if ticket.mode is None:
        return error_line("bad-answer", f"the station does not say how it got ticket {ticket.local_id}")
    return f"OK:{ticket.mode}:{ticket.local_id},{ticket.remote_id},{ticket.end}"


def error_line(what: str, text: str) -> str:
    """The line for no ticket: printable ASCII whatever was told, no colon or blank in `what`."""
    plain = " ".join("".join(c if " " <= c <= "~" else " " for c in text).split())
    return f"ERROR:{what if re.fullmatch('[A-Za-z0-9_-]{1,40}', what) else 'fault'}:{plain[:_LONGEST_TEXT]}"


def _wait(station: Station, ticket: Ticket, seconds: int) -> str:
    """Its state once it is active, the time is up, or the station tells no more.

    Raises:
        Trouble: it is over.
    """
    latest = time.monotonic() + seconds
    state = ticket.state
    while state != "active" and time.monotonic() < latest:
        if state in _OVER:
            raise Trouble("not-active", f"ticket {ticket.local_id} is {state} and was not seen active")
        time.sleep(_POLL_SECONDS)
        try:
            state = station.ask(get_request(ticket.local_id)).state
        except Trouble:
            # The ticket is there all the same.
            break
    return state


def _watch(answer: Answer, seconds: float) -> None:
    """End the process with an answer after so long, whatever it is waiting for."""

    def give_up() -> None:
        answer.say(error_line("timeout", f"no answer within {seconds:g} seconds"))
        time.sleep(LINGER_SECONDS)
        os._exit(1)

    watchman = threading.Timer(seconds, give_up)
    watchman.daemon = True
    watchman.start()
