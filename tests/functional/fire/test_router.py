"""What may happen to a router with tickets on it: it is read again, and put back as the database has it."""

from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from netconfig.simulator import Action, Fault
from reservation.lifecycle import Outcome, State
from tests.contract.drivers.cisco_ios_bench import MAP, SITE_MAP, TEN_ONE, TICKETS, VARIANTS
from tests.functional.fire.conftest import DRIFT, HOUR, MINUTE, Border

pytestmark = pytest.mark.one_database("it is the router that things happen to")

BULK, CMS, SIX, LET_BULK_IN, _, LET_SIX_IN, VIDEO = TICKETS
OTHER = VARIANTS[0]
EDGE = "ip access-list extended EDGE-IN"


def lines_for(border: Border, number: int) -> list[str]:
    """The lines that are on the router in a reservation's name."""
    return [line for line in border.router.running_config().splitlines() if f"LS-FNAL-{number}" in line]


def test_reboot_to_an_old_startup_config_is_undone_with_what_it_brings_of_tickets_long_over(
    border: Border,
) -> None:
    border.worker()
    over = border.book_active(OTHER, LET_BULK_IN)
    kept = border.router.startup_config()
    stays = border.book_active(BULK, LET_SIX_IN)
    border.cancel(over)
    border.until_state(over, State.RELEASED)
    today = border.router.running_config()
    # Its permit stands in the site's own list, where nothing says whose it is.
    border.router.reboot(kept)
    assert lines_for(border, over)
    assert not lines_for(border, stays)
    border.until_read_again()
    assert border.router.running_config() == border.router.startup_config() == today
    assert (border.view(stays).state, border.view(stays).degraded_since) == (State.ACTIVE, None)
    assert border.changes()[-1].reservations == (over, stays)
    border.cancel(stays)
    border.until_state(stays, State.RELEASED)
    assert border.router.running_config() == border.original


def test_permit_that_a_ticket_had_before_it_was_modified_is_taken_away_again(border: Border) -> None:
    border.worker()
    number = border.book_active(BULK, LET_BULK_IN)
    kept = border.router.startup_config()
    border.modify(number, BULK, LET_SIX_IN)
    border.until(lambda: border.view(number).modifying_since is None)
    assert len(border.parts(number)) == 2
    today = border.router.running_config()
    border.router.reboot(kept)
    assert border.router.running_config() != today
    border.until_read_again()
    assert border.router.running_config() == border.router.startup_config() == today
    border.cancel(number)
    border.until_state(number, State.RELEASED)
    assert border.router.running_config() == border.original


def test_permit_of_a_ticket_long_over_outside_our_numbers_is_told_and_left(border: Border) -> None:
    border.worker()
    over = border.book_active(LET_BULK_IN)
    border.cancel(over)
    border.until_state(over, State.RELEASED)
    permit = "permit tcp 192.84.86.0 0.0.0.255 range 5000 6000 131.225.204.0 0.0.0.255 dscp cs4"
    border.rig.edit(EDGE, f"30 {permit}")
    by_hand, pushes = border.router.running_config(), border.router.pushes
    border.until_read_again()
    assert (border.router.running_config(), border.router.pushes) == (by_hand, pushes)
    (sentence,) = border.seen().strangers
    assert f"as reservation {over} did, which gave it up" in sentence


def test_router_that_lost_everything_gets_everything_back_in_one_push(border: Border) -> None:
    border.worker()
    numbers = [border.book_active(ticket) for ticket in (BULK, CMS, SIX, LET_BULK_IN, VIDEO)]
    today, changes = border.router.running_config(), len(border.changes())
    border.router.reboot(border.original)
    border.until_read_again()
    # Its entries are numbered as they were placed.
    assert border.router.running_config() == border.router.startup_config() == today
    assert len(border.changes()) == changes + 1
    assert {border.view(number).state for number in numbers} == {State.ACTIVE}


INSIDE: dict[str, Sequence[str]] = {
    "policy taken off": (f"interface {TEN_ONE}", "no ip policy route-map"),
    "next hop turned": (f"{MAP} permit 10", "set ip next-hop 192.0.2.7"),
    "list filled up": ("ip access-list extended LS-FNAL-{number}", "20 permit tcp host 131.225.204.9 any"),
    "permit taken out": (EDGE, "no 500"),
}


