"""A Junos router's configuration database: committed, candidate, lock, a commit on trial and its timer.

Written from RFC 6241 and the Junos XML management protocol's developer guide. Its router's lock guards it.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lxml import etree

from netconfig.simulator.faults import Action, FaultList
from netconfig.simulator.junos_check import check
from netconfig.simulator.junos_config import edit, lines, parse_config, print_config
from netconfig.simulator.junos_schema import Element, Refused, read_line
from netconfig.simulator.junos_subtree import subtree
from netconfig.simulator.nvram import read_nvram, write_nvram

REFUSAL = "constraint check failed"
DEFAULT_TRIAL = 600
"""Seconds that a confirmed commit waits where it does not say how long."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """A commit that was not confirmed yet: what was there before, whose it is, how long it waits."""

    before: Element
    session: int
    until: datetime
    seconds: int


class ConfigurationDatabase:
    """What is committed, what may be, and who is at it. Sessions are numbers.

    Raises:
        ValueError: what it begins with, or was kept, is no configuration; its text says in which line.

    Attributes:
        committed: the configuration, be it on trial or not; replaced, never changed in place.
        pushes: how many commits of sessions changed something.
    """

    def __init__(
        self, initial: str, *, nvram: Path | None, clock: Callable[[], datetime], faults: FaultList
    ) -> None:
        self._nvram = nvram
        self._clock = clock
        self._faults = faults
        self.committed = _kept(nvram) if nvram and nvram.exists() else parse_config(initial)
        self._candidate = deepcopy(self.committed)
        self._startup = print_config(self.committed)
        self._trial: _Trial | None = None
        self._holder: int | None = None
        self.pushes = 0

    def apply(self, hand_edits: Iterable[str]) -> None:
        """`set` and `delete` lines of somebody else's, committed; all or none, and unchecked.

        Raises:
            ValueError: a line is refused; its text says which and why.
        """
        committed, candidate = deepcopy(self.committed), deepcopy(self._candidate)
        for line in hand_edits:
            try:
                for config in (committed, candidate):
                    edit(config, read_line(line))
            except Refused as refused:
                raise ValueError(f"{line}: {refused}") from refused
        self.committed, self._candidate = committed, candidate
        self._save()

    def begin_edit(self, hand_edits: Iterable[str]) -> None:
        """The same lines in the candidate, not committed."""
        for line in hand_edits:
            edit(self._candidate, read_line(line))

    def lose_power(self) -> None:
        """What was committed remains, but for what was on trial."""
        self.roll_back()
        self.committed = parse_config(self._startup)
        self._candidate = deepcopy(self.committed)
        self._holder = None

    def leave(self, session: int, *, rolls_back: bool) -> None:
        """A session is over: its lock goes with it, what was not committed, and maybe what was on trial."""
        if self._holder == session:
            self._holder = None
            self._candidate = deepcopy(self.committed)
        if self._trial and self._trial.session == session and rolls_back:
            self.roll_back()

    def expire(self) -> None:
        """Take back what was on trial for too long."""
        if self._trial and self._clock() >= self._trial.until:
            self.roll_back()

    def roll_back(self) -> None:
        """Take back what is on trial, if something is."""
        if self._trial:
            self.committed = self._trial.before
            self._candidate = deepcopy(self.committed)
            self._trial = None

    def show(self, operation: Element) -> str:
        """The answer to `get-config`."""
        is_candidate = operation.find("source/candidate") is not None
        source = self._candidate if is_candidate else self.committed
        return f"<data>{subtree(source, operation.find('filter'))}</data>"

    def lock(self, session: int) -> None:
        """Have the candidate for one session alone.

        Raises:
            Refused: somebody has it, or has changed it.
        """
        if self._holder not in {None, session}:
            raise Refused(f"configuration database locked by: session {self._holder}", tag="lock-denied")
        if self._holder == session:
            raise Refused("configuration database already locked by this session", tag="lock-denied")
        if _is_changed(self._candidate, self.committed):
            raise Refused("configuration database modified", tag="lock-denied")
        self._holder = session

    def unlock(self, session: int) -> None:
        """Give it back.

        Raises:
            Refused: the session has no lock.
        """
        if self._holder != session:
            raise Refused("configuration database is not locked")
        self._holder = None

    def discard(self, session: int) -> None:
        """Let the candidate be what is committed.

        Raises:
            Refused: another session has the lock; so for `edit` and `commit`.
        """
        self._check_holder(session)
        self._candidate = deepcopy(self.committed)

    def edit(self, session: int, operation: Element) -> None:
        """Change the candidate as `edit-config` says: all of it, or nothing."""
        self._check_holder(session)
        change = operation.find("config/configuration")
        if change is None:
            raise Refused("no configuration", tag="missing-element", element="configuration")
        for line in lines(change):
            struck = self._faults.strike(line, configures=True)
            if struck and struck.action is Action.REFUSE:
                path = f"[edit {line.removeprefix('set ')}]"
                raise Refused(struck.words or REFUSAL, tag="bad-element", path=path, element=line.split()[-1])
        edited = deepcopy(self._candidate)
        edit(edited, change, operation.findtext("default-operation") or "merge")
        self._candidate = edited

    def check(self) -> None:
        """See that the candidate could be committed.

        Raises:
            Refused: it could not.
        """
        for line in lines(self._candidate):
            struck = self._faults.strike(f"check {line.removeprefix('set ')}", configures=True)
            if struck and struck.action is Action.REFUSE:
                raise Refused(f"{struck.words or REFUSAL}: configuration check-out failed")
        check(self._candidate)

    def commit(self, session: int, operation: Element) -> None:
        """Commit the candidate, on trial if `commit` says so; else whatever is on trial stays."""
        self._check_holder(session)
        self.check()
        before, is_changed = self.committed, _is_changed(self._candidate, self.committed)
        if operation.find("confirmed") is not None:
            if self._trial:
                before = self._trial.before
            seconds = int(operation.findtext("confirm-timeout") or DEFAULT_TRIAL)
            self._trial = _Trial(before, session, self._clock() + timedelta(seconds=seconds), seconds)
        else:
            self._trial = None
        if is_changed:
            self.committed = deepcopy(self._candidate)
            self.pushes += 1
        if not self._trial:
            self._save()

    def history(self) -> str:
        """The answer to `get-commit-information`."""
        comment = ""
        if self._trial:
            comment = (
                f"<comment>commit confirmed, rollback in {max(1, self._trial.seconds // 60)}mins</comment>"
            )
        entry = "<sequence-number>0</sequence-number><user>lambda</user><client>netconf</client>"
        return f"<commit-information><commit-history>{entry}{comment}</commit-history></commit-information>"

    def _check_holder(self, session: int) -> None:
        if self._holder not in {None, session}:
            raise Refused(f"configuration database locked by: session {self._holder}", tag="in-use")

    def _save(self) -> None:
        self._startup = print_config(self.committed)
        write_nvram(self._nvram, self._startup)


def _kept(nvram: Path) -> Element:
    try:
        return parse_config(read_nvram(nvram) or "")
    except ValueError as error:
        raise ValueError(f"{nvram}: {error}") from error


def _is_changed(candidate: Element, committed: Element) -> bool:
    return etree.tostring(candidate) != etree.tostring(committed)
