"""What a NETCONF server that others wrote does to the requests of our transport."""

from collections.abc import Callable

import pytest
from lxml import etree

from netconfig.transport.netconf import OPERATION, Element, NetconfSession, RpcRefused

CANDIDATE = "<target><candidate/></target>"
TOASTER = "http://netconfcentral.org/ns/toaster"
Open = Callable[[], NetconfSession]


def ask(session: NetconfSession, text: str) -> Element:
    return session.request(etree.fromstring(text), may_open=True)


def has_toaster(session: NetconfSession, source: str = "running") -> bool:
    reply = ask(session, f"<get-config><source><{source}/></source></get-config>")
    return reply.find("data/toaster") is not None


def edit(session: NetconfSession, operation: str) -> None:
    request = etree.fromstring(f"<edit-config>{CANDIDATE}<config/></edit-config>")
    config = request.find("config")
    assert config is not None
    etree.SubElement(config, f"{{{TOASTER}}}toaster", {OPERATION: operation})
    session.request(request)


def test_lock_edit_and_a_confirmed_commit_stay(open_session: Open) -> None:
    session = open_session()
    ask(session, f"<lock>{CANDIDATE}</lock>")
    edit(session, "replace")
    ask(session, "<commit><confirmed/><confirm-timeout>120</confirm-timeout></commit>")
    assert has_toaster(session)
    ask(session, "<commit/>")
    ask(session, f"<unlock>{CANDIDATE}</unlock>")
    session.close()
    other = open_session()
    assert has_toaster(other)
    ask(other, f"<lock>{CANDIDATE}</lock>")
    edit(other, "delete")
    ask(other, "<commit/>")
    assert not has_toaster(other)


def test_commit_that_is_not_confirmed_is_rolled_back_when_its_session_ends(open_session: Open) -> None:
    session, other = open_session(), open_session()
    ask(session, f"<lock>{CANDIDATE}</lock>")
    edit(session, "replace")
    ask(session, "<commit><confirmed/><confirm-timeout>120</confirm-timeout></commit>")
    assert has_toaster(other)
    session.close()
    for _ in range(1000):
        if not has_toaster(other):
            break
    assert not has_toaster(other)


def test_lock_that_another_session_has_is_refused_in_the_servers_words(open_session: Open) -> None:
    session, other = open_session(), open_session()
    ask(session, f"<lock>{CANDIDATE}</lock>")
    with pytest.raises(RpcRefused) as caught:
        ask(other, f"<lock>{CANDIDATE}</lock>")
    assert [error.tag for error in caught.value.errors] == ["lock-denied"]


def test_statement_that_is_not_known_is_refused_and_named(open_session: Open) -> None:
    session = open_session()
    request = etree.fromstring(
        f'<edit-config>{CANDIDATE}<config><bread xmlns="{TOASTER}"/></config></edit-config>'
    )
    with pytest.raises(RpcRefused) as caught:
        session.request(request, may_open=True)
    assert "bread" in f"{caught.value.errors[0].element} {caught.value.errors[0].path}"
