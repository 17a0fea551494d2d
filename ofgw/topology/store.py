"""The file in which a discovery tells what it knows: JSON, replaced whole."""

import os
import tempfile
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from ofgw.topology.model import Discovered

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_ADAPTER = TypeAdapter(Discovered)


def write_discovered(file: Path, known: Discovered) -> None:
    """Replace the file.

    Raises:
        OSError: it cannot be written; it is then as it was.
    """
    number, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(number, "wb") as new:
            new.write(_ADAPTER.dump_json(known, indent=1))
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_discovered(file: Path) -> Discovered:
    """What it says; nothing where there is no file, or one that makes no sense, which is logged."""
    try:
        return _ADAPTER.validate_json(file.read_bytes())
    except FileNotFoundError:
        return Discovered()
    except (OSError, ValidationError) as error:
        log.warning("topology-unreadable", file=str(file), why=str(error).partition("\n")[0])
        return Discovered()
