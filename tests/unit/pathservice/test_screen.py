"""What reaches a terminal."""

import pytest

from pathservice.cli.screen import plain, show_table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("StarLight10G", "StarLight10G"),
        ("Grüße", "Grüße"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("evil\u202egnp.exe", "evil\\u202egnp.exe"),
        ("two\nlines", "two\\u000alines"),
    ],
)
def test_what_steers_a_terminal_is_made_visible(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_tables_cells_are_text_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("name",), [("[red]\x1b[2J",)], empty="none")
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "[red]\\u001b[2J" in printed
