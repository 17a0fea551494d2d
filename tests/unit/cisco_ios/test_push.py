"""A push stops where the router refuses, leaves nothing half-made and tells what was said."""

import dataclasses
from collections.abc import Sequence
from typing import cast

import pytest
from pydantic import ValidationError

from netconfig.cli.push import Push, SessionPlan
from netconfig.cli.words import Words, puzzle, refusal
from netconfig.driver import Exchange, PlanLine, transcript_of
from netconfig.drivers.cisco_ios.dialect import IOS
from netconfig.drivers.cisco_nxos.dialect import NXOS
from netconfig.drivers.dell_force10.words import FTOS
from netconfig.errors import DeviceError, Rejected, StateUnknown, Unreachable
from netconfig.inventory import Device
from netconfig.simulator import Action, Fault, SimulatorLoop
from netconfig.transport.cli import CliSession
from tests.contract.drivers.bench import DATABASE, reconcile
from tests.contract.drivers.cisco_ios_bench import MAP, TICKETS, IosBench

LIST = "ip access-list extended LS-FNAL-42"
ENTRY = "route-map M permit 10"
SESSION = object()
PLAN = SessionPlan(
    session=SESSION,
    lines=(
        PlanLine(LIST, frozenset({1}), 42, step=1, undo=f"no {LIST}"),
        PlanLine(" 10 permit ip any any", frozenset({1}), 42, step=1, undo=f"no {LIST}"),
        PlanLine(" exit", frozenset({1}), 42, step=1, undo=f"no {LIST}"),
        PlanLine(ENTRY, frozenset({1}), 42, step=2, undo=f"no {ENTRY}"),
        PlanLine(" match ip address LS-FNAL-42", frozenset({1}), 42, step=2, undo=f"no {ENTRY}"),
        PlanLine(" exit", frozenset({1}), 42, step=2, undo=f"no {ENTRY}"),
        PlanLine("no ip access-list extended OLD", frozenset({2}), 43, removal=True, step=3),
    ),
)


class Router:
    """Answers by the book; the real command line is tried in the contract suite."""

    def __init__(self, **answers: str) -> None:
        self.answers = {line.replace("_", " "): answer for line, answer in answers.items()}
        self.sent: list[str] = []
        self.in_configuration = False
        self.writes = 0
        self.current: object = SESSION

    def ask(self, command: str, *, confirm: bool = False, may_open: bool = True) -> str:
        self.sent.append(command)
        answer = self.answers.get(command, "[OK]" if command == "write memory" else "")
        if not answer.startswith("%"):
            self.in_configuration = command == "configure terminal"
        return answer

    def send(self, lines: Sequence[str]) -> list[Exchange]:
        self.sent += lines
        self.writes += 1
        return [Exchange(line, self.answers.get(line.strip(), "")) for line in lines]

    def mask(self, text: str) -> str:
        return text


def push(
    router: Router, *, save: bool = True, plan: SessionPlan = PLAN, notices: Sequence[str] = ()
) -> Sequence[str]:
    pushing = Push("border-1", cast("CliSession", router), IOS, save=save, notices=notices)
    transcript = pushing.run(plan)
    return [exchange.line for exchange in transcript.exchanges]


def failure(router: Router) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        push(router)
    return caught.value


def test_good_push_is_one_write_a_step_and_is_saved() -> None:
    router = Router()
    sent = push(router)
    assert router.writes == 3
    assert sent == ["configure terminal", *(line.text for line in PLAN.lines), "end", "write memory"]
    assert push(Router(), save=False)[-1] == "end"


def test_refused_addition_takes_its_block_back_and_stops() -> None:
    router = Router()
    router.answers["match ip address LS-FNAL-42"] = "   ^\n% Invalid input detected at '^' marker."
    error = failure(router)
    assert isinstance(error, Rejected)
    assert error.parts == {1}
    assert error.line == " match ip address LS-FNAL-42"
    assert router.sent[-2:] == [f"no {ENTRY}", "end"]
    assert "no ip access-list extended OLD" not in router.sent
    assert [exchange.line for exchange in transcript_of(error).exchanges] == router.sent


@pytest.mark.parametrize(
    ("line", "trace"),
    [("permit", "list extended LS-"), ("remark", "list extended LS-"), ("^ *match", MAP), ("^ *set", MAP)],
)
@pytest.mark.parametrize("words", [None, "Command authorization failed.\n"])
def test_refused_line_leaves_nothing_of_its_block(line: str, trace: str, words: str | None) -> None:
    with IosBench().start() as rig:
        before = rig.text().count(trace)
        rig.router.faults.add(Fault(Action.REFUSE, line=line, words=words))
        with pytest.raises(Rejected):
            reconcile(rig.at_once(), [TICKETS[0].part])
        assert rig.text().count(trace) == before


@pytest.mark.parametrize("session", [None, object()], ids=["none", "another"])
def test_plan_of_another_session_or_of_none_is_not_sent(session: object) -> None:
    router = Router()
    with pytest.raises(Unreachable, match="session in which it was read has ended"):
        push(router, plan=dataclasses.replace(PLAN, session=session))
    assert not router.sent