def test_hand_edits_of_ours_are_reported_and_repaired(border: Border) -> None:
    border.worker()
    number = border.book_active(BULK, LET_BULK_IN)
    other = border.book_active(SIX)
    border.staying = (SIX,)
    for what, edit in INSIDE.items():
        intact = border.router.running_config()
        border.rig.edit(*(line.format(number=number) for line in edit))
        assert border.router.running_config() != intact, what
        seen: list[object] = []
        border.at_line = lambda _session, _line: seen.append(border.view(number).degraded_since)  # noqa: B023
        with capture_logs() as logs:
            border.until_read_again()
        assert BULK.is_served(border.rig), what
        assert LET_BULK_IN.is_served(border.rig), what
        assert set(seen) - {None}, what
        told = [line for line in logs if line["event"] == "device drifted, repairing"]
        assert [line["device"] for line in told] == [border.device.name], what
        assert border.changes()[-1].reservations == (number,), what
        assert (border.view(number).degraded_since, border.view(number).state) == (None, State.ACTIVE)
        assert border.view(other).degraded_since is None


OUTSIDE: dict[str, Sequence[str]] = {
    "description": (f"interface {TEN_ONE}", "description campus, moved"),
    "entry of the site": ("route-map SITE-POLICY permit 20", "match ip address SITE-VIDEO"),
    "list of the site": ("ip access-list extended SITE-VIDEO", "20 permit udp any any dscp cs5"),
    "permit beside ours": (EDGE, "30 permit tcp any host 131.225.70.10 eq 443"),
    "permit in our numbers": (EDGE, "555 permit tcp any host 131.225.70.10 eq 8443"),
    "route": ("ip route 10.0.0.0 255.0.0.0 192.0.2.1",),
    "list that is nearly named like ours": ("ip access-list extended LSF-FNAL-1", "permit ip any any"),
}


def test_hand_edits_of_what_is_not_ours_are_never_touched(border: Border) -> None:
    border.worker()
    number = border.book_active(BULK, LET_BULK_IN)
    for what, edit in OUTSIDE.items():
        before = border.router.running_config()
        border.rig.edit(*edit)
        by_hand, pushes = border.router.running_config(), border.router.pushes
        assert by_hand != before
        border.until_read_again()
        assert (border.router.running_config(), border.router.pushes) == (by_hand, pushes), what
    assert border.view(number).degraded_since is None
    border.cancel(number)
    border.until_state(number, State.RELEASED)
    left = border.router.running_config()
    border.router.reboot(border.original)
    for edit in OUTSIDE.values():
        border.rig.edit(*edit)
    assert left == border.router.running_config()


def test_line_k_refused_fails_its_ticket_in_the_routers_words_and_no_neighbour(border: Border) -> None:
    border.worker()
    neighbours = (BULK, SIX, LET_SIX_IN, VIDEO)
    kept = [border.book_active(ticket) for ticket in neighbours]
    text = border.router.running_config()
    border.staying = neighbours
    border.moments.clear()
    whole = border.book_active(CMS, LET_BULK_IN)
    lines = len(border.moments)
    border.cancel(whole)
    border.until_state(whole, State.RELEASED)
    # Every line in turn is for tests/contract/drivers; here it is the whole way up to the ticket.
    for k in range(1, lines + 1, 3):
        border.router.faults.add(Fault(Action.REFUSE, number=k, words=f"% No room for line {k}\n"))
        number = border.book(CMS, LET_BULK_IN)
        border.until_state(number, State.RELEASED)
        view = border.view(number)
        assert view.outcome is Outcome.FAILED
        assert (view.reason or "").startswith(f"border-1: % No room for line {k} (at ")
        assert border.claims(number) == 0
        assert border.router.running_config() == text, k
    assert {border.view(number).state for number in kept} == {State.ACTIVE}
    assert [border.view(number).degraded_since for number in kept] == [None] * len(kept)


def test_line_k_of_a_removal_refused_keeps_the_claims_and_is_read_again_first(border: Border) -> None:
    border.worker()
    border.book_active(SIX)
    text = border.router.running_config()
    border.staying = (SIX,)
    # The interface's line, the entry and the list.
    for k in (2, 4, 5):
        number = border.book_active(BULK)
        border.router.faults.add(Fault(Action.REFUSE, number=k, words="% Not now\n"))
        border.cancel(number)
        border.until(lambda: border.seen().error_code == "device-state-unknown")
        assert (border.view(number).state, border.claims(number)) == (State.RELEASING, 1)
        assert "% Not now" in (border.seen().error or "")
        border.clock.ahead += MINUTE
        border.until_state(number, State.RELEASED)
        assert border.router.running_config() == text
        assert border.claims(number) == 0


