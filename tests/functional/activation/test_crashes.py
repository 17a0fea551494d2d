"""kill -9 before and after every commit and every line to the router: the next pass repairs whatever is left.

Each case has a router, a database and two processes of its own: one that is killed, and one that is started
afterwards and comes to rest. How many commits and lines there are is counted in a life without a kill.
"""

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue

import pytest
from sqlalchemy import func, select

from activation.devices import view_changes, view_devices
from netconfig.simulator import IosRouter, SimulatorLoop
from reservation import service
from reservation.lifecycle import MOVES, Outcome, State
from reservation.tables import ClaimRow
from store import Store
from tests.conftest import make_database
from tests.databases import drop_database
from tests.functional.activation.crash_site import (
    HOUR,
    KIND,
    NOON,
    ORIGINAL,
    ROUTER,
    Kill,
    Phase,
    Site,
    Told,
    all_rows,
    book,
    put_rows,
)
from tests.functional.activation.victim import serve

pytestmark = pytest.mark.one_database(
    "what dies here is the worker, between commits: one kind gets the hundreds of cases, the others some"
)
AT_ONCE = 2
"""Cases run side by side."""
Databases = Queue[Store]


@pytest.fixture(scope="module")
def loop() -> Iterator[SimulatorLoop]:
    with SimulatorLoop() as running:
        yield running


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Databases]]:
    """A few databases of each kind, made when they are first asked for: making one takes a while."""
    made: dict[str, list[Store]] = {}
    free: dict[str, Databases] = {}

    def of_kind(kind: str) -> Databases:
        if kind not in free:
            folder = tmp_path_factory.mktemp(kind)
            made[kind] = [make_database(kind, folder / str(number)) for number in range(AT_ONCE)]
            free[kind] = Queue()
            for store in made[kind]:
                free[kind].put(store)
        return free[kind]

    yield of_kind
    for store in (store for stores in made.values() for store in stores):
        store.close()
        drop_database(store.engine.url)


@pytest.fixture(scope="module")
def phases(
    tmp_path_factory: pytest.TempPathFactory,
    loop: SimulatorLoop,
    databases: Callable[[str], Databases],
    database_kind: str,
) -> dict[str, Phase]:
    """The two halves of one ticket's life, lived once without a kill."""
    store = databases(database_kind).get()
    with Site(tmp_path_factory.mktemp("whole-life"), loop, store, ORIGINAL) as site:
        book(store, site.device)
        booked, original = all_rows(store), site.router.running_config()
        assert site.run(NOON)[0] == 0
        active, configured = all_rows(store), site.router.running_config()
    databases(database_kind).put(store)
    return {
        "activation": Phase("activation", NOON, booked, original, configured, State.ACTIVE),
        "release": Phase("release", NOON + HOUR, active, configured, original, State.RELEASED),
    }


Lives = Callable[..., Told]


@pytest.fixture
def live_through(loop: SimulatorLoop, databases: Callable[[str], Databases], tmp_path: Path) -> Lives:
    """One case: half a life with a kill in it, then a process without, and all as if nothing had been."""

    def live(phase: Phase, kill: Kill | None, kind: str = "sqlite") -> Told:
        directory = tmp_path / str(kill)
        directory.mkdir()
        store = databases(kind).get()
        try:
            put_rows(store, phase.rows)
            with Site(directory, loop, store, phase.before) as site:
                code, told = site.run(phase.now, kill)
                if kill is not None:
                    assert code == -signal.SIGKILL
                    code, _ = site.run(phase.now)
                assert code == 0
                check(store, phase, site.router)
        finally:
            databases(kind).put(store)
        return told

    return live


def check(store: Store, phase: Phase, router: IosRouter) -> None:
    assert router.running_config() == phase.after
    assert router.startup_config() == phase.after
    (view,) = store.read(service.list_reservations)
    assert view.state is phase.state
    (device,) = store.read(view_devices)
    assert (device.in_sync, device.error_code, device.strangers) == (True, None, ())
    history = store.read(lambda s: service.history(s, view.id))
    state = State.HELD
    for move in history[1:]:
        assert move.from_state is state
        assert move.cause is not None
        state = MOVES[state][move.cause]
        assert move.to_state is state
    assert state is phase.state
    assert len({move.to_state for move in history}) == len(history)
    claims = store.read(lambda s: s.scalar(select(func.count()).select_from(ClaimRow)))
    if phase.state is State.RELEASED:
        assert (claims, view.outcome) == (0, Outcome.COMPLETED)
    else:
        assert (claims, view.outcome) == (1, None)
        assert view.degraded_since is None


