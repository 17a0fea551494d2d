"""Sends a plan: ways first, then all of nftables at once, then the ways that are over; and keeps it."""

from collections.abc import Callable, Sequence
from itertools import groupby

from netconfig.driver import Exchange, Plan, PlanLine, Transcript, keep_transcript
from netconfig.drivers.linux_nft.lines import RouterLine, RouterPlan, Step
from netconfig.drivers.linux_nft.names import Names
from netconfig.drivers.linux_nft.plan import make_plan, startup_of
from netconfig.drivers.linux_nft.session import Refusal, Session
from netconfig.errors import DeviceError, Rejected, StateUnknown, Unreachable, Waiting

_THERE = "File exists"


class Push:
    """One plan on its way to one router."""

    def __init__(
        self,
        device: str,
        session: Session,
        names: Names,
        *,
        save: bool,
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._device = device
        self._session = session
        self._names = names
        self._save = save
        self._may_go_on = may_go_on
        self._exchanges: list[Exchange] = []

    def run(self, plan: Plan) -> Transcript:
        """Send it, made anew for what the router has in this moment: handles are of no use a moment later.

        What waits is left out.

        Raises:
            Rejected: an added line was refused, and of nftables' lines all with it.
            StateUnknown: a removal was refused, or no line was named.
            Waiting: all of it waits, and nothing was sent.
            Unreachable: the session ended, or nothing could be kept; or we may not go on, and ended it
                ourselves.
            All of them carry what was said so far; see `transcript_of`.
        """
        if not plan.due:
            raise Waiting(self._device, "; ".join(line.waits for line in plan.lines))
        if not isinstance(plan, RouterPlan):
            raise StateUnknown(self._device, "a plan of another driver's")
        try:
            self._check_turn()
            actual = self._session.read(plan.names)
            fresh = make_plan(plan.names, actual, plan.wish, plan.known)
            for number, group in groupby(fresh.due, key=lambda line: line.step):
                self._send(Step(number), list(group))
            if self._save:
                self._keep(fresh.startup)
        except DeviceError as error:
            keep_transcript(error, Transcript(tuple(self._exchanges)))
            raise
        return Transcript(tuple(self._exchanges))

    def save(self) -> Transcript:
        """Keep what the router has; nothing is sent if the site wants none of its devices' kept.

        Raises:
            Unreachable: no session, or it could not be kept.
            StateUnknown: it does not tell what it has.
        """
        if self._save:
            self._keep(startup_of(self._names, self._session.read(self._names)))
        return Transcript(tuple(self._exchanges))

    def _send(self, step: Step, lines: Sequence[PlanLine]) -> None:
        self._check_turn()
        commands = [line.command for line in lines if isinstance(line, RouterLine)]
        try:
            refusal = self._session.do(step.verb, commands)
        except DeviceError:
            self._exchanges += [Exchange(line.text, "") for line in lines]
            raise
        culprit = None
        if refusal and refusal.line and refusal.line <= len(lines):
            culprit = lines[refusal.line - 1]
        for line in lines:
            self._exchanges.append(Exchange(line.text, refusal.words if refusal and line is culprit else ""))
        if refusal:
            raise self._judged(refusal, culprit)

    def _judged(self, refusal: Refusal, culprit: PlanLine | None) -> DeviceError:
        if culprit is None:
            return StateUnknown(self._device, f"it refuses, and says not which line: {refusal.words}")
        if culprit.removal or _THERE in refusal.words:
            return StateUnknown(self._device, f"{refusal.words} (at {culprit.text!r})")
        return Rejected(self._device, refusal.words, line=culprit.text, parts=culprit.parts)

    def _keep(self, text: str) -> None:
        self._check_turn()
        words = self._session.save(self._names, text)
        self._exchanges.append(Exchange(f"save {self._names.ownership.station}", words))
        if words:
            raise Unreachable(self._device, f"configured, but not kept for the next boot: {words}")

    def _check_turn(self) -> None:
        if not self._may_go_on():
            # Another may be configuring the router by now; what is half done here it reads and finishes.
            self._session.close()
            raise Unreachable(self._device, "broken off in mid-push, its lease had run out")
