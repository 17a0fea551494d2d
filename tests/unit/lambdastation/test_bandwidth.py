"""Bandwidth words stand for whole bits per second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdastation.bandwidth import LARGEST_BITS_PER_SECOND, format_bandwidth, parse_bandwidth


@pytest.mark.parametrize(
    ("word", "bits_per_second"),
    [
        ("5G", 5_000_000_000),
        ("500M", 500_000_000),
        ("622.08M", 622_080_000),
        ("1.5g", 1_500_000_000),
        ("64k", 64_000),
        ("1T", 10**12),
        ("1000000", 1_000_000),
        (" 10G ", 10**10),
        ("1.0", 1),
        ("007", 7),
        (str(LARGEST_BITS_PER_SECOND), LARGEST_BITS_PER_SECOND),
    ],
)
def test_words_are_read(word: str, bits_per_second: int) -> None:
    assert parse_bandwidth(word) == bits_per_second


@pytest.mark.parametrize(
    "word",
    [
        "",
        "G",
        "fast",
        "-1",
        "0",
        "0G",
        "0.5",
        "1.0001k",
        "1e9",
        "5 G",
        "5Gbit/s",
        "1,5G",
        "1_000",
        "inf",
        "nan",
        "\uff19G",
        "9" * 19,
        "9" * 19 + "T",
        "9" * 5000,
    ],
)
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"bandwidth|whole number"):
        parse_bandwidth(word)


@given(st.integers(1, LARGEST_BITS_PER_SECOND))
def test_what_is_written_is_exact(bits_per_second: int) -> None:
    assert parse_bandwidth(format_bandwidth(bits_per_second)) == bits_per_second
    assert parse_bandwidth(str(bits_per_second)) == bits_per_second
