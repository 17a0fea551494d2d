"""The error tree: codes are unique, and the docstring shows all of it."""

from collections.abc import Iterator

from lambdastation import errors
from lambdastation.errors import Failed, LambdaStationError, Refused, shown


def _tree(top: type[LambdaStationError]) -> Iterator[type[LambdaStationError]]:
    for kind in top.__subclasses__():
        yield kind
        yield from _tree(kind)


def test_every_error_has_a_code_of_its_own_and_is_in_the_drawing() -> None:
    kinds = list(_tree(LambdaStationError))
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    for kind in kinds:
        assert f" {kind.__name__} " in (errors.__doc__ or "")
        assert kind in {Refused, Failed} or issubclass(kind, (Refused, Failed))


def test_what_is_shown_of_an_input_is_short() -> None:
    assert shown("abc") == "'abc'"
    assert len(shown("x" * 10_000)) < 50
    assert "\n" not in shown("a\nb")
