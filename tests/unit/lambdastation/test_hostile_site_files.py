"""Whatever stands in a site file, it is a site or it is told what is wrong, with a line of the file.

FUZZ_EXAMPLES says how many files are tried of each kind; thousands take minutes.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathservice.sitefile import SiteFileError, load_site_file
from pathservice.yamltree import read_tree

ROOT = Path(__file__).parents[3]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
TEXTS = [(ROOT / "examples" / name).read_bytes() for name in ("fermilab.yaml", "caltech.yaml")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for name in ("fermilab-border-1.txt", "caltech-border-1.txt"):
        (folder / name).write_text("hostname x\n", encoding="utf-8")
    return folder


def told(content: bytes, folder: Path) -> str | None:
    """What is told of the file, after a look at each of its problems; None if it is a site."""
    path = folder / "site.yaml"
    path.write_bytes(content)
    try:
        load_site_file(path)
    except SiteFileError as error:
        refused = error
    else:
        return None
    assert refused.problems
    lines = len(content.splitlines()) + 1
    for problem in refused.problems:
        assert 1 <= problem.line <= lines
        assert problem.message.strip()
    words = str(refused)
    # It goes to a terminal and into a log: whatever stood in the file, the words can be written there.
    assert words.encode()
    assert len(words) < 400 * len(refused.problems) + 4096, "long input is not carried back"
    return words


WORDS: list[Any] = [
    *(
        None,
        True,
        0,
        1,
        -1,
        2**31,
        2**63,
        -(2**63) - 1,
        10**40,
        1.5,
        1e308,
        "",
        " ",
        "~",
        "null",
        "*",
        "&a",
        "!!str",
    ),
    *(
        "x" * 300,
        "x" * 9000,
        "9" * 5000,
        "\x00",
        "\x1b[2J",
        "\x85",
        "\u2028",
        "\ud800",
        "\udfff\ud800",
        "\U0001f600",
    ),
    *(
        "1" * 20,
        "0x10",
        "010",
        "1_000",
        ".inf",
        "2026-01-31",
        "2026-01-31T12:00:00Z",
        "12:30",
        "yes",
        "<<",
        "=",
    ),
    *(
        "5G",
        "0G",
        "99999999T",
        "1.0000000000001G",
        "P1D",
        "P0D",
        "-P1D",
        "P999999999D",
        "P9999999999999D",
        "PT1e9S",
    ),
    *(
        "P1Y",
        "PT0.0000001S",
        "P",
        "PT",
        "P1W",
        "10.0.0.0/8",
        "0.0.0.0/0",
        "::/0",
        "10.0.0.1/8",
        "10.0.0.0/255.0.0.0",
    ),
    *(
        "fe80::1%eth0",
        "1.2.3.4",
        "::",
        "256.1.1.1",
        "CN=*",
        "CN=\\",
        "CN=a,,O=b",
        "*,*",
        "CN=\\00",
        "1.2.3=x",
        "+",
    ),
    *(
        "CN=" + "*" * 500,
        "CN=A+O=B",
        "tcp",
        "tcp eq 99999",
        "tcp range 9-1",
        "red",
        "blue",
        "CMS-SRM",
        "Caltech",
    ),
    *(
        "/",
        "..",
        "/etc/passwd",
        "file:",
        "file:/x",
        "env:",
        "env:1",
        "ssh-rsa A",
        "cisco_ios",
        "allow",
        "out",
        "a/b",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        [{}],
        [1, 1],
        {"": ""},
        {"name": "x"},
        {"a": {"b": {"c": [[[]]]}}},
        [[[[[[[[[]]]]]]]]],
    ),
]
"""Values for anywhere; those with a surrogate are written as an escape, as YAML allows."""


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """The value with one thing in it, at any depth, that is not as it was."""
    if not isinstance(value, (list, dict)) or not value or not draw(st.integers(0, 5)):
        return draw(st.sampled_from(WORDS))
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    copy: Any = value.copy()
    match draw(st.sampled_from(["within", "within", "within", "within", "without", "renamed", "moved"])):
        case "within":
            copy[key] = draw(changed(value[key]))
        case "without":
            del copy[key]
        case "renamed" if isinstance(copy, dict):
            copy[draw(st.sampled_from(["x", "name", "", "\ud800", "<<", "9" * 500, "a.b[0]", "null"]))] = (
                copy.pop(key)
            )
        case "moved":
            copy[draw(st.sampled_from(keys))] = value[key]
        case _:
            copy.append(value[key])
    return copy


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data(), text=st.sampled_from(TEXTS), many=st.integers(1, 3))
def test_a_site_with_something_else_in_it(folder: Path, data: st.DataObject, text: bytes, many: int) -> None:
    tree: Any = read_tree(text).value
    for _ in range(many):
        tree = data.draw(changed(tree))
    # JSON is YAML; on lines of its own each value has its line, and surrogates stand there as escapes.
    told(json.dumps(tree, indent=0).encode(), folder)


PIECES = [
    *(
        b"&a ",
        b"*a",
        b"&a [*a]",
        b"<<: *a\n",
        b"!!python/object/apply:os.system [id]",
        b"!x ",
        b"---\n",
        b"...\n",
    ),
    *(
        b"%YAML 9.9\n",
        b"%TAG ! x\n",
        b"\t",
        b"\n\t",
        b"\r",
        b"\r\n",
        b"\x00",
        b"\x1b",
        b"\x7f",
        b"\xc2\x85",
        b"\xff",
    ),
    *(
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xc0\x80",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xe2\x80\xa8",
        b"\xc3",
    ),
    *(
        b"? ",
        b"? [a]\n: ",
        b"- ",
        b": ",
        b":",
        b"{",
        b"}",
        b"[",
        b"]",
        b"[[[[[[[[[[[[[[[[[[[[",
        b"|\n",
        b">-\n",
        b"|9\n",
    ),
    *(
        b"'",
        b'"',
        b'"\\ud800"',
        b'"\\U00110000"',
        b'"\\x0"',
        b'"\\N"',
        b'"\\0"',
        b"#",
        b" #",
        b"@",
        b"`",
        b",",
        b"\\",
    ),
    *(
        b"name: x\n",
        b"\nname: x\n",
        b"  ",
        b"\n  - ",
        b"9" * 400,
        b"2026-01-31",
        b"!!binary ",
        b"~",
        b"1e999",
        b"=: x\n",
    ),
]


@st.composite
def broken(draw: st.DrawFn, text: bytes) -> bytes:
    """The text with pieces of it gone, and others put in."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.sampled_from([0, 0, 0, 1, 2, 40, len(text)]))
        text = text[:at] + draw(st.sampled_from([b"", *PIECES])) + text[at + gone :]
    return text


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    text=st.sampled_from(TEXTS).flatmap(broken), encoding=st.sampled_from(["", "", "", "utf-16", "utf-32"])
)
def test_a_text_that_was_broken(folder: Path, text: bytes, encoding: str) -> None:
    told(text.decode("utf-8", "replace").encode(encoding) if encoding else text, folder)


