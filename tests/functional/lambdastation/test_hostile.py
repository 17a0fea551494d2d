"""Whatever is sent, there is an answer or a fault with a stable code, and a fault has written nothing.

FUZZ_EXAMPLES says how many messages of an operation without elements are tried, and of others more; thousands
take minutes.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from lxml import etree

from lambdastation.caller import Caller
from lambdastation.errors import LambdaStationError
from lambdastation.site import AuthorizationRule
from lambdastation.ticket import TicketQuery
from reservation.lifecycle import State
from tests.functional.lambdastation.hostile import NAMESPACE, OPERATIONS, messages, size, valid

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
OPERATOR = Caller("operator", "this machine", local=True)
TRUSTED = [
    {"action": "allow", "subject": "CN=*,OU=Demo,O=Path Service", "bandwidth": "1G", "live_tickets": 2},
    {"action": "allow", "subject": "CN=*,OU=Demo,O=Path Service", "operator": True},
]


def codes(kind: type[LambdaStationError]) -> set[str]:
    below = kind.__subclasses__()
    return set().union(*map(codes, below)) if below else {kind.code}


@pytest.fixture
def commits(station: Any) -> Iterator[Callable[[], int]]:
    """Tells a number that is another one after somebody has changed the database."""
    watching = sqlite3.connect(station.store.engine.url.database, isolation_level=None)
    yield lambda: int(watching.execute("PRAGMA data_version").fetchone()[0])
    watching.close()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.timeout(300 + EXAMPLES)
def test_every_message_is_answered_or_a_fault_that_wrote_nothing(
    station: Any, commits: Callable[[], int], operation: str
) -> None:
    rules = tuple(map(AuthorizationRule.model_validate, TRUSTED))
    station.service.replace_site(station.site.model_copy(update={"authorization": rules}))
    stable = codes(LambdaStationError) - {"internal-error"}

    many = EXAMPLES * (1 + size(operation) // 5)

    # Without shrinking, which takes minutes: a message is short enough to be read.
    phases = set(Phase) - {Phase.shrink, Phase.explain}

    @settings(max_examples=many, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))
    @given(messages(operation))
    def check(message: tuple[bytes, str]) -> None:
        content, content_type = message
        before = commits()
        answer = station.wire().post(content, content_type=content_type)
        assert b"Traceback" not in answer.content
        if answer.code == 200:
            event("answered")
            free_paths(station)
            return
        event(str(answer.fault.code))
        if answer.fault.faultcode in {"Client", "Server"}:
            assert answer.fault.code in stable, answer.fault
        assert len(answer.content) < 4096, "a fault does not carry long input back"
        assert commits() == before, "something was written"
        assert station.audit[-1].code == (answer.fault.code or "schema-invalid")

    check()


def free_paths(station: Any) -> None:
    """Leave some tickets to join and to cancel, and room for more."""
    live = station.service.list_tickets(TicketQuery(states=(State.SCHEDULED,)), caller=OPERATOR).tickets
    for ticket in live[3:]:
        station.service.cancel_ticket(ticket.ticket_id, caller=OPERATOR)


def test_what_is_written_is_noticed(station: Any, commits: Callable[[], int]) -> None:
    before = commits()
    assert station.wire().open_ticket(dstSite="Caltech", travelTime=60).code == 200
    assert commits() != before


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=st.sampled_from(OPERATIONS).flatmap(valid))
def test_a_valid_request_is_what_the_changes_begin_with(schema: Any, request: object) -> None:
    schema.assertValid(etree.fromstring(f'<a xmlns:ls="{NAMESPACE}">{request}</a>')[0])
