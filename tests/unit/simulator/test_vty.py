"""The terminal line: keys in, echo and whole lines out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netconfig.simulator.vty import End, LineEditor, cut, on_wire


def typed(keys: str, *, secret: bool = False) -> tuple[str, list[str]]:
    """All that was shown, and the lines that were ended."""
    editor = LineEditor()
    strokes = [editor.press(key, secret=secret) for key in keys]
    lines = [stroke.line for stroke in strokes if stroke.line is not None]
    return "".join(stroke.echo for stroke in strokes), lines


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_line_ends_with_return_or_line_feed_or_both(end: str) -> None:
    assert typed(f"show clock{end}{end}") == ("show clock\n\n", ["show clock", ""])


def test_backspace_rubs_out() -> None:
    assert typed("ab\x7f\x7f\x7fc\n") == ("ab\b \b\b \bc\n", ["c"])
    assert typed("abc\x15d\n")[1] == ["d"]


def test_secret_is_not_shown() -> None:
    assert typed("hi\x08!\x15ok\n", secret=True) == ("\n", ["ok"])


def test_control_z_ends_the_line_and_control_c_gives_it_up() -> None:
    editor = LineEditor()
    editor.press("x")
    assert editor.press("\x1a").end is End.LEAVE
    editor.press("x")
    given_up = editor.press("\x03")
    assert (given_up.line, given_up.end) == ("", End.GIVE_UP)


def test_other_control_keys_do_nothing() -> None:
    assert typed("a\x00\x1bb\n") == ("ab\n", ["ab"])


@settings(deadline=None)
@given(st.text(alphabet="abc \r\n", max_size=30), st.integers(0, 5))
def test_cutting_loses_nothing(text: str, count: int) -> None:
    shown, rest = cut(text, count)
    assert shown + rest == text
    assert len(shown.splitlines()) <= count


def test_terminal_gets_its_line_ends() -> None:
    assert on_wire("a\n\nb") == "a\r\n\r\nb"
