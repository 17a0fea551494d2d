"""`python -m lambdastation.ost2` is the same as `ost2`."""

import sys

from lambdastation.ost2.command import main

sys.exit(main())
