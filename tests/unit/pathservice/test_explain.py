"""`pathservice site explain` says what the service would do, in words that are held fast."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lambdastation.authorization import authorize
from lambdastation.caller import Caller, Operation
from lambdastation.errors import LimitExceeded, NotAuthorized
from lambdastation.extent import Extent
from pathservice.cli.app import application
from pathservice.sitefile import load_site_file

ROOT = Path(__file__).parents[3]
SITE = ROOT / "examples" / "fermilab.yaml"
GOLDEN = ROOT / "tests" / "fixtures" / "pathservice" / "explain"
ANN = "CN=Ann,OU=Trial,O=Path Service"
OPERATOR = "CN=Operator,OU=Demo,O=Path Service"
RETIRED = "CN=Bob,OU=Retired,O=Path Service"
WATCHER = "CN=Nagios,OU=Monitoring,O=Path Service"

QUESTIONS: dict[str, tuple[int, tuple[str, ...]]] = {
    "nothing-given": (0, ("--subject", ANN)),
    "too-much": (
        3,
        ("--subject", ANN, "--client", "SC-Demo", "--topology", "StarLight10G", "--bandwidth", "2G"),
    ),
    "all-given": (
        0,
        (
            *("--subject", ANN, "--client", "SC-Demo", "--bandwidth", "500M", "--duration", "PT2H"),
            *("--horizon", "P14D", "--live-tickets", "3"),
        ),
    ),
    "one-ticket-more": (3, ("--subject", ANN, "--client", "SC-Demo", "--live-tickets", "4")),
    "denied": (3, ("--subject", RETIRED)),
    "nobody": (3, ("--subject", "CN=Nobody,O=Elsewhere")),
    "operator": (0, ("--subject", OPERATOR, "--operation", "cancelTicket")),
    "beyond-the-site": (3, ("--subject", OPERATOR, "--duration", "P8D")),
    "reading": (0, ("--subject", WATCHER, "--operation", "getTicket")),
}


def ask(*question: str) -> Result:
    return CliRunner().invoke(application("site"), ["site", "explain", str(SITE), *question])


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_words_are_those_of_the_golden_files(name: str) -> None:
    status, question = QUESTIONS[name]
    done = ask(*question)
    assert done.exit_code == status
    told = [line.rstrip().replace(str(ROOT) + "/", "") for line in done.stdout.splitlines()]
    assert told == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def test_json_says_the_same() -> None:
    question = ("--subject", ANN, "--client", "SC-Demo", "--duration", "PT3H")
    done = ask(*question, "--json")
    assert done.exit_code == 3
    told = json.loads(done.stdout)
    assert (told["allowed"], told["rule"], told["line"]) == (False, None, None)
    assert told["passed_over"][-1]["reason"] == "allows at most 7200 seconds"
    lines = SITE.read_text(encoding="utf-8").splitlines()
    assert [lines[over["line"] - 1].strip()[:9] for over in told["passed_over"]] == ["- action:"] * 5


@pytest.mark.parametrize(
    ("subject", "hours", "allowed"),
    [(ANN, 2, True), (ANN, 3, False), (OPERATOR, 3, True), (RETIRED, 1, False)],
)
def test_the_answer_is_the_services_own(subject: str, hours: int, allowed: bool) -> None:
    question = ("--subject", subject, "--client", "SC-Demo", "--topology", "red", "--duration", f"PT{hours}H")
    assert ask(*question).exit_code == (0 if allowed else 3)
    try:
        authorize(
            load_site_file(SITE).site,
            Caller(subject, "CN=CA"),
            Operation.OPEN_TICKET,
            client="SC-Demo",
            topology="red",
            extent=Extent(duration=timedelta(hours=hours), horizon=timedelta(hours=hours)),
        )
    except (NotAuthorized, LimitExceeded):
        assert not allowed
    else:
        assert allowed


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--subject", "Ann"), "is not a subject"),
        (("--subject", ANN, "--client", "D0"), "there is CMS-SRM"),
        (("--subject", ANN, "--topology", "blue"), "there is red"),
        (("--subject", ANN, "--bandwidth", "fast"), "a bandwidth is written"),
        (("--subject", ANN, "--duration", "3600"), "a duration is written"),
        (("--subject", ANN, "--start", "2026-06-01T12:00:00", "--duration", "PT1H"), "carries its zone"),
        (("--subject", ANN, "--start", "2026-06-01T12:00:00Z"), "only with --duration"),
        (("--subject", ANN, "--start", "9999-12-31T00:00:00Z", "--duration", "P999999999D"), "beyond"),
        (("--subject", ANN, "--start", "2026-06-01T12:00:00Z", "--horizon", "P1D"), "give one of them"),
        (("--subject", ANN, "--live-tickets", "0"), "greater than or equal to 1"),
        (("--subject", ANN, "--operation", "stealTicket"), "openSvcTicket"),
        ((), "--subject"),
    ],
)
def test_a_question_that_is_none_is_misuse(wrong: tuple[str, ...], words: str) -> None:
    done = ask(*wrong)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert words in " ".join(done.stderr.replace("│", " ").split())


def test_a_start_tells_how_far_ahead_it_ends() -> None:
    question = (
        "--subject",
        ANN,
        "--client",
        "SC-Demo",
        "--duration",
        "PT1H",
        "--start",
        "2999-01-01T00:00:00Z",
    )
    done = ask(*question)
    assert done.exit_code == 3
    assert "allows an end at most 14 days ahead" in done.stdout
