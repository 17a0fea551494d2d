"""What may not stand in the rules of a site file on who may ask is told with its line."""

from pathlib import Path

import pytest

from tests.unit.lambdastation.site_files import FERMILAB, Change, load, require_told

CHANGES: dict[str, Change] = {
    "operation": (
        "[getTicket, listTickets, getPaths, getKnownPBRClients,",
        "[getTicket, readTicket, getPaths,",
        "operations: [getTicket, readTicket, getPaths, getKnownLambdaStations, getStatus]",
        "authorization[3].operations[1]",
        "'openSvcTicket'",
    ),
    "subject": (
        "CN=*,OU=Retired,O=Path Service",
        "Ann",
        "subject: Ann",
        "authorization[0].subject",
        "is not a subject",
    ),
    "operator who may not": (
        "- action: deny",
        "- action: deny\n    operator: true",
        "operator: true",
        "authorization[0].operator",
        "nobody an operator",
    ),
    "limit of a denial": (
        "- action: deny",
        "- action: deny\n    bandwidth: 1G",
        "bandwidth: 1G",
        "authorization[0].bandwidth",
        "a rule that denies has no limit",
    ),
    "limit of what it does not bind": (
        "operations: [getTicket,",
        "live_tickets: 3\n    operations: [getTicket,",
        "live_tickets: 3",
        "authorization[3].live_tickets",
        "binds openSvcTicket alone",
    ),
    "bandwidth of what it does not bind": (
        "operations: [getTicket,",
        "bandwidth: 1G\n    operations: [getTicket,",
        "bandwidth: 1G",
        "authorization[3].bandwidth",
        "binds openSvcTicket, updateFlowSpecs, findWindow alone",
    ),
    "duration of what it does not bind": (
        "operations: [getTicket,",
        "duration: PT1H\n    operations: [updateFlowSpecs, getTicket,",
        "duration: PT1H",
        "authorization[3].duration",
        "binds openSvcTicket, findWindow alone",
    ),
    "bandwidth beyond every path": (
        "bandwidth: 500M",
        "bandwidth: 11G",
        "bandwidth: 11G",
        "authorization[4].bandwidth",
        "any path of the rule has, which is 10G",
    ),
    "duration beyond the longest": (
        "duration: PT2H",
        "duration: P7DT1S",
        "duration: P7DT1S",
        "authorization[4].duration",
        "longer than `longest` of the site's limits, 7 days",
    ),
    "horizon beyond the site's": (
        "horizon: P14D",
        "horizon: P91D",
        "horizon: P91D",
        "authorization[4].horizon",
        "farther than `horizon` of the site's limits, 90 days",
    ),
    "duration beyond its own horizon": (
        "horizon: P14D",
        "horizon: PT1H",
        "duration: PT2H",
        "authorization[4].duration",
        "longer than the rule's own horizon",
    ),
    "no ticket at a time": (
        "live_tickets: 3",
        "live_tickets: 0",
        "live_tickets: 0",
        "authorization[4].live_tickets",
        "greater than or equal to 1",
    ),
    "no number of tickets": (
        "live_tickets: 3",
        "live_tickets: three",
        "live_tickets: three",
        "authorization[4].live_tickets",
        "integer",
    ),
    "limit in other words": (
        "duration: PT2H",
        "duration: 7200",
        "duration: 7200",
        "authorization[4].duration",
        "written P30D",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_wrong_with_a_rule_is_told_with_line_and_remedy(tmp_path: Path, what: str) -> None:
    require_told(CHANGES[what], tmp_path)


@pytest.mark.parametrize(
    ("limits", "operation"),
    [
        ("bandwidth: 1G", "updateFlowSpecs"),
        ("bandwidth: 1G", "findWindow"),
        ("duration: PT1H", "findWindow"),
        ("bandwidth: 1G\n    duration: PT1H\n    horizon: P7D\n    live_tickets: 2", "openSvcTicket"),
    ],
)
def test_a_limit_is_taken_with_any_operation_that_it_binds(
    tmp_path: Path, limits: str, operation: str
) -> None:
    text = FERMILAB.replace("operations: [getTicket,", f"{limits}\n    operations: [{operation}, getTicket,")
    assert operation in (load(text, tmp_path).site.authorization[3].operations or ())
