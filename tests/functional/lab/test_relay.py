"""A host reaches a service of this machine by the port that is relayed, and by no other."""

import socket
import threading

from lab.network import Host, PrivateNetwork
from lab.relay import LOOPBACK, Relay

PATIENCE = 60.0


def echo(server: socket.socket) -> None:
    """Give the first who comes back what they sent, behind a word, once they have sent all."""
    connection, _ = server.accept()
    with connection:
        said = b""
        while block := connection.recv(1 << 16):
            said += block
        connection.sendall(b"heard " + said)


def test_what_a_host_sends_is_answered_by_who_listens_here() -> None:
    with Host() as host, socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        listening = threading.Thread(target=echo, args=(server,), daemon=True)
        listening.start()
        with (
            Relay(host, port),
            host.within(lambda: socket.create_connection((LOOPBACK, port), PATIENCE)) as client,
        ):
            client.sendall(b"much " * 100_000)
            client.shutdown(socket.SHUT_WR)
            heard = b""
            while block := client.recv(1 << 16):
                heard += block
        listening.join(PATIENCE)
    assert heard == b"heard " + b"much " * 100_000


def test_where_nobody_listens_here_the_host_is_hung_up_on_and_the_end_breaks_what_is_open() -> None:
    # Where nobody else takes the port once it is free.
    with PrivateNetwork(), Host() as host, socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with Relay(host, port):
            client = host.within(lambda: socket.create_connection((LOOPBACK, port), PATIENCE))
            accepted, _ = server.accept()
        with client, accepted:
            assert client.recv(1) == b""
        server.close()
        with (
            Relay(host, port),
            host.within(lambda: socket.create_connection((LOOPBACK, port), PATIENCE)) as client,
        ):
            assert client.recv(1) == b""
