"""Sends a plan, step by step, and stops at the first line the router refuses."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

from netconfig.cli.words import Words, puzzle, refusal
from netconfig.driver import Exchange, Plan, PlanLine, Transcript, keep_transcript
from netconfig.errors import DeviceError, Rejected, StateUnknown, Unreachable, Waiting
from netconfig.transport.cli import CliSession
from netconfig.transport.kept import LONGEST_QUOTE


@dataclass(frozen=True, slots=True)
class SessionPlan(Plan):
    """A plan, and the session that the device was read in for it; None: it was not read, and nothing is sent.

    In another one the device may have rebooted meanwhile: half of an object made before would be missing.
    """

    session: object = field(default=None, compare=False, repr=False)


class Push:
    """One plan on its way to one router."""

    def __init__(
        self,
        device: str,
        session: CliSession,
        words: Words,
        *,
        save: bool,
        notices: Sequence[str] = (),
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        """`notices` are what the site knows the device to say of lines that it takes."""
        self._device = device
        self._session = session
        self._words = words
        self._save = save
        self._notices = notices
        self._may_go_on = may_go_on
        self._exchanges: list[Exchange] = []

    def run(self, plan: Plan) -> Transcript:
        """Send it and save the configuration. What waits is left out.

        Raises:
            Rejected: an added line was refused; the object it belonged to has been taken back.
            StateUnknown: a removal was refused, or the router said to a line what nobody knows; the object
                it belonged to has been taken back.
            Waiting: all of it waits, and nothing was sent.
            Unreachable: the session that the router was read in has ended, and nothing was sent, also where
                there is another by now; the router did not let us in or could not save; or we may not go on,
                and ended it ourselves.
            All of them carry what was said so far; see `transcript_of`.
        """
        if not plan.due:
            raise Waiting(self._device, "; ".join(line.waits for line in plan.lines))
        if not isinstance(plan, SessionPlan):
            raise StateUnknown(self._device, "a plan of another driver's")
        with self._told():
            self._check_session(plan.session)
            self._ask("configure terminal")
            if not self._session.in_configuration:
                words = f"the {self._words.device} does not let us configure: {self._exchanges[-1].answer}"
                raise Unreachable(self._device, words)
            for _, group in groupby(plan.due, key=lambda line: line.step):
                self._send_step(list(group))
            self._ask("end")
            if self._save:
                self._write_startup()
        return Transcript(tuple(self._exchanges))

    def save(self) -> Transcript:
        """Save the configuration as it is; nothing is sent if the site wants none of its devices' saved.

        Raises:
            Unreachable: no session, or the router could not save.
        """
        if self._save:
            with self._told():
                self._write_startup(may_open=True)
        return Transcript(tuple(self._exchanges))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Lets an error carry what was said so far."""
        try:
            yield
        except DeviceError as error:
            keep_transcript(error, Transcript(tuple(self._exchanges)))
            raise

    def _send_step(self, lines: Sequence[PlanLine]) -> None:
        self._check_turn()
        exchanges = self._session.send([line.text for line in lines])
        self._exchanges += exchanges
        for line, exchange in zip(lines, exchanges, strict=True):
            if words := refusal(exchange.answer, self._words):
                self._take_back(lines)
                if line.removal:
                    raise StateUnknown(self._device, f"{words} (at {line.text.strip()!r})")
                raise Rejected(self._device, words, line=line.text, parts=line.parts)
            if words := puzzle(exchange.answer, self._words, self._notices):
                self._take_back(lines)
                where = f"(at {line.text.strip()!r})"
                raise StateUnknown(self._device, f"nobody knows what {words[:LONGEST_QUOTE]!r} means {where}")

    def _take_back(self, lines: Sequence[PlanLine]) -> None:
        """Leave nothing half-made, and the configuration mode."""
        # A refused header lets `exit` end the configuration mode itself.
        if not self._session.in_configuration:
            self._ask("configure terminal")
        undo = dict.fromkeys(line.undo for line in lines if line.undo)
        if undo:
            self._exchanges += self._session.send(list(undo))
        self._ask("end")

    def _check_session(self, read_in: object) -> None:
        if read_in is None or self._session.current is not read_in:
            words = "the session in which it was read has ended, and nothing was sent; it is to be read anew"
            raise Unreachable(self._device, words)

    def _check_turn(self) -> None:
        if not self._may_go_on():
            # Another may be configuring the router by now; what is half done here it reads and finishes.
            self._session.close()
            raise Unreachable(self._device, "broken off in mid-push, its lease had run out")

    def _write_startup(self, *, may_open: bool = False) -> None:
        self._check_turn()
        answer = self._ask(self._words.save, confirm=True, may_open=may_open)
        refused = refusal(answer, self._words)
        if refused or self._words.saved not in answer:
            words = f"configured, but not saved: {refused or answer.strip() or 'no answer'}"
            raise Unreachable(self._device, self._session.mask(words))

    def _ask(self, command: str, *, confirm: bool = False, may_open: bool = False) -> str:
        answer = self._session.ask(command, confirm=confirm, may_open=may_open)
        self._exchanges.append(Exchange(command, self._session.mask(answer.strip("\n"))))
        return answer
