"""Text that somebody wrote into a configuration is text, whatever it looks like."""

import pytest

from netconfig.cli.blocks import printed_blocks

OURS = "route-map LS-FNAL-Vlan1 permit 10\n match ip address LS-FNAL-42\n"
AFTER = "interface Vlan1\n ip policy route-map LS-FNAL-Vlan1\n"


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("banner motd ^C", "^C"),
        ("banner motd ^CWelcome", "bye ^C"),
        ("banner exec #", "#"),
        ("banner motd ^", "^"),
        ("banner login \x03", "\x03"),
        ("banner prompt-timeout ^C", "^C"),
        ("aaa authentication banner ^C", "^C"),
        ("aaa authentication banner *Unauthorized", "out!*"),
        ("aaa authentication fail-message ^C", "^C"),
        ("menu ops title ^C", "^C"),
        ("ip admission auth-proxy-banner http ^C", "^C"),
        ("line vty 0 4\n vacant-message ^C", "^C"),
        ("line vty 0 4\n refuse-message #", "#"),
        ("something new ^C", "^C"),
        ("macro name uplink", "@"),
        ("scheduler job name nightly", "end-job"),
    ],
)
def test_lines_of_a_text_are_no_configuration(begins: str, ends: str) -> None:
    headers = dict(printed_blocks(f"hostname r1\n{begins}\n{OURS}{ends}\n{AFTER}end\n"))
    assert list(headers) == ["hostname r1", begins.splitlines()[0].strip(), "interface Vlan1", "end"]
    assert headers["interface Vlan1"] == ["ip policy route-map LS-FNAL-Vlan1"]


@pytest.mark.parametrize(
    "line",
    [
        "banner motd ^Cin one line^C",
        "banner motd #in one line#",
        "banner motd #that never ends",
        "parameter-map type webauth global\n banner file flash:x",
        "parameter-map type webauth global\n banner text rlogin",
        "macro name that-never-ends",
        "interface Vlan2\n description bell ^C",
        "interface Vlan2\n macro description uplink",
        "macro global description uplink",
        "aaa authentication login default group tacacs+ local",
    ],
)
def test_what_begins_no_text_hides_nothing(line: str) -> None:
    headers = dict(printed_blocks(f"{line}\n{OURS}{AFTER}banner exec ^C\nx\n^C\nend\n"))
    assert {"route-map LS-FNAL-Vlan1 permit 10", "interface Vlan1", "end"} <= set(headers)


def test_octets_of_utf_8_end_no_line() -> None:
    text = "interface Vlan1\n description Ångström\n ip policy route-map X\n"
    (block,) = printed_blocks(text.encode().decode("latin-1"))
    assert block[0] == "interface Vlan1"
    assert block[1][-1] == "ip policy route-map X"
