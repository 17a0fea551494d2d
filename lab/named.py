"""Labs by name, each a folder below one: made, looked at and ended by commands that do not stay."""

import fcntl
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.keeper import FACTS, LOCK
from lab.network import Host
from lab.processes import LabError, require_programs, search_path, wait_for
from lab.routers import kind_of
from lab.silence import silence, wake
from lab.wires import PROGRAMS

MARK = "PATHSERVICE_LAB"
"""In the environment of every process of a lab: its own word, by which `down` finds what is left of them."""
LOG = "keeper.log"
_WORD = "word"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_CODE = Path(__file__).resolve().parent.parent


def default_folder(environment: Mapping[str, str]) -> Path:
    """Where labs are if nobody says: below `XDG_RUNTIME_DIR`, else below /run."""
    return Path(environment.get("XDG_RUNTIME_DIR") or "/run", "pathservice-labs")


@dataclass(frozen=True, slots=True)
class NamedLab:
    """A lab, whether it is up or not.

    Attributes:
        labs: the folder of all.
    """

    labs: Path
    name: str

    @property
    def folder(self) -> Path:
        """Its own."""
        return self.labs / self.name

    def up(self, platforms: Mapping[str, str]) -> None:
        """Start it, and return when all of it answers; nothing is left where it does not.

        Args:
            platforms: kinds of router by the site's name.

        Raises:
            MissingProgram: something is not there that it takes.
            LabError: the name or a kind is none, there is one of this name, or it does not start.
        """
        if not _NAME.fullmatch(self.name):
            raise LabError(f"a lab's name is 1 to 32 letters, digits, _ and -, not {self.name!r}")
        for platform in platforms.values():
            kind_of(platform)
        require_programs(PROGRAMS, root=True)
        self.labs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._claim()
        try:
            self._start(platforms)
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """End it, or take away what is left of it: processes, networks, the folder.

        Raises:
            LabError: there is none of this name, or it does not end.
        """
        self._require()
        keeper = self._keeper()
        if keeper is not None:
            _end(keeper, f"lab {self.name}")
        for process in self._processes():
            _end(process, f"process {process} of lab {self.name}")
        shutil.rmtree(self.folder)
        with suppress(OSError):
            self.labs.rmdir()

    def facts(self) -> dict[str, Any] | None:
        """What is where, as `lab.Facts` has it; None where it is not up.

        Raises:
            LabError: there is none of this name.
        """
        self._require()
        if self._keeper() is None:
            return None
        try:
            return dict(json.loads((self.folder / FACTS).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def enter(self, host: str, command: Sequence[str]) -> tuple[list[str], dict[str, str]]:
        """What is to be executed to run a command on a host or a router, and in which environment.

        Raises:
            LabError: it is not up, or has no such host.
        """
        facts = self._facts_where_up()
        networks = {one["name"]: one["network"] for one in (*facts["hosts"], *facts["routers"])}
        if host not in networks:
            raise LabError(f"lab {self.name} has no {host!r}; it has {', '.join(networks)}")
        environment = {**os.environ, "PATH": search_path(), MARK: self._word()}
        return ["nsenter", f"--net={networks[host]}", "--", *command], environment

    def silence(self, colour: str, site: str) -> None:
        """Have a site's end of a path answer nobody and pass nothing on, as if it had died.

        Raises:
            LabError: it is not up, or has no such path or site.
        """
        with Host(self._border(colour, site)) as router:
            silence(router, colour)

    def wake(self, colour: str, site: str) -> None:
        """End `silence`; nothing is done where there is none.

        Raises:
            LabError: as `silence`.
        """
        with Host(self._border(colour, site)) as router:
            wake(router, colour)

    def _border(self, colour: str, site: str) -> str:
        """The network of the router where a path ends at a site; its device has the path's name."""
        facts = self._facts_where_up()
        networks = {one["site"]: one["network"] for one in facts["routers"]}
        colours = [one["colour"] for one in facts["paths"]]
        for word, what, known in ((colour, "path", colours), (site, "site", networks)):
            if word not in known:
                raise LabError(f"lab {self.name} has no {what} {word!r}; it has {', '.join(known)}")
        return str(networks[site])

    def _facts_where_up(self) -> dict[str, Any]:
        facts = self.facts()
        if facts is None:
            raise LabError(f"lab {self.name} is not up")
        return facts

    def _claim(self) -> None:
        """Have the folder, with the lab's word in it from the first moment."""
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=self.labs))
        (new / _WORD).write_text(uuid.uuid4().hex, encoding="ascii")
        try:
            new.rename(self.folder)
        except OSError as error:
            shutil.rmtree(new)
            raise LabError(f"there is a lab {self.name} in {self.labs} already") from error

    def _start(self, platforms: Mapping[str, str]) -> None:
        environment = {**os.environ, "PATH": search_path(), MARK: self._word(), "PYTHONPATH": str(_CODE)}
        command = (sys.executable, "-m", "lab.keeper", self.folder, platforms["west"], platforms["east"])
        with (self.folder / LOG).open("ab") as log:
            keeper = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environment,
                start_new_session=True,
            )

        def has_answered() -> bool:
            return (self.folder / FACTS).exists() or keeper.poll() is not None

        try:
            wait_for(f"lab {self.name} to be up", has_answered)
        except BaseException:
            keeper.kill()
            keeper.wait()
            raise
        if keeper.poll() is not None:
            words = (self.folder / LOG).read_text(encoding="utf-8", errors="replace").strip()
            raise LabError(f"lab {self.name} did not start: {words.splitlines()[-1] if words else 'no word'}")
        # It goes on without us.
        keeper.returncode = 0

    def _require(self) -> None:
        if not _NAME.fullmatch(self.name) or not _has_word(self.folder):
            raise LabError(f"there is no lab {self.name} in {self.labs}")

    def _word(self) -> str:
        return (self.folder / _WORD).read_text(encoding="ascii")

    def _keeper(self) -> int | None:
        """The keeper's process, None where it is gone: it has a lock while it lives."""
        try:
            lock = os.open(self.folder / LOCK, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            written = os.read(lock, 32)
            return int(written) if written.endswith(b"\n") else None
        finally:
            os.close(lock)
        return None

    def _processes(self) -> Iterator[int]:
        """Those that have the lab's word in their environment; ours has not."""
        mark = f"{MARK}={self._word()}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != os.getpid():
                with suppress(OSError):
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        yield int(entry.name)


def all_labs(labs: Path) -> list[NamedLab]:
    """Every one of a folder, in order of the names.

    Raises:
        LabError: they are another's.
    """
    try:
        if not labs.is_dir():
            return []
        names = sorted(entry.name for entry in labs.iterdir() if _has_word(entry))
    except PermissionError as error:
        raise LabError(f"{labs} is not ours to look into: labs are root's") from error
    return [NamedLab(labs, name) for name in names]


def _has_word(folder: Path) -> bool:
    """Whether a folder is a lab's.

    Raises:
        LabError: it is another's.
    """
    try:
        return (folder / _WORD).exists()
    except PermissionError as error:
        raise LabError(f"{folder} is not ours to look into: labs are root's") from error


def _end(number: int, what: str) -> None:
    """Ask a process to end, and kill it where it does not.

    Raises:
        LabError: it does not go even then.
    """
    try:
        process = os.pidfd_open(number)
    except ProcessLookupError:
        return
    try:
        for word in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, word)
            with suppress(LabError):
                wait_for(f"{what} to end", lambda: _has_ended(process))
                return
    finally:
        os.close(process)
    raise LabError(f"{what} does not end")


def _has_ended(process: int) -> bool:
    return bool(select.select([process], [], [], 0)[0])
