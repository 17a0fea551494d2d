"""Answers are told apart by their echoes, whatever comes between."""

import pytest

from netconfig.transport.answers import Answers
from netconfig.transport.secrets import mask


def answers(lines: list[str], wire: str, prompt: str = "r1#") -> list[str]:
    reader = Answers(lines, prompt)
    for character in wire.translate({13: None}):
        reader.feed(character)
    assert reader.final_prompt()
    return reader.answers("")


def test_each_line_gets_its_own_answer() -> None:
    wire = "show a\r\nalpha\r\nr1#show b\r\nr1#show c\r\nx\r\n\r\ny\r\nr1#"
    assert answers(["show a", "show b", "show c"], wire) == ["alpha", "", "x\n\ny"]


def test_prompts_of_any_mode_and_indented_lines_are_understood() -> None:
    wire = (
        "route-map M permit 10\r\nr1(config-route-map)# match ip address A\r\n"
        "r1(config-route-map)# exit\r\nr1(config)#"
    )
    lines = ["route-map M permit 10", " match ip address A", " exit"]
    assert answers(lines, wire, "r1(config)#") == ["", "", ""]


def test_log_message_between_prompt_and_echo_does_not_shift_the_answers() -> None:
    wire = "a\r\nr1#\r\n%SYS-5-CONFIG_I: Configured\r\nb\r\n% Invalid input\r\nr1#"
    first, second = answers(["a", "b"], wire)
    assert "SYS-5" in first
    assert second == "% Invalid input"


def test_no_prompt_is_final_before_every_line_is_echoed() -> None:
    reader = Answers(["a", "b"], "r1#")
    reader.feed("a\nr1#")
    assert not reader.final_prompt()
    reader.feed("b\nr1#")
    assert reader.final_prompt() == "r1#"


def test_output_that_looks_like_a_prompt_in_the_middle_is_output() -> None:
    assert answers(["show banner"], "show banner\r\nwelcome#\r\nguest>\r\nr1#") == ["welcome#\nguest>"]


def test_pager_is_not_part_of_the_answer() -> None:
    wipe = "\b" * 10 + " " * 10 + "\b" * 10
    reader = Answers(["show a"], "r1#")
    reader.feed("show a\none\n --More-- ")
    reader.take_question()
    reader.feed(f"{wipe}two\nr1#")
    assert reader.answers("") == ["one\ntwo"]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("enable secret 5 $1$abc", "enable secret 5 ********"),
        ("username x privilege 15 secret 9 $9$abc", "username x privilege 15 secret 9 ********"),
        ("username x password 7 0822", "username x password 7 ********"),
        ("username x password plain", "username x password ********"),
        ("snmp-server community public RO", "snmp-server community ******** RO"),
        (" key-string 7 0822", " key-string 7 ********"),
        ("tacacs-server key 7 0822", "tacacs-server key 7 ********"),
        ("my s3cret word", "my ******** word"),
        ("ip access-list extended LS-FNAL-42", "ip access-list extended LS-FNAL-42"),
        ("", ""),
    ],
)
def test_secrets_are_masked(text: str, masked: str) -> None:
    assert mask(text, "s3cret", "") == masked
