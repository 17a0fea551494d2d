"""`pathservice ticket`: what people see of tickets that are there, without a running service."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lambdastation.caller import Caller
from lambdastation.ticket import Mode, TicketRequest
from pathservice.assembly import Assembly
from pathservice.settings import load_settings
from reservation.lifecycle import Cause, Outcome
from reservation.moves import lock_reservation, move
from reservation.parts import parts_of

ISSUER = "CN=Demo Certificate Authority,O=Path Service"
USER = Caller("CN=Example User,OU=Demo,O=Path Service", ISSUER)
OPERATOR = Caller("CN=Operator,OU=Demo,O=Path Service", ISSUER)
HOUR = timedelta(hours=1)
# Far ahead of the clock of whoever runs this, and within the example's horizon.
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ticket 1 to Caltech takes nearly all for two hours and has two participants; ticket 2 to UNL failed.

    Ticket 3, to UNL too, is active and degraded.
    """
    folder = tmp_path_factory.mktemp("state")

    def refuse(session: Any) -> None:
        row = lock_reservation(session, 2)
        for cause in (Cause.START, Cause.REJECTED, Cause.GONE):
            move(session, row, cause, now=SOON, actor="fermilab-border-1")
        row.outcome, row.reason = Outcome.FAILED, "the router said no"

    def degrade(session: Any) -> None:
        row = lock_reservation(session, 3)
        for cause in (Cause.START, Cause.IN_SYNC):
            move(session, row, cause, now=SOON, actor="fermilab-border-1")
        row.degraded_since = SOON

    with Assembly(load_settings({"state": folder}, environment={}, file=None)) as assembly:
        wanted = TicketRequest(
            dst_site="Caltech", start_at=SOON, travel_seconds=7200, out_bandwidth="9G", in_bandwidth="1M"
        )
        for caller in (USER, OPERATOR):
            assembly.tickets.open_ticket(wanted, caller=caller, mode=Mode.AUTO)
        away = TicketRequest(dst_site="UNL", start_at=SOON, travel_seconds=600)
        assembly.tickets.open_ticket(away, caller=OPERATOR)
        assembly.store.write(refuse)
        assembly.tickets.open_ticket(away, caller=OPERATOR)
        assembly.store.write(degrade)
    return folder


def test_show_tells_who_takes_part(cli: Any, state: Path) -> None:
    shown = cli("ticket", "show", "1", state=state).stdout
    assert "participant" in shown
    for caller in (USER, OPERATOR):
        assert f"\n{caller.subject} " in shown


def test_show_tells_that_a_ticket_failed_and_why(cli: Any, state: Path) -> None:
    shown = cli("ticket", "show", "2", state=state).stdout
    assert shown.startswith("Ticket 2 failed\n")
    assert "the router said no" in shown


def test_list_keeps_to_what_is_asked_for_and_says_when_there_is_more(cli: Any, state: Path) -> None:
    options = ("--peer", "UNL", "--path", "green", "--in", "released")
    (only,) = json.loads(cli("ticket", "list", "--json", *options, state=state).stdout)
    assert only["ticket_id"] == 2
    listed = cli("ticket", "list", "--owner", USER.subject, "--before", "2", state=state).stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["ticket", "1"]
    assert "there are older ones: --before 3" in cli("ticket", "list", "--limit", "1", state=state).stdout


def test_ticket_that_a_device_does_not_carry_is_told_as_degraded(cli: Any, state: Path) -> None:
    _, first, *_ = cli("ticket", "list", state=state).stdout.splitlines()
    assert first.startswith("3       active, degraded ")
    shown = cli("ticket", "show", "3", state=state).stdout
    assert f"degraded      not every device carries it, since {SOON.isoformat()}" in shown
    for number in ("1", "2"):
        assert "degraded" not in cli("ticket", "show", number, state=state).stdout


def test_it_is_told_by_which_fallback_packets_go(cli: Any, state: Path) -> None:
    with Assembly(load_settings({"state": state}, environment={}, file=None)) as assembly:

        def lead(session: Any, by: str | None) -> None:
            for part in parts_of(session, 3):
                part.wanted = by is not None
                part.detour = by if part.stage else None

        assembly.store.write(lambda session: lead(session, "198.51.100.1"))
        shown = cli("ticket", "show", "3", state=state).stdout
        listed = cli("ticket", "list", state=state).stdout.splitlines()
        assembly.store.write(lambda session: lead(session, None))
    told = "by fallback   198.51.100.1 on fermilab-border-1, since the next hop does not answer"
    assert told in shown
    assert ", by 198.51.100.1  " in shown
    assert listed[1].startswith("3       active, degraded, by fallback  ")
    assert [line for line in listed[2:] if "fallback" in line] == []


def window(cli: Any, state: Path, *options: str, start: datetime = SOON) -> Any:
    arguments = ("ticket", "window", "Caltech", "--from", start.isoformat(), *options)
    return cli(*arguments, state=state)


def test_window_shows_the_earliest_slot_that_fits(cli: Any, state: Path) -> None:
    shown = window(cli, state, "--for", "3600", "--out", "5G", start=SOON - HOUR / 2).stdout
    header, row = shown.splitlines()
    assert header.split() == ["path", "from", "until", "seconds", "out", "in", "volume"]
    assert row.startswith("fits  StarLight10G (red)")
    told = json.loads(window(cli, state, "--for", "3600", "--out", "5G", "--json").stdout)
    assert told["fits"] is True
    assert datetime.fromisoformat(told["offer"]["slot"]["start"]) == SOON + 2 * HOUR


def test_window_for_a_volume_moves_it_and_tells_what_it_could_if_not_all(cli: Any, state: Path) -> None:
    told = json.loads(window(cli, state, "--volume", "4.5TB", "--json").stdout)["offer"]
    assert (told["out_bits_per_second"], told["volume"]) == (10**10, 4_500_000_000_000)
    shown = window(cli, state, "--volume", "5TB", "--by", (SOON + 2 * HOUR).isoformat()).stdout
    assert "no room for that volume within that time; 900GB would fit" in shown
    assert "\nwould fit" in shown


def test_window_may_be_asked_for_what_comes_to_us(cli: Any, state: Path) -> None:
    told = json.loads(window(cli, state, "--volume", "4.5TB", "--incoming", "--out", "1M", "--json").stdout)
    assert told["offer"]["in_bits_per_second"] == 10**10 - 10**6, "all that ticket 1 has left"
    assert datetime.fromisoformat(told["offer"]["slot"]["start"]) == SOON


def test_window_refuses_what_it_cannot_read(cli: Any, state: Path) -> None:
    refused = cli("ticket", "window", "Atlantis", "--for", "60", state=state, check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "unknown-site" in refused.stderr
    for misuse in (["--for", "60", "--volume", "5TB"], ["--for", "60", "--by", "noon"]):
        assert cli("ticket", "window", "Caltech", *misuse, state=state, check=False).returncode == 2
