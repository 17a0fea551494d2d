"""The one error of the demonstration PKI."""

from pathlib import Path


class PkiError(Exception):
    """A file cannot be used or made; the text names it and the way out.

    `code` is stable: `pki_file_unreadable`, `pki_file_unwritable`, `pki_file_invalid`,
    `pki_incomplete`, `pki_expired`, `pki_bad_name`.
    """

    def __init__(self, code: str, path: Path | None, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.code = code
        self.path = path
