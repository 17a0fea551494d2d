"""The audit trail of a station behind its listener: one shape, whoever wrote the line."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lambdastation.caller import Caller
from pathservice.listener import Mount
from pathservice.logs import AuditTrail
from pathservice.pki import DEMO_USER_SUBJECT, init_pki
from tests.functional.lambdastation.conftest import envelope
from tests.functional.listener.conftest import House, Reply, serving

OUTCOMES = {"ok", "denied", "refused", "failed"}


@pytest.fixture
def house(station: Any, tmp_path: Path) -> Iterator[House]:
    pki = init_pki(tmp_path / "pki", host_names=[], now=datetime.now(UTC))
    with serving(pki) as start:
        yield start(Mount("/lambdastation", station.door))


def ask(house: House, xml: str) -> Reply:
    return house.client().ask("/lambdastation", envelope(xml))


def test_every_line_has_the_same_shape(house: House, station: Any, tmp_path: Path) -> None:
    replies = [
        ask(house, "<ls:getPaths/>"),
        ask(house, "<ls:getTicket><ls:ticketId>9</ls:ticketId></ls:getTicket>"),
        house.client().ask("/lambdastation?wsdl", None, method="GET"),
        house.client().ask("/nowhere"),
        house.stranger().ask("/lambdastation"),
    ]
    station.service.paths(caller=Caller("operator", "", local=True))

    trail = AuditTrail(tmp_path / "audit.log")
    for record in (*station.audit, *(house.next_audit() for _ in range(3))):
        trail.write(record)
    trail.close()
    assert house.audited.empty()
    lines = [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines()]

    told = [
        (line.get("operation") or line["path"], line["outcome"], line.get("code"), line.get("subject"))
        for line in lines
    ]
    assert told == [
        ("getPaths", "ok", None, DEMO_USER_SUBJECT),
        ("getTicket", "refused", "not-found", DEMO_USER_SUBJECT),
        ("getPaths", "ok", None, "operator"),
        ("wsdl", "ok", None, DEMO_USER_SUBJECT),
        ("/nowhere", "refused", "not-found", DEMO_USER_SUBJECT),
        ("/lambdastation", "denied", "certificate-missing", None),
    ]
    assert all({"at", "request_id", "peer", "outcome"} <= line.keys() for line in lines)
    assert {line["outcome"] for line in lines} <= OUTCOMES
    assert [line["peer"] for line in lines] == [*["127.0.0.1"] * 2, "local", *["127.0.0.1"] * 3]
    lines.pop(2)
    assert [line["request_id"] for line in lines] == [reply.fields["X-Request-Id"] for reply in replies]


def test_any_verified_certificate_may_read_the_wsdl(house: House, station: Any) -> None:
    """No rule of the site is asked: the WSDL is the same everywhere and tells nothing of the site."""
    station.service.replace_site(station.site.model_copy(update={"authorization": ()}))
    assert house.client().ask("/lambdastation?wsdl", None, method="GET").status == 200
    assert house.stranger().ask("/lambdastation?wsdl", None, method="GET").status == 403