def failures(lives: Lives, phase: Phase, kills: Iterable[Kill], kind: str = "sqlite") -> list[str]:
    """What went wrong, case by case."""

    def attempt(kill: Kill) -> str | None:
        try:
            lives(phase, kill, kind)
        except AssertionError as error:
            return f"killed {kill}: {error}"
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [told for told in pool.map(attempt, kills) if told]


@pytest.mark.parametrize("half", ["activation", "release"])
@pytest.mark.parametrize(
    ("what", "before", "after"),
    [("commits", "before commit", "after commit"), ("lines", "line lost", "line taken")],
)
def test_kill_at_any_moment_is_repaired_by_the_next_pass(
    half: str, what: str, before: str, after: str, phases: dict[str, Phase], live_through: Lives
) -> None:
    """Between a commit or a line and what comes next, be it a line or a commit, nothing changes that lasts.

    So a kill before each of them and one after the last have met every state there is.
    """
    last: int = getattr(live_through(phases[half], None), what)
    assert last > 10
    kills = [*(Kill(before, n + 1) for n in range(last)), Kill(after, last)]
    assert failures(live_through, phases[half], kills) == []


@pytest.mark.parametrize(("kind", "first"), [("mariadb", 0), ("postgresql", 1)])
@pytest.mark.parametrize("half", ["activation", "release"])
def test_kill_at_some_of_these_moments_is_repaired_on_a_server_too(
    half: str, kind: str, first: int, phases: dict[str, Phase], live_through: Lives
) -> None:
    told = live_through(phases[half], None, kind)
    commits = [Kill(f"{side} commit", n + 1) for n in range(told.commits) for side in ("before", "after")]
    lines = [Kill(f"line {fate}", n + 1) for n in range(told.lines) for fate in ("lost", "taken")]
    # The servers take turns, so that together they see more of them.
    some = [*commits[first :: len(commits) // 4 | 1], *lines[first :: len(lines) // 2 | 1]]
    assert len({kill.what for kill in some}) == 4
    assert failures(live_through, phases[half], some, kind) == []


def test_real_worker_killed_again_and_again_gets_there_and_back(
    loop: SimulatorLoop, own_store: Store, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    with Site(tmp_path, loop, own_store, ORIGINAL) as site:
        original = site.router.running_config()
        book(own_store, site.device, now=now)
        for state in (State.ACTIVE, State.RELEASED):
            for kill in (Kill("line taken", 2), Kill("line lost", 3), Kill("line taken", 1)):
                assert site.run(now, kill, target=serve)[0] == -signal.SIGKILL
            assert site.run(now, target=serve)[0] == 0
            (view,) = own_store.read(service.list_reservations)
            assert view.state is state
            if state is State.ACTIVE:
                assert site.router.running_config() != original
                own_store.write(
                    lambda s, id_=view.id: service.cancel(s, id_, kind=KIND, now=now, actor="x")  # type: ignore[misc]
                )
        assert site.router.running_config() == site.router.startup_config() == original
        (view,) = own_store.read(service.list_reservations)
        assert view.outcome is Outcome.CANCELLED


def test_forty_that_start_in_one_second_are_one_push_per_stage_and_leave_the_router_as_it_was(
    loop: SimulatorLoop, own_store: Store, tmp_path: Path
) -> None:
    store = own_store
    with Site(tmp_path, loop, store, ORIGINAL) as site:
        original = site.router.running_config()
        book(store, site.device, tickets=40)
        assert site.run(NOON)[0] == 0
        states = {view.state for view in store.read(service.list_reservations)}
        assert states == {State.ACTIVE}
        assert site.router.pushes == 2
        theirs = [line for line in original.splitlines() if line != "!"]
        configured = [line for line in site.router.running_config().splitlines() if line != "!"]
        assert [line for line in configured if line in theirs] == theirs
        assert sum(line.startswith("ip access-list extended LS-FNAL-") for line in configured) == 40
        assert site.run(NOON + HOUR)[0] == 0
        assert {view.state for view in store.read(service.list_reservations)} == {State.RELEASED}
        assert site.router.pushes == 4
        assert site.router.running_config() == original
        changes = store.read(lambda s: view_changes(s, ROUTER))
        assert [len(change.reservations) for change in changes] == [40] * 4
