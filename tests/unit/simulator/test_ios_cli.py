"""What the router prints to an operator, prompts and refusals to the letter."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from netconfig.simulator import IosRouter, Packet
from netconfig.simulator.session import Session

TRANSCRIPTS = Path(__file__).parent / "transcripts"


class Terminal:
    """An operator at a router: what was typed last, and what came of it."""

    def __init__(self, router: IosRouter) -> None:
        self.router = router
        self.closed = False
        self.session: Session = router.connect("admin", lambda: None)

    def type(self, *lines: str) -> str:
        output = ""
        for line in lines:
            reaction = self.router.react(self.session, line)
            self.session, output = reaction.session, reaction.output
            self.closed = reaction.closes or reaction.drops
        return output

    @property
    def prompt(self) -> str:
        return self.router.prompt(self.session)


@pytest.fixture
def terminal(router: IosRouter) -> Terminal:
    return Terminal(router)


def test_prompt_says_the_mode(terminal: Terminal) -> None:
    prompts = []
    lines = (
        "conf t",
        "interface Te1/1",
        "ip access-list extended A",
        "ipv6 access-list B",
        "route-map R",
        "exit",
        "hostname a-name-of-more-than-twenty-letters",
        "end",
        "disable",
        "enable",
    )
    for line in lines:
        terminal.type(line)
        prompts.append(terminal.prompt)
    assert prompts == [
        "border-1(config)#",
        "border-1(config-if)#",
        "border-1(config-ext-nacl)#",
        "border-1(config-ipv6-acl)#",
        "border-1(config-route-map)#",
        "border-1(config)#",
        "a-name-of-more-than-(config)#",
        "a-name-of-more-than-twenty-letters#",
        "a-name-of-more-than-twenty-letters>",
        "a-name-of-more-than-twenty-letters#",
    ]


def test_running_configuration_comes_below_its_header(terminal: Terminal, text: str) -> None:
    body = f"!\n{text}"
    assert terminal.type("show running-config") == (
        f"Building configuration...\n\nCurrent configuration : {len(body)} bytes\n{body}\n"
    )


def test_header_names_the_last_change_and_the_last_save(terminal: Terminal) -> None:
    terminal.type("conf t", "hostname r2", "end", "wr mem")
    assert terminal.type("sh run").splitlines()[3:7] == [
        "!",
        "! Last configuration change at 12:30:05 UTC Sun Mar 1 2026 by admin",
        "! NVRAM config last updated at 12:30:05 UTC Sun Mar 1 2026 by admin",
        "!",
    ]


@pytest.mark.parametrize("name", ["show", "refusals", "one_ticket"])
def test_transcript_is_what_the_router_says(terminal: Terminal, name: str) -> None:
    """The lines behind a prompt are typed; the whole is then what an operator would have seen."""
    transcript = (TRANSCRIPTS / f"{name}.txt").read_text()
    seen = ""
    for line in re.findall(r"^border-1(?:\(.+?\))?#(.*)$", transcript, flags=re.MULTILINE):
        prompt = terminal.prompt
        seen += f"{prompt}{line}\n{terminal.type(line)}"
    assert seen == transcript


def test_show_works_inside_configuration_mode(terminal: Terminal) -> None:
    terminal.type("conf t")
    assert terminal.type("do sh run | i hostname") == "hostname border-1\n"
    assert terminal.type("do bogus") == (
        " " * len("border-1(config)#do ") + "^\n% Invalid input detected at '^' marker.\n\n"
    )
    assert terminal.prompt == "border-1(config)#"


def test_counters_stand_behind_the_entries(terminal: Terminal) -> None:
    terminal.router.carry("Te1/1", Packet("10.0.0.1", "10.0.0.2", "tcp", 1, 25))
    terminal.router.carry("Te1/1", Packet("10.0.0.1", "10.0.0.2", "tcp", 1, 443), count=7)
    assert terminal.type("sh ip access-lists EDGE-IN").splitlines()[1:3] == [
        "    10 permit tcp any any eq smtp (1 match)",
        "    20 permit tcp any any eq www 443 (7 matches)",
    ]


def test_counters_survive_new_numbers_and_not_a_new_list(terminal: Terminal) -> None:
    terminal.router.carry("Te1/1", Packet("10.0.0.1", "10.0.0.2", "tcp", 1, 25), count=5)
    terminal.type("conf t", "ip access-list resequence EDGE-IN 100 100")
    assert "    100 permit tcp any any eq smtp (5 matches)\n" in terminal.type("do sh ip acc EDGE-IN")
    terminal.type("no ip access-list extended EDGE-IN", "ip access-list extended EDGE-IN")
    terminal.type("permit tcp any any eq smtp")
    assert "match" not in terminal.type("do sh ip acc EDGE-IN")


def test_classic_router_prints_no_numbers(make_router: Callable[..., IosRouter]) -> None:
    terminal = Terminal(make_router(show_sequence_numbers=False))
    assert terminal.type("sh run | sec EDGE-IN$").splitlines()[1:] == [
        " remark mail and web",
        " permit tcp any any eq smtp",
        " permit tcp any any eq www 443",
        " deny   ip any any",
    ]
    assert terminal.type("sh ip acc EDGE-IN").splitlines()[3] == "    30 deny   ip any any"


def test_interfaces_are_listed(terminal: Terminal) -> None:
    assert terminal.type("sh ip int br").splitlines()[1:] == [
        "GigabitEthernet0/0         198.51.100.1    YES NVRAM  administratively down down",
        "TenGigabitEthernet1/1      192.0.2.254     YES NVRAM  up                    up",
    ]


def test_policies_are_listed(terminal: Terminal) -> None:
    terminal.type("conf t", "int Te1/1", "ip policy route-map SITE", "end")
    assert terminal.type("sh ip policy") == "Interface      Route map\nTenGigabitEthernet1/1 SITE\n"


def test_version_tells_what_this_is(terminal: Terminal) -> None:
    printed = terminal.type("sh ver")
    assert printed.startswith("Cisco IOS Software")
    assert "border-1 uptime is 0 hours, 0 minutes" in printed


def test_saving_copies_running_to_startup(terminal: Terminal) -> None:
    terminal.type("conf t", "hostname r2", "end")
    assert "hostname border-1" in terminal.type("sh start")
    assert terminal.type("write") == "Building configuration...\n[OK]\n"
    assert "hostname r2" in terminal.type("sh start")
    assert terminal.type("sh start").startswith("Using ")


def test_copying_asks_for_the_name(terminal: Terminal) -> None:
    terminal.type("conf t", "hostname r2", "end", "copy run start")
    assert terminal.prompt == "Destination filename [startup-config]? "
    assert terminal.type("elsewhere") == "%Error: only startup-config can be written\n"
    assert terminal.type("copy run start", "") == "Building configuration...\n[OK]\n"
    assert terminal.router.startup_config() == terminal.router.running_config()


def test_reload_asks_twice_when_something_is_not_saved(terminal: Terminal) -> None:
    terminal.type("conf t", "hostname r2", "end", "reload")
    assert terminal.prompt == "System configuration has been modified. Save? [yes/no]: "
    terminal.type("no")
    assert terminal.prompt == "Proceed with reload? [confirm]"
    terminal.type("n")
    assert terminal.router.state.hostname == "r2"
    terminal.type("reload", "no", "")
    assert terminal.closed
    assert terminal.router.state.hostname == "border-1"


def test_reload_saves_when_told_to(terminal: Terminal) -> None:
    terminal.type("conf t", "hostname r2", "end", "reload", "yes", "")
    assert terminal.closed
    assert terminal.router.state.hostname == "r2"


def test_reload_of_an_unchanged_router_asks_once(terminal: Terminal) -> None:
    terminal.type("reload")
    assert terminal.prompt == "Proceed with reload? [confirm]"


def test_enable_secret_guards_privileged_exec(make_router: Callable[..., IosRouter]) -> None:
    terminal = Terminal(make_router(enable_secret="s3cret"))
    assert terminal.prompt == "border-1>"
    assert "Invalid input" in terminal.type("show running-config")
    terminal.type("enable")
    assert terminal.prompt == "Password: "
    assert terminal.type("wrong") == "% Access denied\n\n"
    terminal.type("enable", "s3cret")
    assert terminal.prompt == "border-1#"


def test_terminal_settings_are_the_sessions(terminal: Terminal) -> None:
    assert terminal.session.length == 24
    assert terminal.type("terminal width 511", "term len 0") == ""
    assert terminal.session.length == 0


@pytest.mark.parametrize("line", ["exit", "logout", "quit"])
def test_leaving_closes_the_line(terminal: Terminal, line: str) -> None:
    terminal.type(line)
    assert terminal.closed


def test_exit_climbs_out_of_configuration_mode(terminal: Terminal) -> None:
    terminal.type("conf t", "interface Te1/1", "exit")
    assert terminal.prompt == "border-1(config)#"
    terminal.type("exit")
    assert terminal.prompt == "border-1#"


def test_clock_period_is_the_routers_own(make_router: Callable[..., IosRouter], now: datetime) -> None:
    router = make_router("hostname r\n!\nntp clock-period 17179000\nend\n")
    period = 17179869 + int(now.timestamp()) // 64 % 64
    assert f"ntp clock-period {period}\n" in router.running_config()