BOMBS = {
    "laughs": "a: &a [x, x]\n"
    + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "itself": "a: &a [*a]",
    "merge": "a: &a {b: 1}\n<<: *a",
    "deep list": "[" * 5000 + "]" * 5000,
    "deep block": "- " * 5000,
    "deep mapping": "a: {" * 5000,
    "deep questions": "? " * 5000,
    "many unknown keys": "\n".join(f"k{number}: 1" for number in range(2000)),
    "many wrong values": "topologies: [" + "1," * 2000 + "]",
    "a long word": "name: " + "x" * 30_000,
    "a long key": "x" * 30_000 + ": 1",
    "a long number": "name: " + "9" * 30_000,
    "many documents": "--- x\n" * 5000,
    "many comments": "#\n" * 10_000,
    "many anchors": "".join(f"a{number}: &a{number} x\n" for number in range(500)),
    "a long subject": f"authorization: [{{action: allow, subject: 'CN={'*a' * 5000}'}}]",
    "a long duration": f"limits: {{longest: P{'9' * 5000}D}}",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_told_in_a_few_words(folder: Path, bomb: str) -> None:
    words = told(BOMBS[bomb].encode(), folder)
    assert words is not None
    assert len(words) < 40_000


@pytest.mark.parametrize(("key", "value"), [("simulated", "/" + "x" * 9000), ("platform", "x" * 9000)])
def test_what_no_system_has_so_long_is_told_in_short(folder: Path, key: str, value: str) -> None:
    tree: Any = read_tree(TEXTS[0]).value
    tree["devices"][0][key] = value
    words = told(json.dumps(tree, indent=0).encode(), folder)
    assert words is not None
    assert f"devices[0].{key}: there is no " in words
    assert len(words) < 1000


def test_more_values_than_anybody_has_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pathservice.yamltree.MOST_PLACES", 1000)
    words = told(b"topologies: [" + b"1," * 1000 + b"]", folder)
    assert words is not None
    assert words.endswith("site.yaml:1: holds more than 1000 values")


def test_the_examples_are_sites_here_too(folder: Path) -> None:
    for text in TEXTS:
        assert told(text, folder) is None
        assert told(json.dumps(read_tree(text).value, indent=0).encode(), folder) is None
