"""A next hop that goes silent while numbered packets flow: they go where the site's rules say, and come back.

How long that took is told at the end of the run, and decides nothing.
"""

import time
from collections.abc import Callable, Iterator

import pytest

from lab.processes import wait_for
from lab.sites import ALTERNATES, EAST, PRODUCTION, SIDES
from lab.sites import Path as Way
from pathservice.probing import Ground, read_steering
from pathservice.verify import Verdict, judge
from reservation import service
from reservation.lifecycle import State
from reservation.model import PartView
from tests.figures import FIGURE
from tests.functional.lab.flow import PORT, Flow, flow
from tests.functional.lab.stage import HOUR, Stage, stage

RED, GREEN = ALTERNATES
EVERY = 0.2
"""Seconds between two questions whether next hops answer."""
HOPS_DOWN = {
    RED.colour: {"next_hop_down": "withdraw"},
    GREEN.colour: {"next_hop_down": "fallback", "fallback": RED.colour},
}
FLOW = f"udp eq {PORT}"
BESIDE = 6001
"""The port of a flow whose packets are each waited for."""

Tell = Callable[[str, float], None]


@pytest.fixture(scope="module")
def whole_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with stage(folder, "juniper_junos", "cisco_ios", HOPS_DOWN, ask_next_hops_every=EVERY) as made:
        yield made


@pytest.fixture
def lit(whole_stage: Stage) -> Iterator[Stage]:
    """The stage, where all answers; at the end of the test both routers are configured as before."""
    before = whole_stage.text()
    yield whole_stage
    for path in ALTERNATES:
        whole_stage.lab.wake(path, EAST)
    whole_stage.over_with_all()
    assert whole_stage.text() == before


@pytest.fixture
def packets(lit: Stage) -> Iterator[Flow]:
    with flow(lit.lab) as flowing:
        flowing.settles_on(PRODUCTION)
        yield flowing


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """A figure for the end of the run: what it is of, and since when it has taken."""

    def told(what: str, since: float) -> None:
        record_property(FIGURE, f"{time.monotonic() - since:7.2f} s  next hops asked every {EVERY} s: {what}")

    return told


def degraded(lit: Stage, ticket: int) -> bool:
    """Whether the ticket is active, and lacks something."""
    found = lit.serving.store.read(lambda session: service.get(session, ticket))
    assert found.state is State.ACTIVE
    return found.degraded_since is not None


def parts(lit: Stage, ticket: int) -> tuple[PartView, ...]:
    """Those that steer the flow: one on each router."""
    return lit.serving.store.read(lambda session: service.list_parts(session, ticket))


def hops(path: Way) -> list[str]:
    """The next hops of west and of east on a path, in words of IPv4."""
    return [str(path.address(side.other, 4)) for side in SIDES]


def until_they_wait_for(lit: Stage, ticket: int, path: Way) -> None:
    """Wait until both routers are found to wait for their next hops on a path."""
    reasons = [f"next hop {hop} does not answer" for hop in hops(path)]

    def wait() -> bool:
        found = sorted((part.device, part.error or "") for part in parts(lit, ticket))
        return all(reason in words for reason, (_, words) in zip(reversed(reasons), found, strict=True))

    wait_for(f"ticket {ticket} to wait for its next hops", wait)


def test_flow_whose_next_hop_goes_silent_returns_to_production_until_it_answers(
    lit: Stage, packets: Flow, tell: Tell
) -> None:
    ticket = lit.active(FLOW, by=RED.colour)
    packets.settles_on(RED)
    wait_for("the ticket to be whole", lambda: not degraded(lit, ticket))
    lit.lab.silence(RED, EAST)
    silent = time.monotonic()
    until_they_wait_for(lit, ticket, RED)
    packets.settles_on(PRODUCTION)
    tell("policy withdrawn, the flow on production", silent)
    wait_for("the ticket to be degraded", lambda: degraded(lit, ticket))
    lit.lab.wake(RED, EAST)
    awake = time.monotonic()
    wait_for("the ticket to be whole", lambda: not degraded(lit, ticket))
    packets.settles_on(RED)
    tell("the next hop answers again, the flow on its path", awake)
    lit.over(ticket)
    packets.settles_on(PRODUCTION)


def test_flow_whose_next_hop_goes_silent_takes_the_other_path_until_it_answers(
    lit: Stage, packets: Flow, tell: Tell
) -> None:
    ticket = lit.active(FLOW, by=GREEN.colour)
    packets.settles_on(GREEN)
    lit.lab.silence(GREEN, EAST)
    silent = time.monotonic()
    wait_for("both parts to go by their fallback", lambda: detours(lit, ticket) == hops(RED))
    packets.settles_on(RED)
    tell("the flow on the fallback", silent)
    wait_for("the ticket to be whole", lambda: not degraded(lit, ticket))
    wait_for("the path to be found up by its fallback", lambda: is_up_by_fallback(lit, ticket))
    lit.lab.wake(GREEN, EAST)
    awake = time.monotonic()
    wait_for("both parts to go as they were asked for", lambda: detours(lit, ticket) == [None, None])
    packets.settles_on(GREEN)
    tell("the next hop answers again, the flow back from the fallback", awake)
    lit.over(ticket)
    packets.settles_on(PRODUCTION)


def is_up_by_fallback(lit: Stage, ticket: int) -> bool:
    """Whether `path verify` would say so, of both routers."""
    serving, facts = lit.serving, lit.lab.facts()
    steering = serving.store.read(lambda session: read_steering(session, ticket))
    answer = judge(
        State.ACTIVE,
        steering.parts,
        {view.name: view for view in serving.device_views()},
        now=lit.clock.now(),
        stale_after=HOUR,
        steered=Ground("stage", facts, {router.name: router for router in facts.routers}).probe(steering),
    )
    said = {finding.device: finding.words for finding in answer.findings}
    around = [
        f"by its fallback {fallback}, since next hop {silent} does not answer" in said[side.router]
        and "went by red" in said[side.router]
        for side, silent, fallback in zip(SIDES, hops(GREEN), hops(RED), strict=True)
    ]
    return answer.verdict is Verdict.UP and all(around)


def detours(lit: Stage, ticket: int) -> list[str | None]:
    """Of west's part and of east's."""
    by_device = {part.device: part.detour for part in parts(lit, ticket) if part.in_sync}
    return [by_device.get(side.router, "out of sync") for side in SIDES]


def test_ticket_that_is_opened_while_its_next_hop_is_silent_moves_no_packet_before_it_answers(
    lit: Stage, tell: Tell
) -> None:
    lit.lab.silence(RED, EAST)
    with lit.flow(BESIDE).going() as going:
        watch = lit.watch(BESIDE)
        ticket = lit.ask(f"udp eq {BESIDE}", by=RED.colour).ticket_id
        until_they_wait_for(lit, ticket, RED)
        going.wait_for_more()
        assert lit.ticket(ticket).state is State.ACTIVATING
        left = watch.left()[BESIDE]
        assert [set(way) for way in left] == [{PRODUCTION.colour}] * 2
        lit.lab.wake(RED, EAST)
        awake = time.monotonic()
        lit.until_state(State.ACTIVE, ticket)
        tell("ticket opened while it was silent: active once it answers", awake)
        going.wait_for_more()
    # Every packet of it came back, before it moved and after it.
    wait_for("the flow to be on its path", lambda: lit.ways(BESIDE) == [({RED.colour}, {RED.colour})])
    lit.over(ticket)
    assert lit.ways(BESIDE) == [({PRODUCTION.colour}, {PRODUCTION.colour})]
