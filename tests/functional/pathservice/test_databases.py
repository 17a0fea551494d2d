"""The service on PostgreSQL and on MariaDB, set up as docs/operations.md says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import SERVERS, server
from tests.functional.pathservice.test_serve import FLOW
from tests.servers import Server

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
SECRET = "as-you-please"


def documented(kind: str) -> list[str]:
    """The statements the page tells an administrator to execute."""
    section = PAGE.partition(f"### {kind}\n")[2].partition("\n### ")[0].partition("\n## ")[0]
    block = re.search(r"^```sql\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert block is not None
    return [statement for line in block[1].split(";\n") if (statement := line.strip())]


@pytest.fixture(params=sorted(SERVERS))
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database that an administrator has made by the book; its URL."""
    running: Server = server(request.param)
    words = {"postgresql": "PostgreSQL", "mariadb": "MariaDB"}
    # The role of the page, beside the one all other tests work as.
    statements = [
        re.sub(r"\bpathservice\b", "by_the_book", statement) for statement in documented(words[request.param])
    ]
    running.administer(*statements)
    yield (
        running.url("by_the_book")
        .set(username="by_the_book", password=SECRET)
        .render_as_string(hide_password=False)
    )
    running.drop("by_the_book")
    account = "by_the_book" if request.param == "postgresql" else "by_the_book@localhost"
    running.administer(f"DROP {'ROLE' if request.param == 'postgresql' else 'USER'} {account}")


def test_a_ticket_lives_its_life(serve: Any, wait: Any, cli: Any, url: str) -> None:
    serving = serve(None, "--database", url)
    client = serving.client()
    ticket = client.openSvcTicket(svcTicket=FLOW, mode="new")
    wait(lambda: client.getTicket(ticket.localTicketId).state == "active", "the ticket to be active")
    assert client.cancelTicket(ticket.localTicketId) is True
    wait(lambda: client.getTicket(ticket.localTicketId).state == "released", "the ticket to be released")
    listed = cli("ticket", "list", "--json", "--database", url, state=serving.state)
    assert json.loads(listed.stdout)[0]["outcome"] == "cancelled"
    assert serving.stop() == 0
    assert "tables agree" in cli("db", "check", "--database", url, state=serving.state).stdout
    assert SECRET not in serving.log.read_text()


def test_the_service_outlives_its_database(serve: Any, wait: Any, url: str) -> None:
    running = server(url.partition(":")[0])
    serving = serve(None, "--database", url)
    client = serving.client()
    number = client.openSvcTicket(svcTicket=FLOW, mode="new").localTicketId
    wait(lambda: client.getTicket(number).state == "active", "the ticket to be active")
    with running.down(running.crash):
        wait(lambda: client.getStatus().databaseOk is False, "the database to be missed")
    assert client.cancelTicket(number) is True
    wait(lambda: client.getTicket(number).state == "released", "the ticket to be released")
    assert serving.stop() == 0
