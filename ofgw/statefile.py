"""The file in which the agent keeps what is wanted, so that a restart forgets nothing."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from netconfig.slicestate import BadWord, SliceState
from netconfig.slicewire import dump_key, dump_slice, load_key, load_slice
from ofgw.errors import StateUnwritable

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Memo:
    """What is to be remembered.

    Attributes:
        wanted: the slice that shall run.
        leaving: one before it, of which not everything is known to be off.
        ended: the last slice that the agent ended by itself, in words.
    """

    wanted: SliceState | None = None
    leaving: SliceState | None = None
    ended: str = ""


class StateFile:
    """A JSON file, replaced whole: after a crash it is the old or the new one, never half of one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Memo:
        """What was kept; nothing, if nothing was or it cannot be read. Such a file is put aside and told."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            return Memo(_load(kept.get("wanted")), _load(kept.get("leaving")), str(kept.get("ended", "")))
        except FileNotFoundError:
            return Memo()
        except (OSError, ValueError, AttributeError, TypeError) as error:
            aside = self.path.with_suffix(".bad")
            log.error("kept-state-unreadable", file=str(self.path), kept_as=str(aside), error=str(error))  # noqa: TRY400 - it says all
            with suppress(OSError):
                self.path.replace(aside)
            return Memo()

    def save(self, memo: Memo) -> None:
        """Keep this instead.

        Raises:
            StateUnwritable: it cannot be; the old stays.
        """
        text = json.dumps(
            {"ended": memo.ended, "leaving": _dump(memo.leaving), "wanted": _dump(memo.wanted)},
            indent=1,
            sort_keys=True,
        )
        new = self.path.with_suffix(".new")
        try:
            with suppress(FileNotFoundError):
                new.unlink()
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise StateUnwritable(f"{self.path} cannot be written: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make a rename in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _dump(state: SliceState | None) -> object:
    return None if state is None else {"key": dump_key(state.key), "slice": dump_slice(state)}


def _load(kept: object) -> SliceState | None:
    if kept is None:
        return None
    if not isinstance(kept, dict):
        raise BadWord("state", "is no slice")
    key = load_key(kept.get("key"), "key")
    return load_slice(kept.get("slice"), key.station, key.database)
