"""What Junos says of a `ping` is read to the word; what makes no sense says of nobody that it is down."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from lxml import etree

from netconfig.driver import is_asking
from netconfig.drivers.juniper_junos.neighbours import answers
from netconfig.errors import StateUnknown
from netconfig.inventory import Device
from netconfig.simulator import Action, Fault
from netconfig.transport.netconf import Element, NetconfSession
from tests.contract.drivers.juniper_junos_bench import JunosBench

HOP = ip_address("192.0.2.1")
WARNED = (
    "<rpc-error><error-severity>warning</error-severity>"
    "<error-message>sendto: No route to host</error-message></rpc-error>"
)


def summary(sent: object, received: object) -> str:
    told = f"<probes-sent>\n{sent}\n</probes-sent>\n<responses-received>\n{received}\n</responses-received>"
    return f"<probe-results-summary>\n{told}\n</probe-results-summary>"


def reply(content: str) -> Element:
    names = 'xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:junos="http://xml.juniper.net/junos/15.1R7/junos"'
    probes = 'xmlns="http://xml.juniper.net/junos/15.1R7/junos-probe-tests"'
    text = f"<rpc-reply {names}><ping-results {probes}>\n{content}\n</ping-results></rpc-reply>"
    return NetconfSession(Device(name="border-2", platform="juniper_junos", simulated=Path("x"))).read_reply(
        text
    )


@pytest.mark.parametrize(
    ("content", "is_answered"),
    [
        (f"{summary(2, 2)}<ping-success/>", True),
        (f"{summary(2, 1)}<ping-success/>", True),
        (f"{summary(2, 0)}<ping-failure>\nno response\n</ping-failure>", False),
        (f"{WARNED}{summary(1, 0)}<ping-failure>no response</ping-failure>", False),
        ("<ping-error-message>sendto: Host is down</ping-error-message>", False),
    ],
    ids=["answered", "answered-late", "silent", "no-way-to-it", "not-there"],
)
def test_what_came_back_is_what_counts(content: str, is_answered: bool) -> None:
    assert answers("border-2", HOP, reply(content)) is is_answered


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "<ping-error-message>bind: Can't assign requested address</ping-error-message>",
            "answers: bind: Can't assign requested address",
        ),
        ("<ping-failure>interner Fehler</ping-failure>", "interner Fehler"),
        (summary(0, 0), "no probe was sent"),
        (summary("zwei", "zwei"), "no probe was sent"),
        ("", "no probe was sent"),
    ],
)
def test_router_that_could_not_ask_tells_nothing(content: str, words: str) -> None:
    with pytest.raises(StateUnknown, match=words):
        answers("border-2", HOP, reply(content))


def test_answer_of_another_kind_tells_nothing() -> None:
    with pytest.raises(StateUnknown, match="tells not whether next hop 192"):
        answers("border-2", HOP, etree.fromstring("<rpc-reply><ok/></rpc-reply>"))


def test_refusal_is_told_in_the_routers_words() -> None:
    with JunosBench().start() as rig:
        driver = rig.at_once()
        assert is_asking(driver)
        rig.router.faults.add(Fault(Action.REFUSE, line="^ping", where="exec", words="permission denied"))
        with pytest.raises(StateUnknown, match=r"border-2.*192\.0\.2\.1 answers: permission denied"):
            driver.answering([HOP])
        rig.router.faults.add(Fault(Action.REFUSE, line="^ping", where="exec", words="sendto: Host is down"))
        assert driver.answering([HOP]) == frozenset()
        assert driver.answering([HOP]) == {HOP}
