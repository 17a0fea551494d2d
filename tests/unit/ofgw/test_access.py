"""One group's lines come and go; every other byte of the file stays."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netconfig.gateway import UserAccess
from ofgw.access import AccessFile, put_in, take_out
from ofgw.backend import Found
from ofgw.errors import BackEndFailed

SITE = b"""\
# who may log in
- : mallory : ALL
+ : root : LOCAL
- : ALL EXCEPT wheel : ALL
+ : late : ALL
"""
PROJECT = Found(UserAccess("1_demo"), 42)
REMARK = b"# tbam-agent: the next line is for reservation 42, and is taken away with it\n"
RULE = b"+ : (1_demo) : ALL\n"


def test_our_lines_stand_before_everybody_is_turned_away_and_after_whom_the_site_bans() -> None:
    before, after = SITE.split(b"- : ALL", 1)
    assert put_in(SITE, PROJECT) == before + REMARK + RULE + b"- : ALL" + after


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"+ : root : ALL",
        b"+ : root : ALL\n",
        b"+ : root : ALL\r\n- : ALL : ALL\r\n",
        b"+ : root : ALL\r\n- : ALL : ALL",
        b"+ : root : ALL\r\nno end",
        b"\xff\xfe not of any encoding \x00\n-:ALL:ALL",
        b"- : ALL : ALL\x0b\x0cstill the same line",
        SITE,
    ],
)
def test_taking_out_what_was_put_in_gives_the_same_bytes(text: bytes) -> None:
    during = put_in(text, PROJECT)
    assert during != text
    assert take_out(during) == (text, PROJECT)
    assert take_out(text) == (text, None)


lines = st.sampled_from(
    [b"# remark", b"", b"+ : root : ALL", b"-:ALL:ALL", b" - : ALL : LOCAL", b"+ : (1_demo) : ALL", b"\xe9\r"]
)


@given(st.lists(lines, max_size=6), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_any_file_comes_back(found: list[bytes], end: bytes, has_end: bool) -> None:
    text = end.join(found) + (end if has_end else b"")
    assert take_out(put_in(text, PROJECT)) == (text, PROJECT)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "access.conf"
    path.write_bytes(SITE)
    path.chmod(0o640)
    return path


def test_group_is_let_in_and_out_and_mode_and_owner_stay(file: Path) -> None:
    os.chown(file, 12345, 23456)
    access = AccessFile(file)
    assert access.read() is None
    access.carry(PROJECT)
    assert access.read() == PROJECT
    access.carry(Found(UserAccess("2_other"), 43))
    assert access.read() == Found(UserAccess("2_other"), 43)
    assert b"1_demo" not in file.read_bytes()
    access.clear()
    assert file.read_bytes() == SITE
    now = file.stat()
    assert (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid) == (0o640, 12345, 23456)
    assert [one.name for one in file.parent.iterdir()] == ["access.conf"]


def test_a_link_stays_a_link(file: Path) -> None:
    link = file.parent / "elsewhere" / "link.conf"
    link.parent.mkdir()
    link.symlink_to(file)
    AccessFile(link).carry(PROJECT)
    assert link.is_symlink()
    assert RULE in file.read_bytes()


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace(b"(1_demo)", b"ALL"),
        lambda text: text.replace(RULE, b""),
        lambda text: text.replace(RULE, b"") + RULE,
        lambda text: b"- : ALL : ALL\n" + text,
        lambda text: text + REMARK + RULE,
    ],
    ids=["rule-changed", "rule-gone", "moved-behind-the-end", "shut-out-before", "twice"],
)
def test_what_was_changed_by_hand_is_nothing_whole_and_is_made_good(file: Path, edit: object) -> None:
    access = AccessFile(file)
    access.carry(PROJECT)
    file.write_bytes(edit(file.read_bytes()))  # type: ignore[operator]
    assert access.read() == Found(None, 42)
    access.carry(PROJECT)
    assert access.read() == PROJECT
    access.clear()
    assert REMARK not in file.read_bytes()


def test_file_that_is_away_is_told_and_not_made(tmp_path: Path) -> None:
    access = AccessFile(tmp_path / "access.conf")
    for act in (access.read, access.clear, lambda: access.carry(PROJECT)):
        with pytest.raises(BackEndFailed, match="cannot be read: No such file"):
            act()
    assert not list(tmp_path.iterdir())
