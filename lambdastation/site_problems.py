"""What is wrong with a site, and where in its file that stands."""

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where in the file: keys and list positions from the top."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong at a place of the site, and what would be right."""

    path: Path
    message: str
