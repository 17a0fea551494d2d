"""`lambdastation.client` against a running service: every call, over TLS."""

import http.client
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdastation.client import (
    BadSettings,
    Client,
    ClientError,
    Mode,
    NotActive,
    NotTrusted,
    Outcome,
    Refused,
    State,
    StillThere,
    TicketQuery,
    TicketRequest,
    TimedOut,
    Unreachable,
)

FLOW = TicketRequest(
    src_client="CMS-Tier1",
    dst_site="Caltech",
    dst_ip="192.84.86.64/26",
    dst_port="tcp eq 5201",
    local_path="red",
    out_bandwidth="1G",
    travel_seconds=600,
)


def environment_of(serving: Any, **changed: str) -> dict[str, str]:
    pki = serving.state / "pki"
    return {
        "LAMBDASTATION_URL": f"{serving.url}/lambdastation",
        "LAMBDASTATION_CA": str(pki / "ca.pem"),
        "LAMBDASTATION_CERT": str(pki / "user-cert.pem"),
        "LAMBDASTATION_KEY": str(pki / "user-key.pem"),
        **changed,
    }


@pytest.fixture(scope="module")
def serving(serve_for_module: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("settings") / "settings.yaml"
    # A ticket that is new is counted at the next question, and not half a minute later.
    file.write_text("count_every: 1\n", encoding="utf-8")
    return serve_for_module(None, "--settings", str(file))


@pytest.fixture
def station(serving: Any) -> Iterator[Client]:
    with Client.from_environment(environment_of(serving)) as client:
        yield client


def test_a_ticket_for_a_block_is_active_inside_and_given_up_after(station: Client) -> None:
    with station.ticket(FLOW, cancel=True) as ticket:
        assert ticket.state is State.ACTIVE
        assert (ticket.local_path, ticket.dst_port) == ("StarLight10G", "tcp eq 5201")
        assert ticket.out_bits_per_second == 10**9
        assert ticket.end_at - ticket.start_at == timedelta(seconds=600)
        assert not ticket.over
    over = station.wait_until_over(ticket.ticket_id)
    assert (over.state, over.outcome) == (State.RELEASED, Outcome.CANCELLED)
    assert over.actual_end_at is not None


def test_a_block_that_fails_gives_its_ticket_up_and_one_that_keeps_it_does_not(station: Client) -> None:
    with pytest.raises(ZeroDivisionError), station.ticket(FLOW, cancel=True) as given_up:
        raise ZeroDivisionError
    with station.ticket(replace(FLOW, dst_port="tcp eq 5301")) as kept:
        pass
    assert station.wait_until_over(given_up.ticket_id).state is State.RELEASED
    assert station.get(kept.ticket_id).state is State.ACTIVE
    with pytest.raises(StillThere, match="active"):
        station.wait_until_over(kept.ticket_id, within=timedelta(0))
    station.cancel(kept.ticket_id)


def test_an_answer_that_is_broken_off_is_in_nobody_s_way(
    station: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_connection: object) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    asked = replace(FLOW, dst_port="tcp eq 5306")
    opened: list[int] = []

    def ask_and_be_interrupted() -> None:
        with station.ticket(asked, cancel=True) as ticket:
            opened.append(ticket.ticket_id)
            monkeypatch.setattr(http.client.HTTPSConnection, "getresponse", interrupt)
            station.get(ticket.ticket_id)

    with pytest.raises(KeyboardInterrupt):
        ask_and_be_interrupted()
    assert station.wait_until_over(opened[0]).outcome is Outcome.CANCELLED


def test_join_and_extend_are_the_same_ticket(station: Client) -> None:
    asked = replace(FLOW, dst_port="tcp eq 5302")
    with pytest.raises(Refused) as none:
        station.open(asked, mode=Mode.JOIN)
    assert none.value.code == "no-such-flow"
    opened = station.open(asked, mode=Mode.AUTO)
    joined = station.open(asked, mode=Mode.JOIN)
    later = opened.end_at + timedelta(minutes=5)
    extended = station.extend(asked, until=later)
    assert [ticket.answered for ticket in (opened, joined, extended)] == [Mode.NEW, Mode.JOIN, Mode.EXTEND]
    assert opened.ticket_id == joined.ticket_id == extended.ticket_id
    assert extended.end_at == later
    # Asked the same three times, we take part once.
    with station.ticket(asked, mode=Mode.AUTO, cancel=True) as joined:
        assert (joined.ticket_id, joined.answered) == (opened.ticket_id, Mode.JOIN)
    assert station.wait_until_over(opened.ticket_id).over


def test_flows_change_and_lists_find_what_there_is(station: Client) -> None:
    far = replace(FLOW, start_at=datetime.now(UTC) + timedelta(days=2), dst_port="tcp eq 5303")
    opened = station.open(far)
    station.update_flows(opened.ticket_id, dst_port="tcp eq 5304", out_bandwidth="2G")
    (seen,) = station.tickets(TicketQuery(states=(State.SCHEDULED,), path="red", limit=1)).tickets
    assert (seen.ticket_id, seen.dst_port, seen.out_bits_per_second) == (
        opened.ticket_id,
        "tcp eq 5304",
        2 * 10**9,
    )
    station.cancel(opened.ticket_id)
    over = station.get(opened.ticket_id)
    assert over.state is State.CANCELLED
    assert over.over
    with pytest.raises(NotActive, match="cancelled"):
        station.wait_until_active(opened.ticket_id)


def test_every_ticket_is_told_however_small_the_pages(station: Client) -> None:
    far = replace(FLOW, start_at=datetime.now(UTC) + timedelta(days=4))
    later = [station.open(replace(far, dst_port=f"tcp eq {port}")).ticket_id for port in range(5310, 5315)]
    query = TicketQuery(states=(State.SCHEDULED,), limit=2)
    told = [ticket.ticket_id for ticket in station.every_ticket(query)]
    assert [number for number in told if number in later] == later[::-1]
    for number in later:
        station.cancel(number)
    assert not set(later) & {ticket.ticket_id for ticket in station.every_ticket(query)}


def test_a_ticket_for_later_is_not_waited_for_for_ever(station: Client) -> None:
    far = replace(FLOW, start_at=datetime.now(UTC) + timedelta(days=3))
    with (
        pytest.raises(NotActive, match="scheduled") as late,
        station.ticket(far, within=timedelta(seconds=0.2), cancel=True),
    ):
        pytest.fail("it is not active")
    assert late.value.code == "not-active"
    (last,) = station.tickets(TicketQuery(limit=1)).tickets
    assert last.state is State.CANCELLED


def test_what_the_site_has_is_told(station: Client) -> None:
    assert [(path.topology, path.production) for path in station.paths()] == [
        ("blue", True),
        ("red", False),
        ("green", False),
    ]
    assert "131.225.204.0/24" in next(c for c in station.clients() if c.name == "CMS-SRM").prefixes
    assert station.stations()[0].site == "Fermilab"
    status = station.status()
    assert status.site == "Fermilab"
    assert status.database_ok
    assert [device.platform for device in status.devices] == ["cisco_ios"]


def test_what_passed_of_a_ticket_is_told_if_asked(station: Client, wait: Any) -> None:
    with station.ticket(replace(FLOW, dst_port="tcp eq 5305"), cancel=True) as ticket:
        number = ticket.ticket_id
        told = wait(lambda: station.get(number, with_traffic=True).traffic, "its router to be read")
        assert (told.ticket_id, told.packets, told.is_flowing) == (number, 0, False)
        assert number in {one.ticket_id for one in station.status(with_traffic=True).traffic}
        assert station.get(number).traffic is None


def test_a_window_fits_or_says_what_would(station: Client) -> None:
    fits = station.find_window(replace(FLOW, travel_seconds=None), volume="5TB")
    assert fits.fits
    assert fits.volume == 5 * 10**12
    soon = replace(FLOW, travel_seconds=None, end_at=datetime.now(UTC) + timedelta(minutes=5))
    short = station.find_window(soon, volume="5TB")
    assert not short.fits
    assert short.message


def test_what_is_refused_has_the_station_s_words(station: Client) -> None:
    for changed, code, field in (
        ({"dst_site": "Atlantis"}, "unknown-site", "dstSite"),
        ({"out_bandwidth": "much"}, "bad-value", "outBW"),
        ({"dst_site": "x" * 65}, "schema-invalid", "dstSite"),
        ({"travel_seconds": None}, "field-missing", "travelTime"),
    ):
        with pytest.raises(Refused) as refused:
            station.open(replace(FLOW, **changed))
        assert (refused.value.code, refused.value.field) == (code, field)
        assert not refused.value.repeatable
    with pytest.raises(Refused) as unknown:
        station.get(10**6)
    assert unknown.value.code == "not-found"


def test_nobody_is_asked_who_is_not_trusted_either_way(serving: Any, cli: Any, tmp_path: Any) -> None:
    cli("pki", "init", state=tmp_path / "other")
    foreign = tmp_path / "other" / "pki"
    strange = {"LAMBDASTATION_CA": str(foreign / "ca.pem")}
    with Client.from_environment(environment_of(serving, **strange)) as client, pytest.raises(NotTrusted):
        client.status()
    ours = {
        "LAMBDASTATION_CERT": str(foreign / "user-cert.pem"),
        "LAMBDASTATION_KEY": str(foreign / "user-key.pem"),
    }
    with (
        Client.from_environment(environment_of(serving, **ours)) as client,
        pytest.raises(Refused) as refused,
    ):
        client.status()
    assert refused.value.code == "certificate-foreign"


def test_a_station_that_is_not_there_is_one_error(serving: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        gone = environment_of(serving, LAMBDASTATION_URL=f"https://localhost:{port}/")
        with Client.from_environment(gone) as client, pytest.raises(Unreachable) as refused:
            client.status()
        assert refused.value.code == "unreachable"
        taken.listen()
        hasty = Client.from_environment(gone, timeout=timedelta(seconds=0.1))
        with hasty, pytest.raises(TimedOut, match=r"0\.1 seconds"):
            hasty.status()


def test_a_station_that_hangs_up_may_be_asked_again(serving: Any) -> None:
    def hang_up(listening: socket.socket) -> None:
        near, _ = listening.accept()
        with near:
            near.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://localhost:{listening.getsockname()[1]}/"
        answering = threading.Thread(target=hang_up, args=(listening,))
        answering.start()
        with (
            Client.from_environment(environment_of(serving, LAMBDASTATION_URL=url)) as client,
            pytest.raises(Unreachable, match="hung up"),
        ):
            client.status()
        answering.join()


def test_settings_that_are_missing_are_named() -> None:
    with pytest.raises(BadSettings, match="LAMBDASTATION_"):
        Client.from_environment({"LAMBDASTATION_CONFIG": "", "LAMBDASTATION_URL": "https://localhost/"})
    assert issubclass(BadSettings, ClientError)
