"""lsiperf's own options, and what they plan."""

from pathlib import Path

import pytest

from hosttools.iperf import read_call
from hosttools.lsiperf import check_figure, make_plan
from hosttools.options import read_options, split
from hosttools.programs import ToolError
from lambdastation.client import Mode


def test_iperf3_s_arguments_stand_after_two_dashes() -> None:
    assert split(["--path", "red", "--", "-c", "host", "--", "x"]) == (
        ["--path", "red"],
        ["-c", "host", "--", "x"],
    )
    assert split(["--attach"]) == (["--attach"], None)
    assert split(["--"]) == ([], [])


@pytest.mark.parametrize(
    ("own", "iperf", "after", "travel"),
    [
        ("", "-t 12", 3.0, 6),
        ("", "-t 1", 0.25, 1),
        ("", "-n 10M", 2.0, 600),
        ("--after 5 --for 9", "-t 12", 5.0, 9),
        ("--first", "-t 12", None, 22),
        ("--first --for 9", "-t 12", None, 9),
    ],
)
def test_a_ticket_has_the_middle_half_if_nothing_else_is_said(
    own: str, iperf: str, after: float | None, travel: int
) -> None:
    plan = make_plan(read_options(own.split()), read_call(["-c", "host", *iperf.split()]))
    assert (plan.after_seconds, plan.wish.travel_seconds) == (after, travel)


def test_a_transfer_that_runs_gets_its_ticket_at_once() -> None:
    words = ("--attach", "--port", "443", "--seconds", "30", "--mode", "auto", "--dscp", "auto")
    plan = make_plan(read_options(words), None)
    assert (plan.after_seconds, plan.watch_seconds, plan.wish.travel_seconds) == (0.0, 30, 600)
    assert (plan.wish.mode, plan.wish.dscp) == (Mode.AUTO, -1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--nonsense", "unrecognized"),
        ("--mode steal", "invalid choice"),
        ("--interval 0", "0.1 to 1"),
        ("--interval nan", "0.1 to 1"),
        ("--interval 2", "0.1 to 1"),
        ("--after -1", "--after"),
        ("--for 0", "whole number"),
        ("--for 1e3", "whole number"),
        ("--dscp 64", "0 to 63"),
        ("--dscp cs4", "0 to 63"),
        ("--port 70000 --attach", "65535"),
        ("--pid 5", "--attach"),
        ("--seconds 5", "--attach"),
        ("--attach", "--pid, --dst and --port"),
        ("--attach --port 5 --first", "--first"),
        ("--first --after 5", "--first"),
        ("--attach --pid -5", "--pid"),
        ("host", "unrecognized"),
        ("-c host", "iperf3's stand after --"),
    ],
)
def test_what_is_not_understood_is_named(words: str, sentence: str) -> None:
    with pytest.raises(ToolError, match=sentence):
        read_options(words.split())


def test_a_figure_that_could_not_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    check_figure(tmp_path / "run.png")
    with pytest.raises(ToolError, match=r"\.pdf"):
        check_figure(tmp_path / "run.docx")
    with pytest.raises(ToolError, match="no folder"):
        check_figure(tmp_path / "nowhere" / "run.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ToolError, match="is a folder"):
        check_figure(tmp_path / "folder.png")
