"""Where the startup configuration outlives the process."""

import os
import tempfile
from pathlib import Path


def read_nvram(path: Path | None) -> str | None:
    """The startup configuration, or None if there is none yet."""
    if path is None or not path.exists():
        return None
    return path.read_text(encoding="utf-8")


def write_nvram(path: Path | None, text: str) -> None:
    """Store the startup configuration: after a power cut the file is the old one or the new one, whole.

    The file is readable by its owner alone.
    """
    if path is None:
        return
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
