"""The command line, `pathservice`: one module a group of commands. `main` is the console script."""

from pathservice.cli.app import main

__all__ = ["main"]
