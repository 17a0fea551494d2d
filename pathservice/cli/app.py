"""The command tree, and what a person sees when something goes wrong: a sentence, never a traceback."""

import os
import sys
from collections.abc import Callable
from enum import Enum
from importlib import import_module

import typer

from pathservice.cli.screen import errors
from pathservice.logs import configure_logs

COMMANDS = {
    "serve": "serve",
    "worker": "serve",
    "demo": "demo",
    "demo-island": "demo",
    "demo-lab": "demo",
    "freeze": "hand",
    "thaw": "hand",
}
GROUPS = {
    "db": "database",
    "devices": "devices",
    "lab": "lab",
    "path": "path",
    "pki": "pki",
    "site": "site",
    "ticket": "tickets",
}
"""Which module of this package has a command or a group. It is imported when it is asked for: an operator
who lists tickets does not wait for a SOAP server and an SSH server to load."""

HOUSE = frozenset(
    {
        "activation",
        "lab",
        "lambdastation",
        "netconfig",
        "ofgw",
        "pathservice",
        "reservation",
        "store",
        "tbam",
    }
)


def application(only: str | None = None) -> typer.Typer:
    """The command tree, or the branch of it that has this name; all of it where there is no such branch."""
    tree = typer.Typer(
        name="pathservice",
        help="Reserve network paths for a time slot; routers change at its start and go back at its end.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # With a single command typer would take its name for an argument.
    tree.callback()(lambda: None)
    wanted = {only} if only in {*COMMANDS, *GROUPS} else {*COMMANDS, *GROUPS}
    for name, module in COMMANDS.items():
        if name in wanted:
            command = getattr(import_module(f"pathservice.cli.{module}"), name.replace("-", "_"))
            tree.command(name)(command)
    for name, module in GROUPS.items():
        if name in wanted:
            tree.add_typer(import_module(f"pathservice.cli.{module}").group(), name=name)
    return tree


def main() -> None:
    """Run the command that the arguments name and exit with its status: 1 where it failed, 2 for misuse."""
    run(lambda: application(sys.argv[1] if len(sys.argv) > 1 else None))


def run(tree: Callable[[], typer.Typer]) -> None:
    """Run a command of a tree and exit with its status: 1 where it failed, 2 for misuse."""
    # Database, keys and logs: what this process makes is for its owner only.
    os.umask(0o077)
    # Until a command says otherwise: what goes wrong beside its answer, apart from its answer.
    configure_logs("warning")
    try:
        tree()()
    except Exception as error:
        if code := _code(error):
            _tell(code, str(error))
            sys.exit(1)
        if os.environ.get("PATHSERVICE_LOG_LEVEL") == "debug":
            raise
        _tell("internal-error", f"a fault of ours: {error!r}; PATHSERVICE_LOG_LEVEL=debug shows where")
        sys.exit(70)


def _code(error: Exception) -> str | None:
    """The stable code of an error that one of the house's packages tells its caller; None of any other."""
    code = getattr(error, "code", None)
    if isinstance(code, Enum):
        # The islands' errors have numbers on the wire.
        code = code.name.lower()
    return code if type(error).__module__.partition(".")[0] in HOUSE and isinstance(code, str) else None


def _tell(code: str, sentence: str) -> None:
    errors().print(f"[bold red]error[/] [dim]({code})[/] ", end="")
    errors().print(sentence, markup=False)
