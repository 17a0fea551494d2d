"""Sending a plan's order to the agent, and telling what its answer means for whose part."""

from collections.abc import Callable

from netconfig.driver import Exchange, PlanLine, Transcript, keep_transcript
from netconfig.drivers.ofgw_agent.plan import GatewayPlan, item_of_line
from netconfig.errors import DeviceError, Rejected, StateUnknown, Unreachable, Waiting
from netconfig.slicestate import BadWord, Item, Order, Report
from netconfig.slicewire import dump_order, load_report
from netconfig.transport.xmlrpc import XmlRpcSession
from netconfig.xmlrpcwire import Fault

BAD_CALL, BAD_VALUE, NOT_YOURS, INTERNAL = 1, 2, 3, 9
"""Codes of the agent's faults that mean more than: try again later."""


def push(
    device: str, session: XmlRpcSession, plan: GatewayPlan, *, may_go_on: Callable[[], bool]
) -> tuple[Transcript, Report]:
    """Have the gateway carry what the plan leads to, in one call. What was said, and what is there after it.

    Raises:
        Rejected: the agent refuses one of the things; nothing was changed.
        StateUnknown: something is not off that should be, or the gateway has become somebody else's.
        Waiting: all of it waits, and nothing was sent.
        Unreachable: no connection, or the agent could not do all of it yet; it goes on trying.
        All of them carry what was said so far; see `transcript_of`.
    """
    if plan.order is None or not plan.due:
        raise Waiting(device, "; ".join(line.waits for line in plan.lines))
    said = [Exchange(line.text, "") for line in plan.due]
    try:
        if not may_go_on():
            session.close()
            raise Unreachable(device, "broken off before the push, its lease had run out")
        report = _ask(device, session, plan, plan.order, said)
        said.append(Exchange("setState", _told(report)))
        _require_done(device, plan, report)
    except DeviceError as error:
        keep_transcript(error, Transcript(tuple(said)))
        raise
    return Transcript(tuple(said)), report


def read_answer(device: str, answer: object) -> Report:
    """The report that an answer is.

    Raises:
        StateUnknown: it is none.
    """
    try:
        return load_report(answer)
    except BadWord as error:
        raise StateUnknown(device, f"its answer makes no sense: {error}") from error


def failure(device: str, fault: Fault) -> DeviceError:
    """What a fault means where no line of a plan is at fault."""
    if fault.code in {BAD_CALL, BAD_VALUE, NOT_YOURS, INTERNAL}:
        return StateUnknown(device, f"the agent refuses: {fault.words}")
    return Unreachable(device, f"the agent refuses: {fault.words}")


def _ask(
    device: str, session: XmlRpcSession, plan: GatewayPlan, order: Order, said: list[Exchange]
) -> Report:
    try:
        return read_answer(device, session.call("setState", dump_order(order)))
    except Fault as fault:
        said.append(Exchange("setState", fault.words))
        if fault.code == BAD_VALUE and (line := _line_at_fault(plan, fault)):
            raise Rejected(device, fault.words, line=line.text, parts=line.parts) from fault
        raise failure(device, fault) from fault


def _line_at_fault(plan: GatewayPlan, fault: Fault) -> PlanLine | None:
    """Faults begin with their name and the thing: `bad-value vlans: ...`."""
    thing = fault.words.partition(":")[0].split()[1:]
    added = [line for line in plan.due if not line.removal]
    of_thing = [line for line in added if (item := item_of_line(line)) and [item.value] == thing]
    return next(iter([*of_thing, *added]), None)


def _require_done(device: str, plan: GatewayPlan, report: Report) -> None:
    concerned = {item: line for line in plan.due if (item := item_of_line(line))}
    removed = {item for line in plan.due if line.removal and (item := item_of_line(line))}
    failed = [item for item in Item if item in concerned and item in report.troubles]
    if failed:
        words = "; ".join(f"{item}: {report.troubles[item]}" for item in failed)
        if removed.intersection(failed):
            raise StateUnknown(device, f"not all is off: {words}")
        raise Unreachable(device, f"not all is on yet: {words}")


def _told(report: Report) -> str:
    troubles = [f"{item}: {words}" for item, words in sorted(report.troubles.items())]
    return "; ".join(troubles) or "done"
