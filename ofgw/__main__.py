"""`python -m ofgw` is `tbam-agent`."""

import sys

from ofgw.command import main

sys.exit(main())
