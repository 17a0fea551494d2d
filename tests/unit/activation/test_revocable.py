"""A store that was shut is touched by nobody any more, whenever a thread comes back."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from activation.revocable import RevocableStore, Revoked
from reservation import offering
from reservation.tables import ResourceRow
from store import Store
from tests.unit.activation.conftest import NOON, PATIENCE


def offer(session: Session) -> None:
    offering.offer(session, "path:blue", capacity=1, unit="bit/s", now=NOON)


def resources(store: Store) -> int:
    return store.read(lambda session: session.query(ResourceRow).count())


def test_open_one_is_the_store_it_was_made_of(store: Store) -> None:
    own = RevocableStore(store)
    own.write(offer)
    assert resources(own) == resources(store) == 1
    assert own.url == store.url


def test_shut_one_begins_no_transaction(own_store: Store) -> None:
    own = RevocableStore(own_store)
    own.shut(patience=PATIENCE)
    begun: list[object] = []
    event.listen(own_store._sessions, "after_begin", lambda *args: begun.append(args))
    for ask in (own.write, own.read):
        with pytest.raises(Revoked):
            ask(offer)
    assert begun == []
    assert resources(own_store) == 0


def test_transaction_that_is_running_when_it_is_shut_is_waited_for_and_not_committed(store: Store) -> None:
    own = RevocableStore(store)
    running, go_on = threading.Event(), threading.Event()

    def work(session: Session) -> None:
        offer(session)
        running.set()
        assert go_on.wait(PATIENCE)

    with ThreadPoolExecutor(2) as pool:
        late = pool.submit(own.write, work)
        assert running.wait(PATIENCE)
        own.shut(patience=0)
        shutting = pool.submit(own.shut, patience=PATIENCE)
        assert not shutting.done()
        go_on.set()
        shutting.result(PATIENCE)
        with pytest.raises(Revoked):
            late.result(PATIENCE)
    assert resources(store) == 0
