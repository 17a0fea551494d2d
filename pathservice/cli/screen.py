"""How things look on a terminal: consoles, tables, times."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 240
"""Columns of a table that is piped somewhere: nothing of it is cut."""


def console(width: int = _WIDE) -> Console:
    """Standard output; plain text, and `width` columns wide, when it is no terminal."""
    terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout, highlight=False, width=None if terminal else width, soft_wrap=not terminal
    )


def errors() -> Console:
    """Standard error."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def plain(text: str) -> str:
    """The text with what would steer a terminal made visible: escapes, line breaks, marks of direction.

    Some of what is shown was sent by strangers.
    """
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def show_time(at: datetime | None) -> str:
    """An instant in the reader's own zone, to the second, the zone named; a dash for none."""
    return "-" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """A table, or a sentence where there is nothing to put in it."""
    if not rows:
        console().print(empty)
        return
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console().print(table)


def show_json(value: Any) -> None:
    """A value as JSON, for programs."""
    print(json.dumps(_plain(value), indent=2))  # noqa: T201 - exactly this, nothing wrapped or coloured


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