def test_plan_for_what_the_router_forgot_in_a_reboot_meanwhile_is_not_sent() -> None:
    # What an earlier push left half done, and did not save: the entry alone would match every packet.
    permit = "permit tcp 131.225.204.0 0.0.0.255 192.84.86.0 0.0.0.255 range 5000 6000 dscp 32"
    half = (LIST, f"remark LS reservation 42 database {DATABASE}", f"10 {permit}")
    with SimulatorLoop() as loop, IosBench().start(loop) as rig:
        rig.edit(*half)
        driver = rig.over_the_wire()
        actual = driver.read()
        part = dataclasses.replace(
            TICKETS[0].part, placement={"acl": "LS-FNAL-42", "map": MAP.split()[1], "sequence": 10}
        )
        plan = driver.plan(actual, driver.render([part]), known=frozenset({42}))
        assert LIST not in str(plan)
        rig.reboot()
        before = rig.text()
        with pytest.raises(Unreachable):
            driver.push(plan)
        assert rig.text() == before
        assert not reconcile(driver, [part]).left


def test_words_that_nobody_knows_stop_the_push_and_are_quoted() -> None:
    router = Router()
    router.answers["match ip address LS-FNAL-42"] = "Applying policy, please wait\n"
    error = failure(router)
    assert isinstance(error, StateUnknown)
    assert "nobody knows what 'Applying policy, please wait' means" in error.words
    assert router.sent[-2:] == [f"no {ENTRY}", "end"]


def test_words_that_the_site_knows_are_a_notice_and_a_refusal_stays_one() -> None:
    router = Router()
    router.answers["match ip address LS-FNAL-42"] = "Applying policy to slot 1\nApplying policy to slot 2\n"
    push(router, notices=["Applying policy"])
    assert router.sent[-1] == "write memory"
    router.answers["match ip address LS-FNAL-42"] = "Applying policy\nEs ist nicht erlaubt\n"
    with pytest.raises(StateUnknown, match="Es ist nicht erlaubt"):
        push(router, notices=["Applying policy"])
    router.answers["match ip address LS-FNAL-42"] = "% Invalid input\n"
    with pytest.raises(Rejected):
        push(router, notices=["Applying policy"])


@pytest.mark.parametrize("words", [IOS, NXOS, FTOS], ids=["ios", "nxos", "ftos"])
@pytest.mark.parametrize(
    "said",
    [
        "%Warning: next hop is not connected",
        "% Warning: Policy takes effect after the list has rules\n  see the guide",
        "Warning: statistics need more TCAM",
        "Note: it is numbered anew",
        "% Note: it is there already",
        "NOTICE: sequence 10",
        "% Info: applied",
        "%INFO: applied",
        "Caution: this takes a while",
        "*Jan  1 09:00:00.000: %PLATFORM_PBR-4-SDM_MISMATCH: LS-FNAL requires sdm template routing",
        "2030 Jan  1 09:00:00 n9k %RPM-6-PBR: LS-FNAL",
    ],
)
def test_notice_is_neither_a_refusal_nor_a_puzzle(words: Words, said: str) -> None:
    assert (refusal(said, words), puzzle(said, words)) == ("", "")


@pytest.mark.parametrize("notice", ["", " ", "%", "% Invalid input", "^ hier", "short", "one\ntwo lines"])
def test_notice_of_the_site_says_enough_and_is_no_refusal(notice: str) -> None:
    with pytest.raises(ValidationError, match="notices"):
        Device.model_validate({"name": "r1", "platform": "cisco_ios", "simulated": "r", "notices": [notice]})


def test_refused_removal_is_state_unknown() -> None:
    router = Router()
    router.answers["no ip access-list extended OLD"] = "% Access list in use"
    error = failure(router)
    assert isinstance(error, StateUnknown)
    assert "Access list in use" in error.words
    assert router.sent[-1] == "end"


def test_refused_header_whose_exit_left_the_mode_is_taken_back_in_the_mode() -> None:
    router = Router()
    router.answers[LIST] = "% Invalid input"

    def send(lines: Sequence[str]) -> list[Exchange]:
        router.in_configuration = False
        return Router.send(router, lines)

    router.send = send  # type: ignore[method-assign]
    failure(router)
    assert router.sent[-3:] == ["configure terminal", f"no {LIST}", "end"]


def test_router_that_does_not_let_us_configure_is_unreachable() -> None:
    router = Router(configure_terminal="% Configuration mode is locked by process 7")
    error = failure(router)
    assert isinstance(error, Unreachable)
    assert "locked" in error.words
    assert router.sent == ["configure terminal"]


@pytest.mark.parametrize(
    "answer", ["startup-config file open failed (Device or resource busy)", "% No space"]
)
def test_configuration_that_cannot_be_saved_is_told(answer: str) -> None:
    error = failure(Router(write_memory=answer))
    assert isinstance(error, Unreachable)
    assert "not saved" in error.words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("        ^\n% Invalid input detected at '^' marker.\n", "% Invalid input detected at '^' marker."),
        ("% Duplicate sequence number", "% Duplicate sequence number"),
        ("%Error: no such thing", "%Error: no such thing"),
        ("% Incomplete command.", "% Incomplete command."),
        ("Command rejected: Conflict", "Command rejected: Conflict"),
        ("Command authorization failed.", "Command authorization failed."),
        ("% Authorization failed.", "% Authorization failed."),
        ("Sorry, you are not authorized to do that\n", "Sorry, you are not authorized to do that"),
        ("", ""),
        ("Enter configuration commands, one per line.  End with CNTL/Z.", ""),
        ("%SYS-5-CONFIG_I: Configured from console by lambda on vty0", ""),
        ("*Jan  1 09:00:00.000: %LINK-3-UPDOWN: Interface Te1/1, changed state to up", ""),
        ("%Warning: this takes effect after a reload", ""),
        ("% Warning: the next hop is not connected", ""),
        ("%SYS-5-CONFIG_I: Configured\n% Invalid input", "% Invalid input"),
    ],
)
def test_refusal_is_told_from_warnings_and_log_messages(answer: str, words: str) -> None:
    assert refusal(answer, IOS) == words
