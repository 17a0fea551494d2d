"""Volume words: bytes, in powers of 1000."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdastation.volume import LARGEST_BYTES, format_volume, parse_volume


@pytest.mark.parametrize(
    ("word", "size"),
    [
        ("5TB", 5 * 10**12),
        ("1.5TB", 1_500_000_000_000),
        ("500GB", 500 * 10**9),
        (" 1kB ", 1000),
        ("1KB", 1000),
        ("2PB", 2 * 10**15),
        ("7B", 7),
        ("1000000", 1_000_000),
        (str(LARGEST_BYTES), LARGEST_BYTES),
    ],
)
def test_a_word_is_so_many_bytes(word: str, size: int) -> None:
    assert parse_volume(word) == size


NONE = "|TB|5T|5Tb|5tb|5TiB|5 TB|-1|0|0GB|1e9|1.5|0.0001kB|\N{ARABIC-INDIC DIGIT FIVE}TB|10000PB"


@pytest.mark.parametrize("word", [*NONE.split("|"), str(LARGEST_BYTES + 1)])
def test_what_is_none_is_refused_with_what_would_be_right(word: str) -> None:
    with pytest.raises(ValueError, match=r"volume|whole number of bytes"):
        parse_volume(word)


@given(st.integers(1, LARGEST_BYTES))
def test_the_shortest_word_is_exact(size: int) -> None:
    assert parse_volume(format_volume(size)) == size


def test_the_shortest_word_is_short() -> None:
    assert [format_volume(size) for size in (5 * 10**12, 2500 * 10**6, 1001)] == ["5TB", "2500MB", "1001B"]
