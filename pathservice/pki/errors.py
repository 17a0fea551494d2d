"""The one error of the demonstration PKI."""

from pathlib import Path


class PkiError(Exception):
    """A file cannot be used or made; the text names it and the way out.

    `code` is stable: `pki-file-unreadable`, `pki-file-unwritable`, `pki-file-invalid`,
    `pki-incomplete`, `pki-expired`, `pki-bad-name`.
    """

    def __init__(self, code: str, path: Path | None, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.code = code
        self.path = path
