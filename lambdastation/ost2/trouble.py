"""The one error of `ost2`, which becomes its answer."""


class Trouble(Exception):
    """Why there is no ticket: `code` is the station's own word or one of ours, `str()` a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
