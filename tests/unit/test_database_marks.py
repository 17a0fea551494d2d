"""On which databases a test is run: on all, unless it says why one is enough or names those it wants."""

import pytest

pytest_plugins = ["pytester"]

MODULE = """
import pytest

pytestmark = pytest.mark.one_database("nothing of it is the database's")

def test_one(database_kind): pass

@pytest.mark.any_database("but this is")
def test_all(database_kind): pass

@pytest.mark.parametrize("database_kind", ["mariadb"], indirect=True)
def test_named(database_kind): pass

def test_none(): pass
"""


def ran(pytester: pytest.Pytester, module: str) -> list[str]:
    pytester.makeconftest(
        "from tests.conftest import database_kind, pytest_configure, pytest_generate_tests\n"
    )
    pytester.makepyfile(test_module=module)
    result = pytester.runpytest("-p", "no:xdist", "-p", "no:cacheprovider", "--collect-only", "-q")
    return sorted(line.partition("::")[2] for line in result.outlines if "::" in line)


def test_a_module_on_one_database_has_tests_on_others_where_they_say_so(pytester: pytest.Pytester) -> None:
    everywhere = [f"test_all[{kind}]" for kind in ("mariadb", "postgresql", "sqlite")]
    assert ran(pytester, MODULE) == [*everywhere, "test_named[mariadb]", "test_none", "test_one[sqlite]"]


def test_without_a_word_it_is_every_database(pytester: pytest.Pytester) -> None:
    assert len(ran(pytester, "def test_it(database_kind): pass\n")) == 3
