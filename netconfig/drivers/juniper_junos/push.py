"""Sends a plan: the whole group in one commit, on trial until it is read back."""

from collections.abc import Callable

from netconfig.driver import Exchange, Plan, Transcript, keep_transcript
from netconfig.drivers.juniper_junos.names import Names
from netconfig.drivers.juniper_junos.plan import GroupPlan
from netconfig.drivers.juniper_junos.reading import read_configuration
from netconfig.drivers.juniper_junos.session import Session
from netconfig.drivers.juniper_junos.tree import Element, are_equal, write
from netconfig.errors import DeviceError, Rejected, StateUnknown, Unreachable, Waiting
from netconfig.transport.framing import UNREADABLE
from netconfig.transport.netconf import RpcError, RpcRefused

TRIAL_SECONDS = 120
"""How long a commit stays that is not confirmed; Junos counts in minutes."""


class Push:
    """One plan on its way to one router."""

    def __init__(
        self, device: str, session: Session, names: Names, *, may_go_on: Callable[[], bool] = lambda: True
    ) -> None:
        self._device = device
        self._session = session
        self._names = names
        self._may_go_on = may_go_on
        self._exchanges: list[Exchange] = []

    def run(self, plan: Plan) -> Transcript:
        """Send it. What waits is left out.

        Raises:
            Rejected: what some parts add was refused; nothing was committed.
            StateUnknown: the router refused it for no part's sake, reads back otherwise, or has somebody's
                uncommitted changes; nothing stays committed.
            Waiting: all of it waits, or somebody else is configuring.
            Unreachable: the session ended, and the router takes back what was not confirmed; or we may not
                go on, and ended it ourselves.
            All of them carry what was said so far; see `transcript_of`.
        """
        if not plan.due:
            raise Waiting(self._device, "; ".join(line.waits for line in plan.lines))
        if not isinstance(plan, GroupPlan):
            raise StateUnknown(self._device, "a plan of another driver's")
        if UNREADABLE in write(plan.group()):
            words = f"group {self._names.group} holds text that is no UTF-8, which a push would spoil"
            raise StateUnknown(self._device, words)
        try:
            self._check_turn()
            self._session.lock()
            try:
                self._session.check_settled()
                self._commit(plan)
            except Waiting:
                self._give_back()
                raise
            except RpcRefused as refused:
                # Nothing of ours stays in the candidate; where that fails the session's end sees to it.
                error = self._judged(plan, refused)
                self._give_back()
                raise error from refused
            self._say("unlock")
            self._session.unlock()
        except RpcRefused as refused:
            self._session.close()
            raise self._told(StateUnknown(self._device, f"it refused in mid-push: {refused}")) from refused
        except DeviceError as error:
            raise self._told(error) from error.__cause__
        return Transcript(tuple(self._exchanges))

    def _commit(self, plan: GroupPlan) -> None:
        target = plan.group()
        for line in plan.due:
            self._say(line.text)
        self._check_turn()
        self._session.edit(plan.group())
        self._check_turn()
        self._say(f"commit confirmed, for {TRIAL_SECONDS} seconds")
        self._session.commit_for(TRIAL_SECONDS)
        self._check_read_back(target)
        self._check_turn()
        self._say("commit")
        self._session.confirm()

    def _check_read_back(self, target: Element) -> None:
        configuration = self._session.read_trial(self._names)
        if not are_equal(read_configuration(configuration, self._names).group, target):
            # Its end is what rolls it back at once.
            self._session.close()
            words = "what was committed reads back otherwise; the router takes it back"
            raise StateUnknown(self._device, words)

    def _judged(self, plan: GroupPlan, refused: RpcRefused) -> DeviceError:
        """Whose fault a refusal is."""
        self._answer(str(refused))
        parts = frozenset[int]().union(*(self._owners(plan, error) for error in refused.errors))
        parts &= frozenset(plan.adding)
        if not parts:
            parts = self._culprit(plan)
        if not parts:
            return StateUnknown(self._device, f"it refuses the commit, for no ticket's sake: {refused}")
        line = next(line for line in plan.due if line.parts & parts and not line.removal)
        return Rejected(self._device, str(refused), line=line.text, parts=parts)

    def _owners(self, plan: GroupPlan, error: RpcError) -> frozenset[int]:
        """The parts whose terms an error names."""
        said = {word.strip("[]'\";,") for word in f"{error.path} {error.element} {error.message}".split()}
        return frozenset(route.part_id for route in plan.wish.wanted if said.intersection(route.terms))

    def _culprit(self, plan: GroupPlan) -> frozenset[int]:
        """The first part with which the router refuses what it takes without it; none if there is no such.

        A commit is refused as a whole and need not say why. Nothing is committed here, only checked.
        """
        if not plan.adding or not self._takes(plan, frozenset(plan.adding)):
            return frozenset()
        for at, part in enumerate(plan.adding, 1):
            if not self._takes(plan, frozenset(plan.adding[at:])):
                return frozenset({part})
        return frozenset()

    def _takes(self, plan: GroupPlan, without: frozenset[int]) -> bool:
        self._session.discard()
        try:
            self._session.edit(plan.group(without=without))
            self._session.validate()
        except RpcRefused:
            return False
        return True

    def _give_back(self) -> None:
        try:
            self._session.discard()
            self._session.unlock()
        except (RpcRefused, Unreachable):
            self._session.close()

    def _check_turn(self) -> None:
        if not self._may_go_on():
            self._session.close()
            raise Unreachable(self._device, "broken off in mid-push, its lease had run out")

    def _say(self, line: str) -> None:
        self._exchanges.append(Exchange(line, ""))

    def _answer(self, words: str) -> None:
        if self._exchanges:
            self._exchanges[-1] = Exchange(self._exchanges[-1].line, words)

    def _told(self, error: DeviceError) -> DeviceError:
        keep_transcript(error, Transcript(tuple(self._exchanges)))
        return error
