"""`python -m pathservice` is the console script."""

from pathservice.cli import main

main()
