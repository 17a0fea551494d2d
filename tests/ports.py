"""Ports for programs that have to be told one, and cannot say which they took."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_port(host: str = "127.0.0.1") -> Iterator[int]:
    """A port that the kernel gives to nobody who asks for any; one who asks for it by its number can listen.

    It is bound here and not listened at: whoever sets SO_REUSEADDR, as sshd and asyncio do, may bind it too.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((host, 0))
        yield held.getsockname()[1]
