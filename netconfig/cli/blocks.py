"""A configuration as a router prints it: top-level lines, and indented ones below them."""

from collections.abc import Iterable, Iterator, Sequence

Block = tuple[str, tuple[str, ...]]
"""A top-level line and the lines below it."""


def text_of(blocks: Iterable[Block]) -> str:
    """Blocks as a router prints them."""
    return "".join("".join(f"{line}\n" for line in (header, *(f" {x}" for x in xs))) for header, xs in blocks)


def blocks_of(text: str) -> list[Block]:
    """The blocks of a text that `text_of` made."""
    blocks: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith(" "):
            blocks[-1][1].append(line.strip())
        else:
            blocks.append((line, []))
    return [(header, tuple(lines)) for header, lines in blocks]


def printed_blocks(text: str) -> Iterator[tuple[str, Sequence[str]]]:
    """The blocks of what a router printed; comments and the text of banners are passed over."""
    header, lines, banner_end = "", list[str](), ""
    for line in text.splitlines():
        if banner_end:
            banner_end = "" if banner_end in line else banner_end
        elif line.startswith("banner "):
            _, _, rest = line.removeprefix("banner ").partition(" ")
            mark = rest[:2] if rest.startswith("^") else rest[:1]
            banner_end = mark if mark and mark not in rest[len(mark) :] else ""
        elif line.startswith(" "):
            lines.append(" ".join(line.split()))
        elif line.strip() and not line.startswith("!"):
            if header:
                yield header, lines
            header, lines = " ".join(line.split()), []
    if header:
        yield header, lines
