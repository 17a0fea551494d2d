"""Where a slice's controller may be."""

import errno
import socket
from ipaddress import ip_address, ip_network

import pytest

from netconfig.controllers import ControllerPolicy, is_own


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("127.9.9.9", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "unspecified"),  # noqa: S104 - nothing listens there
        ("0.0.0.1", "unspecified"),
        ("::", "unspecified"),
        ("::ffff:0.0.0.0", "unspecified"),
        ("255.255.255.255", "broadcast"),
        ("240.0.0.1", "reserved"),
        ("ctrl.pc", "no address"),
    ],
)
def test_without_a_word_of_the_operators_no_controller_is_there(address: str, kind: str) -> None:
    assert kind in ControllerPolicy().objection(address)


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::7", "10.200.200.200"])
def test_it_may_be_anywhere_else(address: str) -> None:
    assert ControllerPolicy().objection(address) == ""


def test_what_is_denied_stays_so_whatever_is_allowed() -> None:
    policy = ControllerPolicy(
        allow=(ip_network("127.0.0.0/8"), ip_network("203.0.113.0/24")),
        deny=(ip_network("203.0.113.128/25"), ip_network("2001:db8::/32")),
    )
    assert policy.objection("127.0.0.1") == ""
    assert policy.objection("203.0.113.127") == ""
    assert "203.0.113.128/25" in policy.objection("203.0.113.128")
    assert "203.0.113.128/25" in policy.objection("::ffff:203.0.113.200")
    assert "2001:db8::/32" in policy.objection("2001:db8::7")


def test_the_gateways_own_addresses_are_found_by_asking_its_kernel() -> None:
    assert is_own(ip_address("127.0.0.1"))
    assert not is_own(ip_address("203.0.113.7"))
    assert not is_own(ip_address("2001:db8::7"))


def test_what_cannot_be_told_is_taken_for_the_gateways_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", exhausted)
    assert "own address" in ControllerPolicy().objection("203.0.113.7")
