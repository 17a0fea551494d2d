"""A port that a test holds for a program is there for it, whoever else asks for any."""

import socket

import pytest

from tests.ports import held_port


def test_nobody_answers_at_it_until_who_knows_its_number_listens() -> None:
    with held_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 60)
        for _ in range(2):
            with (
                socket.create_server(("127.0.0.1", port)),
                socket.create_connection(("127.0.0.1", port), 60) as caller,
            ):
                # Else its end waits in the port's name, and the next listener is not the first.
                caller.shutdown(socket.SHUT_RDWR)


def test_it_is_given_to_nobody_who_asks_for_any() -> None:
    with held_port() as port:
        taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(300)]
        numbers = {one.getsockname()[1] for one in taken}
        for one in taken:
            one.close()
    assert len(numbers) == 300
    assert port not in numbers
