"""A database that is away is asked ever less often, and spoken of twice: when it goes and when it is back."""

import pytest
from structlog.testing import capture_logs

from activation.outages import LONGEST, SHORTEST, Outages
from store import StoreUnavailable

GONE = StoreUnavailable("gone")


class Seconds:
    """A steady clock that only tests move."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def outages(seconds: Seconds) -> Outages:
    return Outages(steady=seconds)


def pause(outages: Outages, seconds: Seconds, who: str) -> float:
    """How long it has to wait, to the hundredth."""
    began = seconds.at
    while not outages.may_ask(who):
        seconds.at += 0.01
    return seconds.at - began


def test_pauses_double_up_to_some_seconds(outages: Outages, seconds: Seconds) -> None:
    for times in range(20):
        outages.away("far-1", GONE)
        whole = min(SHORTEST * 2**times, LONGEST).total_seconds()
        assert whole / 2 <= pause(outages, seconds, "far-1") <= whole + 0.01


def test_each_waits_for_itself_and_no_longer_than_until_it_is_answered(outages: Outages) -> None:
    outages.away("far-1", GONE)
    assert not outages.may_ask("far-1")
    assert outages.may_ask("near-1")
    outages.back("near-1")
    assert not outages.may_ask("far-1")
    outages.back("far-1")
    assert outages.may_ask("far-1")


def test_pauses_begin_anew_after_an_answer(outages: Outages, seconds: Seconds) -> None:
    for _ in range(10):
        outages.away("far-1", GONE)
    outages.back("far-1")
    outages.away("far-1", GONE)
    assert pause(outages, seconds, "far-1") <= SHORTEST.total_seconds() + 0.01


def test_outage_is_logged_when_it_begins_and_when_it_is_over(outages: Outages) -> None:
    with capture_logs() as logs:
        outages.back("far-1")
        for _ in range(5):
            for who in ("", "far-1", "near-1"):
                outages.away(who, GONE)
        outages.back("")
        outages.back("far-1")
        outages.forget_all_but({"", "far-1"})
        outages.back("far-1")
    assert [line["event"] for line in logs] == ["database away", "database back"]
    assert logs[0]["error"] == "gone"
