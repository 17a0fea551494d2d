"""A site file is YAML, read strictly: nothing hides in it, and words are what they look like."""

import re
from pathlib import Path

import pytest

from pathservice.sitefile import SiteFileError, load_site_file
from pathservice.yamltree import YamlProblem, read_tree
from tests.unit.lambdastation.site_files import load


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("a: 1\nb: [", 2, "not YAML"),
        ("a: 1\nb: 2\na: 3", 3, "twice"),
        ("a: 1\nb: &x 2\nc: *x", 2, "anchor"),
        ("a: *x", 1, "alias"),
        ("a: 1\n<<: {b: 2}\n<<: {c: 3}", 3, "twice"),
        ("a: !!python/object/apply:os.system [id]", 1, "tag"),
        ("a: !!str 1", 1, "tag"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("? [a]\n: 1", 1, "key that is not a word"),
        ("a:\n" + "- " * 40 + "x", 2, "nested"),
        ("[" * 100_000, 1, "nested"),
        ("a: \x07", 1, "character"),
        ("a: 1\n\tb: 2", 2, "not YAML"),
        ("{a: 1", 1, "not YAML"),
        ('a: 1\nb: "\\U00110000"', 2, "escape"),
        ('a: 1\nb: "\\UFFFFFFFF"', 2, "escape"),
    ],
)
def test_yaml_that_hides_something_is_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(YamlProblem, match=re.escape(message)) as found:
        read_tree(text.encode())
    assert found.value.line == line


def test_only_utf8_is_read() -> None:
    with pytest.raises(YamlProblem, match="UTF-8") as found:
        read_tree(b"a: 1\nb: \xff")
    assert found.value.line == 2


def test_words_are_what_they_look_like() -> None:
    text = (
        "{on: no, time: 10:30, hex: 0x10, octal: 010, number: -7, yes: true, none: ~, text: '7', float: 1.5}"
    )
    assert read_tree(text.encode()).value == {
        "on": "no",
        "time": "10:30",
        "hex": "0x10",
        "octal": 10,
        "number": -7,
        "yes": True,
        "none": None,
        "text": "7",
        "float": "1.5",
    }


@pytest.mark.parametrize(
    ("content", "message"), [("x" * 1_100_000, "larger than"), ("- a", "keys with"), ("7", "keys with")]
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(SiteFileError, match=message):
        load(content, tmp_path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        with pytest.raises(SiteFileError, match="cannot be read"):
            load_site_file(path)
