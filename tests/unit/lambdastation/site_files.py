"""The Fermilab example with something changed, and what is told of it."""

from pathlib import Path

import pytest

from pathservice.sitefile import SiteFile, SiteFileError, load_site_file

ROOT = Path(__file__).parents[3]
FERMILAB = (ROOT / "examples" / "fermilab.yaml").read_text(encoding="utf-8")

Change = tuple[str, str, str, str, str]
"""Old text, new text, text of the line that is told, key and part of the message."""


def load(text: str, folder: Path) -> SiteFile:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    (folder / "fermilab-border-1.txt").write_text("hostname x\n", encoding="utf-8")
    return load_site_file(path)


def problems(text: str, folder: Path) -> list[tuple[str, str, str]]:
    """Each problem as the text of its line, its key and the message."""
    with pytest.raises(SiteFileError) as found:
        load(text, folder)
    lines = text.splitlines()
    for problem, told in zip(found.value.problems, str(found.value).splitlines(), strict=True):
        assert told.startswith(f"{folder / 'site.yaml'}:{problem.line}: {problem.key}")
    return [(lines[p.line - 1].strip(), p.key, p.message) for p in found.value.problems]


def require_told(change: Change, folder: Path) -> None:
    """The problem that such a change makes is told, with line, key and remedy."""
    old, new, line, key, message = change
    assert old in FERMILAB
    found = problems(FERMILAB.replace(old, new, 1), folder)
    assert [(told_line, told_key) for told_line, told_key, _ in found if told_key == key] == [(line, key)], (
        found
    )
    assert [told for _, told_key, told in found if told_key == key and message in told], found
