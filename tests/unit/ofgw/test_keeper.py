"""What is wanted is made so, in a safe order, through every failure and restart; strangers stay."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netconfig.gateway import ControllerProxy, UserAccess, VlanMap, VlanPair
from netconfig.slicestate import LEGACY, Carried, Item, ItemIntent, Order, Report, SliceKey, SliceState
from ofgw.backend import Found, Memory
from ofgw.errors import BackEndFailed, FaultCode, Refused
from ofgw.keeper import Keeper
from ofgw.statefile import StateFile

BEGIN = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONTROLLER = ControllerProxy("192.0.2.1", 6633)
VLANS = VlanMap((VlanPair(10, 0), VlanPair(30, 20)))
GROUP = UserAccess("1_demo")
ALL = Carried(CONTROLLER, VLANS, GROUP)
OTHERS = Carried(ControllerProxy("192.0.2.2", 6633), VlanMap((VlanPair(11, 0),)), UserAccess("2_other"))


class Breakable(Memory):
    """Remembers, writes down what it was asked, and fails when it is told to."""

    def __init__(self, item: Item, story: list[str]) -> None:
        super().__init__(item)
        self.story = story
        self.broken: set[str] = set()

    def check(self, intent: ItemIntent) -> None:
        if "check" in self.broken:
            raise ValueError("never here")

    def read(self) -> Found | None:
        self._fail("read")
        return super().read()

    def carry(self, wanted: Found) -> None:
        self._fail("carry")
        self.story.append(f"{wanted.reservation} {self.item} on")
        super().carry(wanted)

    def clear(self) -> None:
        self._fail("clear")
        assert self.found is not None
        self.story.append(f"{self.found.reservation} {self.item} off")
        super().clear()

    def _fail(self, what: str) -> None:
        if what in self.broken:
            raise BackEndFailed(f"cannot {what}")


class Gateway:
    """A keeper over breakable back ends, with a clock that is set by hand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.story: list[str] = []
        self.things = {item: Breakable(item, self.story) for item in Item}
        self.now = BEGIN
        self.restart()

    def restart(self) -> None:
        self.keeper = Keeper(
            list(self.things.values()), StateFile(self.path), clock=lambda: self.now, agent="test"
        )

    def has(self) -> set[tuple[Item, int]]:
        return {(item, one.found.reservation) for item, one in self.things.items() if one.found}

    def told(self, act: Callable[[], object]) -> list[str]:
        self.story.clear()
        act()
        return list(self.story)


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path / "state.json")


def order(
    reservation: int | None = 42,
    carried: Carried = ALL,
    *,
    database: str = "db",
    until: datetime | None = BEGIN + HOUR,
    instead_of: SliceKey | None = None,
) -> Order:
    wanted = None
    if reservation is not None:
        wanted = SliceState(SliceKey("FNAL", database, reservation), until, carried)
    return Order("FNAL", database, wanted, instead_of)


def running(report: Report) -> list[tuple[int, bool, bool]]:
    return [(one.state.key.reservation, one.is_wanted, bool(one.state.carried)) for one in report.held]


def all_of(reservation: int) -> set[tuple[Item, int]]:
    return {(item, reservation) for item in Item}


def test_slice_comes_with_its_traffic_last_and_goes_with_it_first(gateway: Gateway) -> None:
    assert gateway.told(lambda: gateway.keeper.follow(order())) == [
        "42 group on",
        "42 controller on",
        "42 vlans on",
    ]
    report = gateway.keeper.report()
    assert report.held[0].state == SliceState(SliceKey("FNAL", "db", 42), BEGIN + HOUR, ALL)
    assert not report.troubles
    assert gateway.told(lambda: gateway.keeper.follow(order(None))) == [
        "42 vlans off",
        "42 controller off",
        "42 group off",
    ]
    assert running(gateway.keeper.report()) == []


