"""`python -m pathservice.tbam_cli` is `tbam`."""

from pathservice.tbam_cli import main

main()
