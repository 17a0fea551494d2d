"""How long whatever failed is left alone: longer each time, and never as long as another."""

import random
from datetime import timedelta

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=1)


def pause_after(
    failures: int, *, shortest: timedelta = FIRST_PAUSE, longest: timedelta = LONGEST_PAUSE
) -> timedelta:
    """How long after that many failures in a row: doubling, jittered, bounded."""
    doubled: timedelta = shortest * 2 ** min(failures - 1, 10)
    return soon(min(doubled, longest))


def soon(latest: timedelta) -> timedelta:
    """Between half of it and all: what failed together does not come back together."""
    return latest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
