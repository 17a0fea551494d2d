"""The command line of the islands, `tbam`, for who sits at the machine. `main` is the console script."""

from pathservice.tbam_cli.app import main

__all__ = ["main"]
