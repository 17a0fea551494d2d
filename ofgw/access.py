"""Who may log in to the gateway: one group's line in an `access.conf`, among others that are not ours.

pam_access goes by the first line that fits, so ours stands before the first that turns everybody away, and
after whatever the site has before that. Two lines are ours: a remark that says for which reservation, and the
rule. All other bytes of the file stay as they are, and once ours are gone it is the file it was.
"""

import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from netconfig.gateway import UserAccess
from netconfig.slicestate import Item, ItemIntent
from ofgw.backend import Found
from ofgw.errors import BackEndFailed
from ofgw.statefile import sync_folder

LARGEST_BYTES = 4 * 1024 * 1024
_REMARK = b"# tbam-agent: the next line is for reservation %d, and is taken away with it"
_OURS = re.compile(
    rb"# tbam-agent: the next line is for reservation (\d{1,10}), and is taken away with it\r?\n?"
)
_RULE = re.compile(rb"\+ : \(([A-Za-z0-9_.-]+)\) : ALL\r?\n?")


class AccessFile:
    """The lines of one `access.conf`; see `backend.BackEnd` for what each method promises."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def item(self) -> Item:
        """Which thing."""
        return Item.GROUP

    def check(self, intent: ItemIntent) -> None:
        """Any group that can be named can be let in."""

    def read(self) -> Found | None:
        """What stands there; something that is nobody's where it is not as we write it."""
        text = self._text()
        rest, found = take_out(text)
        if found is None or (found.intent is not None and put_in(rest, found) == text):
            return found
        return Found(None, found.reservation)

    def carry(self, wanted: Found) -> None:
        """Let the group in, and no other that we let in before."""
        self._replace(put_in(take_out(self._text())[0], wanted))

    def clear(self) -> None:
        """Let nobody in any more that we let in."""
        self._replace(take_out(self._text())[0])

    def _text(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                text = file.read(LARGEST_BYTES + 1)
        except OSError as error:
            raise BackEndFailed(f"{self._path} cannot be read: {error.strerror}") from error
        if len(text) > LARGEST_BYTES:
            raise BackEndFailed(f"{self._path} is larger than {LARGEST_BYTES} bytes")
        return text

    def _replace(self, text: bytes) -> None:
        """Put another file in the place of this one, which stays whole until then."""
        try:
            # A link stays a link: what it leads to is replaced.
            target = self._path.resolve(strict=True)
            before = target.stat()
            descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(text)
                    file.flush()
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
                    os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode))
                    _copy_attributes(target, file.fileno())
                    os.fsync(file.fileno())
                Path(name).replace(target)
            except BaseException:
                with suppress(OSError):
                    Path(name).unlink()
                raise
            sync_folder(target.parent)
        except OSError as error:
            raise BackEndFailed(f"{self._path} cannot be written: {error.strerror}") from error


def put_in(text: bytes, wanted: Found) -> bytes:
    """The file with our two lines. `text` has none of ours; `wanted` is a whole group."""
    assert isinstance(wanted.intent, UserAccess)  # noqa: S101 - the keeper gives each its own thing
    lines = _lines(text)
    end = b"\r\n" if lines and lines[0].endswith(b"\r\n") else b"\n"
    rule = b"+ : (%s) : ALL" % wanted.intent.group.encode("ascii")
    ours = [_REMARK % wanted.reservation, rule]
    at = next((number for number, line in enumerate(lines) if _turns_all_away(line)), len(lines))
    if at == len(lines) and lines and not lines[-1].endswith(b"\n"):
        # Whether the last line has an end stays as it was.
        return text + end + end.join(ours)
    return b"".join([*lines[:at], *(line + end for line in ours), *lines[at:]])


def take_out(text: bytes) -> tuple[bytes, Found | None]:
    """The file without our lines, and what they said; of several the first. Whole only if it was alone."""
    kept: list[bytes] = []
    found: list[Found] = []
    lines = _lines(text)
    number = 0
    while number < len(lines):
        remark = _OURS.fullmatch(lines[number])
        if remark is None:
            kept.append(lines[number])
            number += 1
            continue
        rule = _RULE.fullmatch(lines[number + 1]) if number + 1 < len(lines) else None
        found.append(Found(_access(rule), int(remark[1])))
        number += 1 if rule is None else 2
        if number == len(lines) and not lines[-1].endswith(b"\n") and kept:
            # So the line before had no end when ours were put behind it.
            kept[-1] = kept[-1].removesuffix(b"\r\n" if remark[0].endswith(b"\r\n") else b"\n")
    if len(found) > 1:
        return b"".join(kept), Found(None, found[0].reservation)
    return b"".join(kept), found[0] if found else None


def _lines(text: bytes) -> list[bytes]:
    """Ended by line feeds alone, their ends kept."""
    pieces = text.split(b"\n")
    lines = [piece + b"\n" for piece in pieces[:-1]]
    return [*lines, pieces[-1]] if pieces[-1] else lines


def _access(rule: re.Match[bytes] | None) -> UserAccess | None:
    try:
        return UserAccess(rule[1].decode("ascii")) if rule else None
    except ValueError:
        return None


def _turns_all_away(line: bytes) -> bool:
    permission, _, rest = line.strip().partition(b":")
    return permission.strip() == b"-" and b"ALL" in rest.partition(b":")[0].split()


def _copy_attributes(source: Path, descriptor: int) -> None:
    """What a security module says of the file."""
    with suppress(OSError):
        for name in os.listxattr(source):
            os.setxattr(descriptor, name, os.getxattr(source, name))
