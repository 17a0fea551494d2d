"""What may happen to workers and their database while a router is being configured."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import asyncssh
import pytest

from netconfig.simulator import SimulatorLoop
from reservation import service
from reservation.lifecycle import Outcome, State
from store import Store
from tests.contract.drivers.cisco_ios_bench import TICKETS, VARIANTS
from tests.contract.drivers.cli_rig import PASSWORD
from tests.databases import server
from tests.functional.fire.conftest import MINUTE, PATIENCE, STATION, Border
from tests.functional.fire.stalled import Post, serve
from tests.processes import Forked

pytestmark = pytest.mark.one_database(
    "it is the worker that things happen to; where it is the database, a test names the server"
)

BULK, CMS, SIX, LET_BULK_IN, _, LET_SIX_IN, VIDEO = TICKETS
OTHER = VARIANTS[0]
LEASE = timedelta(seconds=2)
STALLS_AT = 6


@contextmanager
def process(border: Border, owner: str) -> Iterator[Forked]:
    """A worker as another process."""
    url = border.store.engine.url.render_as_string(hide_password=False)
    post = Post(url, border.device, STATION, owner, LEASE, {"BENCH_PASSWORD": PASSWORD})
    started = Forked(serve, post)
    try:
        yield started
    finally:
        started.kill()
        started.wait(PATIENCE)


def at_line(number: int, act: Callable[[], None]) -> Callable[[int, str], None]:
    """Do something, once, before that line of configuration."""
    seen = iter(range(1, 1_000_000))

    def look(_session: int, _line: str) -> None:
        if next(seen) == number:
            act()

    return look


def test_worker_stopped_in_mid_push_past_its_lease_pushes_and_writes_nothing_when_it_goes_on(
    border_on_server: Border,
) -> None:
    border = border_on_server
    # Whether a lease has run out is looked up by the worker's clock too.
    border.clock.runs = True
    stopped = threading.Event()
    with process(border, "stalls") as stalls:

        def stop() -> None:
            os.kill(stalls.pid, signal.SIGSTOP)
            stopped.set()

        border.at_line = at_line(STALLS_AT, stop)
        number = border.book(BULK, CMS, SIX)
        assert stopped.wait(PATIENCE)
        # Its lease runs out by the database's clock; nobody tells the next worker but that clock.
        border.worker("goes on")
        # Should it have been stopped in a transaction, the server ends that first, after a minute.
        border.until(lambda: border.view(number).state is State.ACTIVE, patience=2 * PATIENCE)
        assert border.seen().worker == "goes on"
        first, second = border.changes()
        assert (first.outcome, second.outcome) == (None, "pushed")
        text, lines = border.router.running_config(), len(border.router.journal)
        os.kill(stalls.pid, signal.SIGCONT)
        border.until(lambda: border.changes()[0].outcome is not None)
        assert border.changes()[0].outcome == "device-unreachable"
        # It ends what it had sent before it was stopped, and not a line comes after that.
        assert len(border.router.journal) == lines
        assert border.router.running_config() == text
        device = border.seen()
        assert (device.worker, device.failures, device.error) == ("goes on", 0, None)
        assert border.view(number).state is State.ACTIVE
    assert all(ticket.is_served(border.rig) for ticket in (BULK, CMS, SIX))


def test_worker_killed_in_mid_push_is_followed_by_one_that_was_waiting(border: Border) -> None:
    border.clock.runs = True
    with process(border, "dies") as dies:
        border.until(lambda: border.seen().worker == "dies")
        # As it was when "dies" came to it: read, and nothing to be done.
        border.until(lambda: border.seen().read_at is not None)
        border.worker("waits")
        border.at_line = at_line(STALLS_AT, dies.kill)
        number = border.book(BULK, CMS, SIX)
        border.until_state(number, State.ACTIVE)
        assert border.seen().worker == "waits"
    assert all(ticket.is_served(border.rig) for ticket in (BULK, CMS, SIX))


@pytest.mark.parametrize("wrong", ["password", "host key", "secret that is not there"])
def test_router_that_does_not_know_us_or_that_we_do_not_know_is_named_and_left_alone(
    border: Border, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, words = border.device, "refuses the login of lambda"
    if wrong == "password":
        monkeypatch.setenv("BENCH_PASSWORD", "hunter2-hunter2")
    elif wrong == "host key":
        key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
        device, words = device.model_copy(update={"host_key": key}), "another host key than the site file"
    else:
        monkeypatch.delenv("BENCH_PASSWORD")
        words = "BENCH_PASSWORD is not set"
    worker = border.worker(device=device)
    number = border.book(BULK)
    border.until(lambda: border.seen().failures > 0 and border.view(number).state is State.ACTIVATING)
    assert border.seen().error_code == "device-unreachable"
    assert words in (border.seen().error or "")
    assert "hunter2" not in (border.seen().error or "")
    assert border.claims(number) == 1
    assert (border.router.sessions, border.changes()) == (0, ())
    worker.stop()
    # Mended where it was wrong, it is taken up as if nothing had been.
    monkeypatch.setenv("BENCH_PASSWORD", PASSWORD)
    border.clock.ahead += MINUTE
    border.worker("after the mending")
    border.until_state(number, State.ACTIVE)
    assert border.seen().error_code is None


def test_host_key_changed_under_a_worker_ends_its_session_and_nothing_is_pushed(
    border: Border, loop: SimulatorLoop
) -> None:
    border.worker()
    number = border.book_active(BULK)
    text, sessions = border.router.running_config(), border.router.sessions
    genuine = border.simulator
    genuine.__exit__(None, None, None)
    border.simulator = border.listen(loop, port=genuine.port)
    late = border.book(CMS)
    border.until(lambda: "another host key" in (border.seen().error or ""))
    assert (border.router.running_config(), border.router.sessions) == (text, sessions)
    assert (border.view(number).state, border.view(late).state) == (State.ACTIVE, State.ACTIVATING)
    border.simulator.__exit__(None, None, None)
    border.simulator = genuine
    genuine.__enter__()
    border.clock.ahead += MINUTE
    border.until_state(late, State.ACTIVE)


def test_empty_database_removes_nothing_and_tells_what_it_does_not_know(
    border: Border, other_database: Store
) -> None:
    right = border.worker()
    numbers = [border.book_active(ticket) for ticket in (BULK, SIX, LET_BULK_IN, VIDEO)]
    right.stop()
    text, lines = border.router.running_config(), len(border.router.journal)
    border.worker("of the empty one", store=other_database)
    border.until(lambda: border.seen(other_database).read_at is not None)
    assert (border.router.running_config(), len(border.router.journal)) == (text, lines)
    strangers = border.seen(other_database).strangers
    for number in (numbers[0], numbers[1], numbers[3]):
        assert any(f"LS-FNAL-{number}" in sentence for sentence in strangers)


def test_wrong_database_with_the_same_numbers_serves_its_own_and_removes_nothing(
    border: Border, other_database: Store
) -> None:
    right = border.worker()
    ours = (BULK, LET_BULK_IN, VIDEO)
    numbers = [border.book_active(ticket) for ticket in ours]
    right.stop()
    text = border.router.running_config()
    border.staying = ours
    wrong = border.worker("of the wrong one", store=other_database)
    theirs = [border.book(ticket, store=other_database) for ticket in (CMS, OTHER, LET_SIX_IN)]
    assert theirs == numbers
    border.until(lambda: all_are(border, other_database, State.ACTIVE))
    before = [line for line in text.splitlines() if line != "!"]
    during = border.router.running_config().splitlines()
    assert [line for line in before if line not in during] == []
    border.clock.ahead += 10 * 60 * MINUTE
    border.until(lambda: all_are(border, other_database, State.RELEASED))
    assert border.router.running_config() == text
    wrong.stop()
    border.clock.ahead -= 10 * 60 * MINUTE


def all_are(border: Border, store: Store, state: State) -> bool:
    return {view.state for view in store.read(service.list_reservations)} == {state}


def test_database_that_crashes_in_the_middle_of_a_push_and_comes_back_loses_nothing(
    border_on_server: Border,
) -> None:
    border = border_on_server
    running = server(border.store.engine.url.get_backend_name())
    reached, goes_on = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        assert goes_on.wait(PATIENCE)

    border.worker()
    stays = border.book_active(SIX)
    border.staying = (SIX,)
    border.at_line = at_line(STALLS_AT, wait)
    number = border.book(BULK, LET_BULK_IN)
    assert reached.wait(PATIENCE)
    with running.down(running.crash):
        goes_on.set()
        # The router takes what was sent, whether anybody can write it down or not.
        border.until(lambda: BULK.is_served(border.rig) and LET_BULK_IN.is_served(border.rig))
    border.until_state(number, State.ACTIVE)
    border.until(lambda: border.seen().in_sync)
    assert border.changes()[-1].outcome == "pushed"
    assert border.router.running_config() == border.router.startup_config()
    assert (border.view(stays).state, border.view(stays).degraded_since) == (State.ACTIVE, None)
    border.cancel(number)
    border.until_state(number, State.RELEASED)
    assert (border.view(number).outcome, border.claims(number)) == (Outcome.CANCELLED, 0)
