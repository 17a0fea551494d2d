"""Whether a path is up, judged from what devices last told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from activation.devices import DeviceView
from pathservice.verify import Answer, Probe, Steered, Verdict, judge
from reservation.lifecycle import State
from reservation.model import PartCount, PartView

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
DEVICE = DeviceView(
    name="border-1",
    platform="cisco_ios",
    in_sync=True,
    generation=3,
    read_at=NOON - 30 * SECOND,
    failures=0,
    error_code=None,
    error=None,
    next_attempt_at=None,
    worker="w",
    strangers=(),
    live_parts=1,
    pause=None,
    evictions=(),
    dry_run=False,
)
FLOWING = PartCount(1200, None, counted_at=NOON - SECOND, grew_at=NOON - SECOND)
STEERS = PartView("border-1", 1, True, True, None, kind="policy-route", is_counted=True, count=FLOWING)
ADMITS = PartView("edge-1", 0, True, True, None, kind="access-permit", is_counted=True)


IDLE = replace(STEERS, count=PartCount(0, 0, counted_at=NOON, grew_at=None))
UNREAD = replace(DEVICE, read_at=NOON - 11 * MINUTE)


def judged(
    *parts: PartView,
    device: DeviceView = DEVICE,
    state: State = State.ACTIVE,
    probe: Probe | None = None,
) -> Answer:
    """`probe` is for the first of the parts."""
    devices = {"border-1": device, "edge-1": replace(DEVICE, name="edge-1")}
    steered = {} if probe is None else {0: Steered(ip_address("198.51.100.2"), probe)}
    return judge(state, parts, devices, now=NOON, stale_after=10 * MINUTE, steered=steered)


def test_path_is_up_when_every_device_carries_it_and_packets_pass() -> None:
    answer = judged(ADMITS, STEERS)
    assert answer.verdict is Verdict.UP
    assert [finding.verdict for finding in answer.findings] == [Verdict.UP, Verdict.UP]
    assert answer.findings[1].words == (
        "carries its part, read 30 s ago; packets are passing, 1200 by 2026-01-01 11:59:59 UTC"
    )


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACTIVE])
def test_ticket_that_is_not_active_has_no_path(state: State) -> None:
    answer = judged(STEERS, state=state)
    assert answer.verdict is Verdict.NOT_UP
    assert f"is {state}, not active" in answer.words


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (
            replace(STEERS, in_sync=False, error="no such interface"),
            "read to carry its part: no such interface",
        ),
        (replace(STEERS, wanted=False), "not been read to carry its part"),
        (replace(STEERS, dry_run=True), "only rehearsed on"),
    ],
)
def test_path_is_not_up_where_a_device_does_not_carry_its_part(part: PartView, words: str) -> None:
    answer = judged(ADMITS, part)
    assert answer.verdict is Verdict.NOT_UP
    assert answer.words == "not up at border-1"
    assert words in answer.findings[1].words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, "it has not been asked yet"),
        (PartCount(0, 0, counted_at=NOON, grew_at=None), "no packet has passed"),
        (replace(FLOWING, counted_at=NOON), "1200 packets have passed, none since 2026-01-01 11:59:59 UTC"),
    ],
)
def test_what_is_configured_and_carries_nothing_is_not_called_up(count: PartCount | None, words: str) -> None:
    answer = judged(ADMITS, replace(STEERS, count=count))
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.words == "nobody can tell at border-1"
    assert words in answer.findings[1].words


def test_device_that_does_not_count_leaves_the_question_open() -> None:
    answer = judged(replace(STEERS, is_counted=False, count=None))
    assert answer.verdict is Verdict.UNKNOWN
    assert "it does not count" in answer.findings[0].words


@pytest.mark.parametrize(
    ("device", "words"),
    [
        (replace(DEVICE, read_at=NOON - 11 * MINUTE), "when it was last read, 11 min ago"),
        (replace(DEVICE, read_at=None), "it is to be read anew"),
        (
            replace(DEVICE, error_code="device-unreachable", error="no answer"),
            "device-unreachable, no answer",
        ),
    ],
)
def test_device_that_was_not_read_lately_leaves_the_question_open(device: DeviceView, words: str) -> None:
    answer = judged(STEERS, device=device)
    assert answer.verdict is Verdict.UNKNOWN
    assert words in answer.findings[0].words


def test_what_is_certain_goes_before_what_is_open() -> None:
    away = replace(DEVICE, read_at=None)
    assert judged(replace(ADMITS, in_sync=False), STEERS, device=away).verdict is Verdict.NOT_UP


def test_what_the_ticket_was_before_it_was_modified_is_not_asked_for() -> None:
    former = replace(STEERS, superseded=True, in_sync=False)
    answer = judged(STEERS, former)
    assert answer.verdict is Verdict.UP
    assert len(answer.findings) == 1


def test_strangers_on_a_device_are_told() -> None:
    answer = judged(STEERS, device=replace(DEVICE, strangers=("LS-FNAL-9",)))
    assert answer.verdict is Verdict.UP
    assert "look like ours" in answer.findings[0].words


def test_ticket_that_no_device_carries_leaves_the_question_open() -> None:
    assert judged().verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("part", "device", "probed", "verdict"),
    [
        (STEERS, DEVICE, Verdict.UP, Verdict.UP),
        (STEERS, DEVICE, Verdict.NOT_UP, Verdict.NOT_UP),
        (STEERS, DEVICE, Verdict.UNKNOWN, Verdict.UP),
        (IDLE, DEVICE, Verdict.UP, Verdict.UP),
        (IDLE, DEVICE, Verdict.UNKNOWN, Verdict.UNKNOWN),
        (STEERS, UNREAD, Verdict.UP, Verdict.UP),
        (STEERS, UNREAD, Verdict.NOT_UP, Verdict.NOT_UP),
        (STEERS, UNREAD, Verdict.UNKNOWN, Verdict.UNKNOWN),
        (replace(STEERS, in_sync=False), DEVICE, Verdict.UP, Verdict.NOT_UP),
        (replace(STEERS, dry_run=True), DEVICE, Verdict.UP, Verdict.NOT_UP),
    ],
)
def test_packets_that_were_sent_tell_more_than_what_devices_counted(
    part: PartView, device: DeviceView, probed: Verdict, verdict: Verdict
) -> None:
    answer = judged(part, device=device, probe=Probe(probed, "a packet was sent"))
    assert answer.verdict is verdict
    assert "a packet was sent" in answer.findings[0].words


def test_path_by_its_fallback_is_up_and_says_so() -> None:
    around = replace(STEERS, detour="203.0.113.2")
    answer = judged(ADMITS, around)
    assert answer.verdict is Verdict.UP
    assert answer.words.endswith("; by its fallback at border-1")
    silent = "by its fallback 203.0.113.2, since its next hop does not answer; packets are passing"
    assert silent in answer.findings[1].words
    told = judged(around, probe=Probe(Verdict.UP, "it went by green"))
    assert "since next hop 198.51.100.2 does not answer; it went by green" in told.findings[0].words


def test_path_that_waits_for_its_next_hop_says_what_it_waits_for() -> None:
    waits = replace(STEERS, in_sync=False, error="next hop 198.51.100.2 does not answer")
    answer = judged(waits)
    assert answer.verdict is Verdict.NOT_UP
    assert answer.findings[0].words.startswith(
        "it has not been read to carry its part: next hop 198.51.100.2 does not answer"
    )
