"""What the way to a device is made of: how it is encrypted, and that it lasts."""

import socket
from contextlib import closing

from netconfig.hostkey import HostKey, read_host_key
from netconfig.simulator import RunningSimulator
from netconfig.transport.link import Link
from tests.functional.simulator.conftest import PASSWORD, TIMEOUT_SECONDS


def key_of(simulator: RunningSimulator) -> HostKey:
    return read_host_key(simulator.host_key_line.split(maxsplit=1)[1].strip())


def test_it_is_encrypted_and_authenticated_in_one_and_goes_on_with_new_keys(
    simulator: RunningSimulator,
) -> None:
    sock = socket.create_connection((simulator.host, simulator.port), TIMEOUT_SECONDS)
    with closing(sock), closing(Link().make_transport(sock, key=key_of(simulator))) as way:
        way.start_client(timeout=TIMEOUT_SECONDS)
        assert "cipher aes128-gcm@openssh.com" in str(way)
        way.auth_password("admin", PASSWORD)
        for _ in range(2):
            way.renegotiate_keys()
            way.open_session(timeout=TIMEOUT_SECONDS).close()


def test_one_that_cannot_is_offered_the_others_too(simulator: RunningSimulator) -> None:
    ours, theirs = socket.socketpair()
    with closing(theirs), closing(ours), closing(Link().make_transport(ours, key=key_of(simulator))) as way:
        offered = way.get_security_options().ciphers
        assert offered[0] == "aes128-gcm@openssh.com"
        assert {"aes128-ctr", "aes256-ctr"} < set(offered)
