"""When the host is asked to find out a path's MTU anew."""

from pathlib import Path

import pytest

from hosttools import pathmtu
from hosttools.pathmtu import MtuWatch, forget_path_mtus
from hosttools.programs import ProgramFailed
from hosttools.record import On


def due(watch: MtuWatch, *told: tuple[On, int | None, float]) -> list[bool]:
    return [watch.due(on, mtu, seconds) for on, mtu, seconds in told]


def test_it_is_looked_for_on_the_alternate_path_until_it_is_larger() -> None:
    watch = MtuWatch()
    assert due(watch, (On.PRODUCTION, 1500, 1.0), (On.CHANGING, 1500, 1.5)) == [False, False]
    assert due(
        watch,
        (On.ALTERNATE, 1500, 2.0),
        (On.ALTERNATE, 1500, 2.2),
        (On.ALTERNATE, 1500, 2.6),
        (On.ALTERNATE, 9000, 4.0),
        (On.ALTERNATE, 9000, 9.0),
    ) == [True, False, True, False, False]


def test_a_path_that_is_no_larger_is_left_in_peace_after_a_few_times() -> None:
    watch = MtuWatch()
    watch.due(On.PRODUCTION, 1500, 0.0)
    assert sum(watch.due(On.ALTERNATE, 1500, seconds / 10) for seconds in range(600)) == 4


def test_back_on_the_production_path_it_is_looked_for_if_that_one_s_is_larger() -> None:
    for production, alternate, expected in ((9000, 1500, True), (1500, 9000, False), (None, None, False)):
        watch = MtuWatch()
        watch.due(On.PRODUCTION, production, 0.0)
        watch.due(On.ALTERNATE, alternate, 1.0)
        assert due(watch, (On.CHANGING, alternate, 2.0), (On.PRODUCTION, alternate, 3.0)) == [False, expected]
        assert not watch.due(On.PRODUCTION, alternate, 4.0)


def test_where_it_is_not_known_it_is_looked_for_once() -> None:
    watch = MtuWatch()
    assert due(watch, (On.ALTERNATE, None, 0.0), (On.ALTERNATE, None, 9.0)) == [True, False]


def test_where_it_may_not_be_forgotten_it_is_said_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pathmtu, "_FLUSH", tmp_path)
    assert "CAP_NET_ADMIN" in (forget_path_mtus(4) or "")
    monkeypatch.setattr(pathmtu, "run", refused)
    assert "Operation not permitted" in (forget_path_mtus(6) or "")


def refused(*command: str) -> str:
    raise ProgramFailed("ip: RTNETLINK answers: Operation not permitted")
