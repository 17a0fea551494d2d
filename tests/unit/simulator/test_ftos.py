"""A simulated FTOS switch takes, prints and does what the documents say."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from netconfig.simulator import Action, Fault, FtosRouter, Packet, ftos_admitted, ftos_forwarding
from netconfig.simulator.ftos_config import interface_name
from netconfig.simulator.ios_ace import NotModelled

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TEN_ONE = "TenGigabitEthernet 1/1"
CONFIG = """\
!
hostname f10
!
banner motd ^C
ip redirect-list NOT-A-LIST
^C
!
interface TenGigabitEthernet 1/1
 ip address 192.0.2.254/24
 no shutdown
!
ip access-list extended EDGE-IN
 remark 5 mail
 seq 10 permit tcp any any eq 25
!
snmp-server community public ro
!
end
"""
WEB = Packet("10.0.0.1", "10.1.0.1", "tcp", 40000, 80)
MAIL = Packet("10.0.0.1", "10.1.0.1", "tcp", 40000, 25)


def switch(*lines: str, nvram: Path | None = None) -> FtosRouter:
    router = FtosRouter(CONFIG, clock=lambda: NOW, nvram=nvram)
    router.apply(lines)
    return router


def typed(router: FtosRouter, *lines: str) -> list[str]:
    """What is answered to these lines, typed one after the other, and the prompt behind the last."""
    session = router.connect("x", lambda: None)
    answers = []
    for line in lines:
        reaction = router.react(session, line)
        session = reaction.session
        answers.append(reaction.output)
    return [*answers, router.prompt(session)]


def test_configuration_is_printed_as_it_was_read() -> None:
    assert switch().running_config() == CONFIG
    shown = typed(switch(), "show running-config")[0]
    assert shown.startswith("Current Configuration ...\n! Version ")
    assert shown.endswith(CONFIG)


def test_lines_come_where_they_are_printed_and_go_without_a_trace() -> None:
    router = switch(
        "ip redirect-list A",
        "seq 20 redirect 192.0.2.1 tcp 10.0.0.0 /8 10.1.0.0 255.255.0.0 range 80 90",
        "description first",
        "redirect 192.0.2.2 ip host 10.9.9.9 any",
        "seq 5 permit udp any any eq 53",
        "interface te 1/1",
        "ip redirect-group A",
        "ip access-list ext EDGE-IN",
        "seq 7 permit ip any any dscp 32 count byte",
    )
    text = router.running_config()
    assert " ip redirect-group A\n no shutdown\n" in text
    assert (
        "ip redirect-list A\n description first\n seq 5 permit udp any any eq 53\n"
        " seq 20 redirect 192.0.2.1 tcp 10.0.0.0/8 10.1.0.0/16 range 80 90\n"
        " seq 25 redirect 192.0.2.2 ip host 10.9.9.9 any\n"
    ) in text
    assert " remark 5 mail\n seq 7 permit ip any any dscp 32 count byte\n seq 10 permit" in text
    router.apply(["interface te 1/1", "no ip redirect-group A", "no ip redirect-list A"])
    router.apply(["ip access-list extended EDGE-IN", "no permit ip any any dscp 32 count byte"])
    assert router.running_config() == CONFIG


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ip redirect-list A-NAME-THAT-IS-TOO-LONG", "Invalid input"),
        ("seq 5 redirect 192.0.2.1 tcp any any dscp 32", "Invalid input"),
        ("seq 5 redirect 192.0.2.1 tcp any any count", "Invalid input"),
        ("seq 5 redirect 192.0.2.1 icmp any any eq 8", "Invalid input"),
        ("seq 5 redirect 192.0.2.1 ip 10.0.0.0/33 any", "Invalid input"),
        ("seq 5 redirect 2001:db8::1 ip any any", "Invalid input"),
        ("seq 65536 redirect 192.0.2.1 ip any any", "Invalid input"),
        ("seq 5 redirect 192.0.2.1 tcp any", "Incomplete input"),
        ("seq 10 redirect 192.0.2.9 ip any any", "already used"),
        ("description " + "x" * 81, "Invalid input"),
        ("no seq 11", "No such entry"),
        ("no ip redirect-list B", "does not exist"),
        ("interface te 9/9", "No such interface"),
        ("no interface te 1/1", "cannot be removed"),
        ("fly", "Invalid input"),
    ],
)
def test_line_that_cannot_be_is_refused_and_changes_nothing(line: str, words: str) -> None:
    router = switch("ip redirect-list A", "seq 10 redirect 192.0.2.1 ip any any")
    before = router.running_config()
    *_, answer, _ = typed(router, "configure terminal", "ip redirect-list A", line)
    assert answer.splitlines()[-1].startswith("% Error: ")
    assert words in answer
    assert router.running_config() == before
    assert not router.journal[-1].accepted


def test_same_line_again_changes_nothing() -> None:
    lines = ("ip redirect-list A", "seq 10 redirect 192.0.2.1 ip any any")
    router = switch(*lines)
    before = router.running_config()
    router.apply(lines)
    assert router.running_config() == before


def test_prompts_say_the_mode_and_the_name() -> None:
    router = switch("hostname a-switch-with-quite-a-long-name")
    assert typed(router, "conf", "ip redirect-list A")[-1].endswith("-name(conf-redirect-list)#")
    assert typed(router, "conf", "int te 1/1")[-1].endswith("-name(conf-if-te-1/1)#")
    assert typed(router, "conf", "int te 1/1", "exit")[-1].endswith("-name(conf)#")
    assert typed(router, "conf", "exit")[-1] == "a-switch-with-quite-a-long-name#"


def test_first_group_and_lowest_number_decide_and_permit_is_the_exception() -> None:
    router = switch(
        "ip redirect-list A",
        "seq 5 permit tcp any any eq 25",
        "seq 10 redirect 192.0.2.1 tcp any any eq 25",
        "ip redirect-list B",
        "seq 5 redirect 192.0.2.2 tcp any any",
        "interface te 1/1",
        "ip redirect-group GONE",
        "ip redirect-group A",
        "ip redirect-group B",
    )
    assert ftos_forwarding(router.state, "te 1/1", WEB) == "192.0.2.2"
    assert ftos_forwarding(router.state, TEN_ONE, MAIL) is None
    assert [(str(steer.next_hop), steer.interface) for steer in router.steers()] == [
        ("None", TEN_ONE),
        ("192.0.2.1", TEN_ONE),
        ("192.0.2.2", TEN_ONE),
    ]
    with pytest.raises(LookupError):
        ftos_forwarding(router.state, "Vlan 7", WEB)


def test_access_group_ends_in_a_denial_unless_its_list_is_empty_or_missing() -> None:
    router = switch("interface te 1/1", "ip access-group EDGE-IN in")
    assert ftos_admitted(router.state, TEN_ONE, MAIL)
    assert not ftos_admitted(router.state, TEN_ONE, WEB)
    router.apply(["ip access-list extended EDGE-IN", "no seq 10"])
    assert ftos_admitted(router.state, TEN_ONE, WEB)
    router.apply(["no ip access-list extended EDGE-IN"])
    assert ftos_admitted(router.state, TEN_ONE, WEB)


def test_what_a_flow_cannot_say_is_no_steer() -> None:
    router = switch(
        "ip redirect-list A",
        "seq 5 redirect 192.0.2.1 tcp any any neq 80",
        "interface te 1/1",
        "ip redirect-group A",
    )
    (one, other) = [steer.flow.destination_ports for steer in router.steers()]
    assert one
    assert other
    assert (one.last, other.first) == (79, 81)
    router.apply(["ip redirect-list A", "seq 4 redirect 192.0.2.1 tcp any any syn"])
    with pytest.raises(NotModelled):
        router.steers()


def test_virtual_interfaces_come_when_they_are_named_and_go() -> None:
    router = switch("interface vlan 7", "ip address 10.0.0.1/24", "no shutdown")
    assert "interface Vlan 7\n ip address 10.0.0.1/24\n no shutdown\n" in router.running_config()
    router.apply(["no interface vlan 7"])
    assert router.running_config() == CONFIG
    assert [interface_name(word) for word in ("po10", "Te 1/1", "xx 1")] == ["Port-channel 10", TEN_ONE, None]


def test_reboot_loses_what_was_not_saved_and_a_process_finds_what_was(tmp_path: Path) -> None:
    nvram = tmp_path / "nvram"
    router = switch("hostname saved", nvram=nvram)
    assert typed(router, "write memory")[0] == "!\n"
    router.apply(["hostname lost"])
    router.reboot()
    assert router.state.hostname == "saved"
    again = FtosRouter("hostname other\n!\nend\n", clock=lambda: NOW, nvram=nvram)
    assert again.running_config() == router.running_config() == router.startup_config()


def test_faults_strike_as_in_any_simulator() -> None:
    router = switch()
    router.faults.add(Fault(Action.REFUSE, line="hostname", words="% Error: no.\n"))
    assert typed(router, "conf", "hostname x")[1] == "% Error: no.\n"
    assert router.state.hostname == "f10"
    assert typed(router, "conf", "hostname x", "end")[-1] == "x#"
    assert (router.sessions, router.pushes) == (2, 1)


def test_hand_edit_is_taken_whole_or_not_at_all() -> None:
    router = switch()
    with pytest.raises(ValueError, match="no seq 5: % Error: No such entry"):
        router.apply(["ip redirect-list A", "no seq 5"])
    assert router.running_config() == CONFIG


def test_lists_are_shown_with_where_they_are_applied() -> None:
    router = switch(
        "ip redirect-list A", "seq 5 redirect 192.0.2.1 ip any any", "interface te 1/1", "ip redirect-group A"
    )
    assert typed(router, "show ip redirect-list A")[0] == (
        "IP redirect-list A:\nDefined as:\n seq 5 redirect 192.0.2.1 ip any any\n"
        f"Applied interfaces:\n {TEN_ONE}\n"
    )
