"""`make demo`, as a person sees it: all of it happens, and its words are a golden file."""

import re
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[2] / "fixtures" / "demo.txt"
MASKS = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+00:00)", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+", "TIME"),
    (r"localhost:\d+", "localhost:PORT"),
    (r" +$", ""),
)


def masked(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, word in MASKS:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text


def test_the_demo_does_all_it_says_in_these_words(cli: Any) -> None:
    done = cli("demo", timezone="UTC")
    assert masked(done.stdout) == GOLDEN.read_text(encoding="utf-8")
    assert done.stderr == ""


def test_the_demo_fails_where_the_router_cannot_do_it(cli: Any, tmp_path: Path) -> None:
    # It boots without the interface that the ticket is to be steered on.
    home = tmp_path / "simulated" / "fermilab-border-1"
    home.mkdir(parents=True)
    example = Path(__file__).parents[3] / "examples" / "fermilab-border-1.txt"
    text = example.read_text(encoding="utf-8")
    other = text.replace("interface TenGigabitEthernet1/1\n", "interface Loopback1\n")
    (home / "startup-config").write_text(other)
    done = cli("demo", "--keep", str(tmp_path), check=False)
    assert done.returncode == 1
    assert "there is no interface TenGigabitEthernet1/1" in done.stdout + done.stderr
