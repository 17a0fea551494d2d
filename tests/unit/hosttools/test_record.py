"""What is made of moments and events: phases, the document, the figure."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from hosttools import plot
from hosttools.lsiperf import summary
from hosttools.record import Event, Interval, Moment, On, Record, Transfer, What, document
from lambdastation.client import Path as NetworkPath
from lambdastation.client import State
from tests.unit.hosttools.test_standing import TICKET

SCHEMA = Path(__file__).parents[3] / "schemas" / "lsiperf.schema.json"
ESNET = NetworkPath("ESnet", "blue", production=True, bits_per_second=622_000_000)
STARLIGHT = NetworkPath("StarLight10G", "red", production=False, bits_per_second=10**10)
STATES = [
    (2.0, State.SCHEDULED),
    (2.2, State.ACTIVATING),
    (3.0, State.ACTIVE),
    (7.0, State.RELEASING),
    (8.0, State.RELEASED),
]


@pytest.fixture
def record() -> Record:
    made = Record(
        datetime(2026, 6, 1, tzinfo=UTC), "tcp 131.225.204.10:* > 192.84.86.70:5201", ESNET, STARLIGHT
    )
    made.events.append(Event(2.0, What.ASKED, "ticket 1 opened"))
    made.events += [Event(at, What.STATE, f"ticket 1 {state.value}", state) for at, state in STATES]
    for second in range(1, 11):
        big = 3 < second <= 7
        made.moments.append(
            Moment(float(second), 9e8 if big else 1e8, 9000 if big else 1500, None, On.PRODUCTION, "ESnet")
        )
    return made


def test_phases_are_cut_where_the_path_changes(record: Record) -> None:
    phases = record.phases()
    assert [(phase.start_seconds, phase.end_seconds, phase.on, phase.path) for phase in phases] == [
        (0.0, 2.2, On.PRODUCTION, "ESnet"),
        (2.2, 3.0, On.CHANGING, None),
        (3.0, 7.0, On.ALTERNATE, "StarLight10G"),
        (7.0, 8.0, On.CHANGING, None),
        (8.0, 10.0, On.PRODUCTION, "ESnet"),
    ]
    assert [phase.bits_per_second for phase in phases] == [1e8, 1e8, 9e8, 1e8, 1e8]
    assert [phase.path_mtu for phase in phases] == [1500, 1500, 9000, 1500, 1500]


def test_a_ticket_that_was_active_before_has_one_phase() -> None:
    made = Record(datetime(2026, 6, 1, tzinfo=UTC), "x", ESNET, STARLIGHT)
    made.events.append(Event(-0.5, What.STATE, "ticket 1 active", State.ACTIVE))
    made.moments.append(Moment(1.0, 5.0, None, None, On.ALTERNATE, "StarLight10G"))
    assert [(phase.start_seconds, phase.on) for phase in made.phases()] == [(0.0, On.ALTERNATE)]
    assert (made.on, made.path) == (On.ALTERNATE, "StarLight10G")


def test_a_flow_that_somebody_s_ticket_steers_begins_on_its_path(record: Record) -> None:
    record.began_on = On.ALTERNATE
    assert [(phase.start_seconds, phase.on) for phase in record.phases()][:2] == [
        (0.0, On.ALTERNATE),
        (2.2, On.CHANGING),
    ]
    assert record.on is On.PRODUCTION
    record.events.clear()
    assert (record.on, record.path) == (On.ALTERNATE, "StarLight10G")


def test_a_ticket_whose_routers_are_rehearsed_on_moves_nothing(record: Record) -> None:
    record.ticket = replace(TICKET, dry_run=True)
    assert [(phase.on, phase.path) for phase in record.phases()] == [(On.PRODUCTION, "ESnet")]
    record.events.pop()
    assert record.on is On.PRODUCTION


def test_iperf3_s_intervals_become_moments_on_the_path_of_their_time(record: Record) -> None:
    record.fill_from(
        Transfer(
            9.0, 1, None, None, False, tuple(Interval(s, s + 1.0, 5.0, None, None) for s in (0.0, 4.0, 8.5))
        )
    )
    assert [moment.path for moment in record.moments] == ["ESnet", "StarLight10G", "ESnet"]


def test_the_document_is_what_its_schema_says(record: Record) -> None:
    made = json.loads(json.dumps(document(record, {"start": {}})))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(made)
    assert made["phases"][2]["pathMtu"] == 9000
    assert made["production"]["bitsPerSecond"] == 622_000_000
    made["moments"][0]["colour"] = "blue"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(made)


def test_a_summary_has_a_line_for_each_phase(record: Record) -> None:
    assert summary(record)[3] == "    3.0 -   7.0 s       900.0 Mbit/s  MTU   9000  StarLight10G"


def test_each_rate_stands_between_the_times_it_was_counted(record: Record) -> None:
    edges, rates = plot.stairs(record)
    assert edges == [float(second) for second in range(11)]
    assert rates == [1e8] * 3 + [9e8] * 4 + [1e8] * 3


def test_no_line_crosses_a_label() -> None:
    assert plot.labels([0.1, 0.12, 0.15]) == [(2, False), (1, False), (0, False)]
    assert plot.labels([0.1, 0.5]) == [(0, False), (0, False)]
    assert plot.labels([0.75, 0.8]) == [(0, True), (1, True)]


def test_the_figure_names_its_axes_its_paths_and_every_event(record: Record, tmp_path: Path) -> None:
    plot.draw(record, tmp_path / "run.svg")
    plot.draw(record, tmp_path / "run.png")
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    drawn = (tmp_path / "run.svg").read_text(encoding="utf-8")
    for words in (
        "Throughput (Mbit/s)",
        "Path MTU (bytes)",
        "Time since the transfer began (s)",
        "ESnet (blue)",
        "StarLight10G (red)",
        "ticket 1 opened (2.0 s)",
        "ticket 1 active (3.0 s)",
        "ticket 1 released (8.0 s)",
        "131.225.204.10 → 192.84.86.70:5201",
        "9000",
    ):
        # matplotlib writes each text as a comment beside its glyphs.
        assert f"<!-- {words}" in drawn or f" {words} -->" in drawn or words in drawn, words


def words_in(record: Record, file: Path) -> str:
    plot.draw(record, file)
    return file.read_text(encoding="utf-8")


def test_the_figure_names_a_path_whose_time_is_too_short_for_words(record: Record, tmp_path: Path) -> None:
    moved = {State.RELEASING: 3.1, State.RELEASED: 3.2}
    record.events = [
        replace(e, seconds=moved.get(e.state, e.seconds) if e.state else e.seconds) for e in record.events
    ]
    drawn = words_in(record, tmp_path / "run.svg")
    for words in ("alternate path StarLight10G (red)", "routers are being changed"):
        assert words in drawn


def test_the_figure_of_a_transfer_that_ran_already_does_not_say_when_it_began(
    record: Record, tmp_path: Path
) -> None:
    record.attached = True
    drawn = words_in(record, tmp_path / "run.svg")
    assert "Time since lsiperf looks at the transfer (s)" in drawn


def test_words_with_dollars_are_no_formula(record: Record, tmp_path: Path) -> None:
    record.events.append(Event(5.0, What.REFUSED, r"costs $5 \\frac and more, not $4"))
    assert "costs $5" in words_in(record, tmp_path / "run.svg")


@pytest.mark.parametrize("rate", [0.0, 3e3, 5e9])
def test_a_figure_of_next_to_nothing_is_drawn(rate: float, tmp_path: Path) -> None:
    made = Record(datetime(2026, 6, 1, tzinfo=UTC), "x")
    made.moments.append(Moment(0.5, rate, None, None, On.PRODUCTION, None))
    plot.draw(made, tmp_path / "run.png")
    assert (tmp_path / "run.png").stat().st_size > 1000
