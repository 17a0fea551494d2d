"""What is drawn from the code is as it would be drawn now."""

import pytest

from pathservice.exports import ROOT, exports


@pytest.mark.parametrize("name", sorted(exports()))
def test_the_drawn_file_is_equal_to_the_code(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == exports()[name], "run `make schemas`"