def test_router_away_for_an_hour_keeps_its_claims_and_is_repaired_afterwards(border: Border) -> None:
    border.worker()
    ends, stays = border.book_active(BULK, length=10 * MINUTE), border.book_active(SIX, length=5 * HOUR)
    late: list[int] = []
    border.simulator.__exit__(None, None, None)
    for minute in range(0, 61, 3):
        failures = border.seen().failures
        border.clock.ahead += 3 * MINUTE
        if minute > 10:
            border.until(lambda f=failures: border.seen().failures > f)  # type: ignore[misc]
            border.until_state(ends, State.RELEASING)
            # What ends has it tried at once, and that fails once more.
            border.until(lambda: border.seen().next_attempt_at is not None)
            device = border.seen()
            assert (device.error_code, border.claims(ends)) == ("device-unreachable", 1)
            assert device.next_attempt_at is not None
            assert device.next_attempt_at - border.clock.now() <= MINUTE
        if minute == 30:
            late.append(border.book(CMS))
    assert border.view(stays).state is State.ACTIVE
    assert border.view(late[0]).state is State.ACTIVATING
    # Meanwhile somebody put back what it had before any ticket.
    border.router.reboot(border.original)
    border.simulator.__enter__()
    border.clock.ahead += MINUTE
    border.until_state(ends, State.RELEASED)
    border.until_state(late[0], State.ACTIVE)
    border.until(lambda: border.seen().in_sync)
    assert (border.claims(ends), border.view(ends).outcome) == (0, Outcome.COMPLETED)
    assert (border.seen().failures, border.seen().error_code) == (0, None)
    assert SIX.is_served(border.rig)
    assert not BULK.is_served(border.rig)
    assert lines_for(border, ends) == []


BREAKS = {
    "refused to be read": Fault(Action.REFUSE, line="^show running", where="exec"),
    "garbage for a reading": Fault(Action.GARBAGE, line="^show running", where="exec"),
    "drop in a reading": Fault(Action.DROP_AFTER, line="^show running", where="exec"),
    "garbage in a push": Fault(Action.GARBAGE, number=3),
    "garbage for every line of a push": Fault(Action.GARBAGE, times=None),
    "drop in a push": Fault(Action.DROP_BEFORE, number=6),
    "drop before an answer": Fault(Action.DROP_AFTER, number=8),
    "hang in a push": Fault(Action.HANG, number=5),
    "hang with a line taken": Fault(Action.HANG_AFTER, number=9),
    "reboot in a push": Fault(Action.FORGET, number=10),
    "no room to save": Fault(Action.REFUSE, line="^write", where="exec", words="% NVRAM full\n"),
    "slow": Fault(Action.SLOW, delay=MINUTE / 6000, times=None),
}
NAMED = dict.fromkeys(
    (
        "refused to be read",
        "garbage for a reading",
        "garbage in a push",
        "garbage for every line of a push",
    ),
    "device-state-unknown",
)
BORNE = {"slow", "drop in a reading"}
ENDED = {"garbage for every line of a push"}
"""Lasts until somebody mends it."""


def test_whatever_breaks_is_named_and_the_next_pass_finishes_it(border: Border) -> None:
    border.worker()
    border.book_active(SIX)
    without = border.router.running_config()
    border.staying = (SIX,)
    for what, fault in BREAKS.items():
        border.take_for_hung_soon(what.startswith("hang"))
        border.router.faults.add(fault)
        number = border.book(BULK, LET_BULK_IN, CMS)
        if what not in BORNE:
            named = NAMED.get(what, "device-unreachable")
            # It may strike a visit that was due before; then the booking's own, a moment later, goes well.
            border.until(lambda named=named: border.seen().error_code == named)  # type: ignore[misc]
            assert border.view(number).state in {State.SCHEDULED, State.ACTIVATING, State.ACTIVE}, what
            assert border.claims(number) == 1, what
            if what in ENDED:
                border.router.faults.clear()
            border.clock.ahead += MINUTE
        border.until_state(number, State.ACTIVE)
        border.router.faults.clear()
        for ticket in (BULK, LET_BULK_IN, CMS, SIX):
            assert ticket.is_served(border.rig), what
        assert border.router.running_config() == border.router.startup_config(), what
        border.cancel(number)
        border.until_state(number, State.RELEASED)
        assert border.router.running_config() == without, what


def test_interface_whose_card_is_out_waits_and_pushes_nothing(border: Border) -> None:
    border.worker()
    number, other = border.book_active(VIDEO), border.book_active(BULK)
    border.rig.edit("no route-map SITE-POLICY")
    by_hand, changes = border.router.running_config(), len(border.changes())
    border.clock.ahead += DRIFT
    border.until(lambda: border.seen().error_code == "device-waiting")
    assert "there is no route map SITE-POLICY" in (border.seen().error or "")
    for _ in range(3):
        before = border.seen().read_at
        border.clock.ahead += MINUTE
        border.until(lambda b=before: border.seen().read_at != b)  # type: ignore[misc]
        assert (border.seen().failures, border.seen().error_code) == (0, "device-waiting")
    assert (border.router.running_config(), len(border.changes())) == (by_hand, changes)
    assert border.view(number).degraded_since is not None
    assert border.view(other).degraded_since is None
    border.rig.edit(*SITE_MAP)
    border.clock.ahead += MINUTE
    border.until(lambda: border.seen().in_sync)
    assert VIDEO.is_served(border.rig)
    assert border.view(number).degraded_since is None
