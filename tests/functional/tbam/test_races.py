"""Two experimenters want one slot at the same moment, through the port: exactly one of them gets it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from store import Store
from tests.functional.tbam.client import Answer
from tests.functional.tbam.conftest import Aggregate, Federation, open_aggregate, slice_urn
from tests.functional.tbam.rspecs import request

ROUNDS = 25
PATIENCE_SECONDS = 120
HOUR = timedelta(hours=1)


@pytest.fixture
def contested(store: Store, federation: Federation) -> Iterator[Aggregate]:
    aggregate = open_aggregate(store, federation)
    yield aggregate
    aggregate.listener.stop()


def test_exactly_one_of_two_wins_each_time(contested: Aggregate) -> None:
    users = {"alice": slice_urn("alices"), "bob": slice_urn("bobs")}
    mine = {user: contested.credentials(urn.rpartition("+")[2], user) for user, urn in users.items()}
    rspec = request(contested.now + HOUR, contested.now + 2 * HOUR)
    start = threading.Barrier(len(users), timeout=PATIENCE_SECONDS)
    with (
        contested.client("alice") as alice,
        contested.client("bob") as bob,
        ThreadPoolExecutor(len(users)) as threads,
    ):
        clients = {"alice": alice, "bob": bob}
        for client in clients.values():
            assert client.get_version().code == 0

        def try_to_take(user: str) -> Answer:
            start.wait()
            return clients[user].allocate(users[user], mine[user], rspec)

        for _ in range(ROUNDS):
            answers = dict(zip(users, threads.map(try_to_take, users), strict=True))
            assert sorted(answer.code for answer in answers.values()) == [0, 17]
            [winner] = [user for user, answer in answers.items() if answer.code == 0]
            [loser] = set(users) - {winner}
            assert users[winner] in answers[loser].output
            [sliver] = contested.house.manager.all_slivers()
            assert sliver.slice_urn == users[winner]
            assert clients[winner].delete([users[winner]], mine[winner]).code == 0
