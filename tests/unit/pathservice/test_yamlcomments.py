"""What is kept of a YAML text without its comments: the same document, line by line, and no comment."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathservice.yamlcomments import without_comments
from pathservice.yamltree import YamlProblem, read_tree

ROOT = Path(__file__).parents[3]
SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        f"# {SECRET}\nname: x # {SECRET}\n#{SECRET}",
        f"name: x  #{SECRET}\r\nother: 'a # b' # {SECRET}\r\n",
        f'a: "x # y" # {SECRET}\nb: x#y # {SECRET}\nc: {{d: [1, # {SECRET}\n 2]}}\n',
        f"a: | # {SECRET}\n  text # of it\n\n# {SECRET}\nb: > # {SECRET}\n  more\n",
        f"--- # {SECRET}\na: plain\n  goes on # {SECRET}\n# {SECRET}\nb: 1\n",
        f"\ufeff# {SECRET}\na: 1\n",
    ],
)
def test_every_comment_goes_and_nothing_else(text: str) -> None:
    kept = without_comments(text)
    assert SECRET not in kept
    assert read_tree(kept.encode()) == read_tree(text.encode())


def test_what_is_no_comment_stays() -> None:
    assert without_comments("a: 'x # y'\nb: x#y\nc: |\n  text # of it\n") == (
        "a: 'x # y'\nb: x#y\nc: |\n  text # of it\n"
    )


@pytest.mark.parametrize("name", ["fermilab.yaml", "caltech.yaml"])
def test_the_examples_say_the_same_without_theirs(name: str) -> None:
    text = (ROOT / "examples" / name).read_text(encoding="utf-8")
    kept = without_comments(text)
    assert "#" not in kept
    assert read_tree(kept.encode()) == read_tree(text.encode())


@given(
    st.lists(
        st.sampled_from(["a", "b", ": ", "- ", " #x", "#", "\n", "  ", "'", '"', "|", ">", "[", "]", ","])
    )
)
def test_any_text_that_is_yaml_says_the_same_without_comments(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        tree = read_tree(text.encode())
    except YamlProblem:
        return
    kept = without_comments(text)
    assert read_tree(kept.encode()) == tree
    assert without_comments(kept) == kept
