"""A PostgreSQL connection that waits for an answer for so long and no longer.

The server's own limits do not help where the server itself hangs: its machine acknowledges every packet, and
libpq waits for ever. Imported when the first PostgreSQL URL is opened, for its driver may not be installed.
"""

import math
import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Engine, event

T = TypeVar("T")


class Bounded(psycopg.Connection[Any]):
    """A connection that is given up when the server has said nothing for `seconds`."""

    seconds = math.inf

    def wait(self, gen: Generator[Any, Any, T], *how: Any, **more: Any) -> T:
        """As psycopg's, which looks several times a second whether it is to go on.

        Raises:
            OperationalError: no answer came; the connection is closed.
        """
        try:
            return super().wait(_bounded(gen, self.seconds), *how, **more)
        except _SilentError as silence:
            self.pgconn.finish()
            words = f"the server accepted the connection and gave no answer for {self.seconds:g} s"
            raise psycopg.OperationalError(words) from silence


class _SilentError(Exception):
    """The time is up."""


def bound_answers(engine: Engine, seconds: float) -> None:
    """Let every connection of an engine be one that gives up after so many seconds of silence."""

    def connect(_dialect: object, _record: object, words: list[Any], named: dict[str, Any]) -> Bounded:
        connection = Bounded.connect(*words, **named)
        connection.seconds = seconds
        return connection

    event.listen(engine, "do_connect", connect)


def _bounded(gen: Generator[Any, Any, T], seconds: float) -> Generator[Any, Any, T]:
    latest = time.monotonic() + seconds
    try:
        waits_for = next(gen)
        while True:
            ready = yield waits_for
            if ready:
                latest = time.monotonic() + seconds
            elif time.monotonic() > latest:
                raise _SilentError
            waits_for = gen.send(ready)
    except StopIteration as end:
        answer: T = end.value
        return answer