def test_the_first_is_off_before_the_second_is_on(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    story = gateway.told(lambda: gateway.keeper.follow(order(43, OTHERS)))
    assert [line[-3:].strip() for line in story] == ["off"] * 3 + ["on"] * 3
    assert gateway.has() == all_of(43)


def test_change_of_one_thing_leaves_the_others_alone(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    story = gateway.told(lambda: gateway.keeper.follow(order(carried=replace(ALL, vlans=OTHERS.vlans))))
    assert story == ["42 vlans on"]
    assert gateway.told(lambda: gateway.keeper.follow(order(carried=Carried(group=GROUP)))) == [
        "42 vlans off",
        "42 controller off",
    ]


def test_the_same_order_twice_does_nothing_twice(gateway: Gateway) -> None:
    first = gateway.keeper.follow(order())
    assert gateway.told(lambda: gateway.keeper.follow(order())) == []
    assert gateway.keeper.report() == first


@pytest.mark.parametrize("item", Item)
def test_second_waits_while_the_first_cannot_be_taken_off(gateway: Gateway, item: Item) -> None:
    gateway.keeper.follow(order())
    for what in ("clear", "read"):
        gateway.things[item].broken = {what}
        report = gateway.keeper.follow(order(43, OTHERS))
        assert report.troubles[item] == f"cannot {what}"
        assert all(reservation == 42 for _, reservation in gateway.has())
        if what == "clear":
            assert running(report) == [(43, True, False), (42, False, True)]
        gateway.restart()
        gateway.keeper.turn()
        assert all(reservation == 42 for _, reservation in gateway.has())
    gateway.things[item].broken = set()
    gateway.keeper.turn()
    assert gateway.has() == all_of(43)
    assert running(gateway.keeper.report()) == [(43, True, True)]


@pytest.mark.parametrize("item", Item)
def test_what_cannot_be_brought_is_told_and_tried_again(gateway: Gateway, item: Item) -> None:
    gateway.things[item].broken = {"carry"}
    report = gateway.keeper.follow(order())
    assert report.troubles == {item: "cannot carry"}
    assert gateway.has() == all_of(42) - {(item, 42)}
    pauses = [gateway.keeper.turn() for _ in range(8)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(seconds=30)
    gateway.things[item].broken = set()
    gateway.keeper.turn()
    assert gateway.has() == all_of(42)
    assert not gateway.keeper.report().troubles


def test_error_nobody_thought_of_is_one_things_trouble(gateway: Gateway) -> None:
    def burst(wanted: Found) -> None:
        raise ZeroDivisionError

    gateway.things[Item.VLANS].carry = burst  # type: ignore[method-assign]
    report = gateway.keeper.follow(order())
    assert "log" in report.troubles[Item.VLANS]
    assert len(gateway.has()) == 2


def test_what_somebody_took_away_is_put_back(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    gateway.things[Item.GROUP].found = Found(None, 42)
    gateway.things[Item.VLANS].found = None
    held = gateway.keeper.report().held[0].state.carried
    assert held == Carried(CONTROLLER)
    # What is left of it is replaced, not taken off first.
    assert gateway.told(gateway.keeper.turn) == ["42 group on", "42 vlans on"]
    assert gateway.has() == all_of(42)
    assert gateway.things[Item.GROUP].found == Found(GROUP, 42)


def test_slice_runs_again_after_a_restart_unless_it_is_over(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    gateway.things[Item.CONTROLLER].found = None
    gateway.restart()
    gateway.keeper.turn()
    assert gateway.has() == all_of(42)
    gateway.now += HOUR
    gateway.restart()
    gateway.keeper.turn()
    assert gateway.has() == set()


def test_slot_ends_at_the_end_that_was_told_without_another_word(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    gateway.now += HOUR - timedelta(seconds=2)
    assert gateway.keeper.turn() == timedelta(seconds=2)
    assert gateway.has() == all_of(42)
    gateway.now += timedelta(seconds=2)
    gateway.things[Item.GROUP].broken = {"clear"}
    gateway.keeper.turn()
    assert gateway.has() == {(Item.GROUP, 42)}
    gateway.things[Item.GROUP].broken = set()
    gateway.keeper.turn()
    report = gateway.keeper.report()
    assert gateway.has() == set()
    assert report.ended == (
        "reservation 42 of station FNAL, database db: ended at 2026-11-22T09:00:00Z, as told"
    )


def test_later_end_is_enough_to_go_on(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    assert gateway.told(lambda: gateway.keeper.follow(order(until=BEGIN + 2 * HOUR))) == []
    gateway.now += HOUR
    gateway.restart()
    gateway.keeper.turn()
    assert gateway.has() == all_of(42)


def test_slot_that_is_over_is_refused(gateway: Gateway) -> None:
    gateway.now += HOUR
    with pytest.raises(Refused, match=r"^slot-over: ") as caught:
        gateway.keeper.follow(order())
    assert caught.value.fault is FaultCode.SLOT_OVER
    assert gateway.has() == set()


def test_another_databases_slice_stays_until_it_is_over_or_named(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    with pytest.raises(Refused, match=r"^not-yours: .*reservation 42 of station FNAL, database db"):
        gateway.keeper.follow(order(7, OTHERS, database="other"))
    other = SliceKey("FNAL", "other", 42)
    with pytest.raises(Refused, match="not-yours"):
        gateway.keeper.follow(order(7, OTHERS, database="other", instead_of=other))
    assert running(gateway.keeper.follow(order(None, database="other"))) == [(42, True, True)]
    assert gateway.has() == all_of(42)
    there = SliceKey("FNAL", "db", 42)
    gateway.keeper.follow(order(7, OTHERS, database="other", until=BEGIN + HOUR, instead_of=there))
    assert gateway.has() == all_of(7)
    gateway.now += HOUR
    gateway.keeper.follow(order(43, ALL, until=BEGIN + 2 * HOUR))
    assert gateway.has() == all_of(43)


def test_same_number_of_another_database_is_another_slice(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    gateway.things[Item.GROUP].broken = {"clear"}
    there = SliceKey("FNAL", "db", 42)
    gateway.keeper.follow(order(42, ALL, database="other", instead_of=there))
    gateway.restart()
    gateway.keeper.turn()
    assert gateway.has() == {(Item.GROUP, 42)}
    gateway.things[Item.GROUP].broken = set()
    assert gateway.told(gateway.keeper.turn) == ["42 group off"] + [
        f"42 {item} on" for item in ("group", "controller", "vlans")
    ]


def test_thing_that_never_can_be_is_refused_and_nothing_else_is_done(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    gateway.things[Item.VLANS].broken = {"check"}
    with pytest.raises(Refused, match=r"^bad-value vlans: never here") as caught:
        gateway.keeper.follow(order(43, OTHERS))
    assert caught.value.item == Item.VLANS
    assert gateway.has() == all_of(42)


def test_what_cannot_be_kept_is_not_begun(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    gateway.path.with_suffix(".new").mkdir()
    with pytest.raises(Refused, match=r"^not-done: .*cannot be written"):
        gateway.keeper.follow(order(43, OTHERS))
    assert gateway.has() == all_of(42)


@pytest.mark.parametrize("by", ["its end", "its manager"])
def test_what_is_to_go_goes_without_a_disk_and_is_kept_when_there_is_one(gateway: Gateway, by: str) -> None:
    gateway.keeper.follow(order(until=BEGIN + 2 * HOUR if by == "its manager" else BEGIN + HOUR))
    full = gateway.path.with_suffix(".new")
    full.mkdir()
    gateway.now += HOUR
    if by == "its manager":
        gateway.keeper.follow(order(None))
    else:
        gateway.keeper.turn()
    assert gateway.has() == set()
    full.rmdir()
    gateway.keeper.turn()
    gateway.now = BEGIN
    gateway.restart()
    gateway.keeper.turn()
    assert gateway.has() == set()


def test_one_by_one_and_managers_slices_do_not_mix(gateway: Gateway) -> None:
    gateway.keeper.change(Item.CONTROLLER, CONTROLLER)
    gateway.keeper.change(Item.GROUP, GROUP)
    assert gateway.keeper.report().held[0].state == SliceState(LEGACY, None, Carried(CONTROLLER, None, GROUP))
    with pytest.raises(Refused, match=r"not-yours: .*without a reservation"):
        gateway.keeper.follow(order())
    gateway.keeper.change(Item.GROUP, None)
    gateway.keeper.change(Item.CONTROLLER, None)
    gateway.keeper.follow(order())
    with pytest.raises(Refused, match="not-yours"):
        gateway.keeper.change(Item.CONTROLLER, None)
    assert gateway.has() == all_of(42)


def test_one_by_one_tells_what_could_not_be_done(gateway: Gateway) -> None:
    gateway.things[Item.VLANS].broken = {"carry"}
    with pytest.raises(Refused, match=r"^not-done vlans: cannot carry; it is tried again"):
        gateway.keeper.change(Item.VLANS, VLANS)
    gateway.things[Item.VLANS].broken = set()
    gateway.keeper.turn()
    assert gateway.has() == {(Item.VLANS, 0)}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"wanted": {"key": 1}}', '{"wanted": {"slice": {}}}'])
def test_unreadable_memory_is_put_aside_and_nothing_is_wanted(gateway: Gateway, text: str) -> None:
    gateway.keeper.follow(order())
    gateway.path.write_text(text, encoding="utf-8")
    gateway.restart()
    gateway.keeper.turn()
    assert gateway.has() == set()
    assert gateway.path.with_suffix(".bad").read_text(encoding="utf-8") == text


def test_memory_is_the_agents_alone(gateway: Gateway) -> None:
    gateway.keeper.follow(order())
    assert gateway.path.stat().st_mode & 0o777 == 0o600
