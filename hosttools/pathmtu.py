"""What the host remembers of paths' MTUs. Linux keeps a smaller one for ten minutes after it was told."""

from pathlib import Path

from hosttools.programs import ProgramFailed, run
from hosttools.record import On

AGAIN_AFTER_SECONDS = (0.0, 0.5, 1.5, 3.5)
"""Since the ticket is active. The other site's router may move a little later than ours, and a large packet
that meets the old path meanwhile has the host remember that path's MTU for ten minutes more."""
_FLUSH = Path("/proc/sys/net/ipv4/route/flush")
"""Of the network that we are on, as all of its folder."""


class MtuWatch:
    """When the host should find out a path's MTU anew.

    When the flow is on its alternate path, and a few times more while the MTU is none the larger; when it is
    back on the production path, if that one's was larger. That it is smaller routers tell by themselves.
    """

    def __init__(self) -> None:
        """Nothing is known of any path."""
        self._production: int | None = None
        self._since: float | None = None
        self._times = 0

    def due(self, on: On, mtu: int | None, seconds: float) -> bool:
        """Whether it is time, `seconds` after whatever; `mtu` is what the host uses now, if that is known."""
        if on is On.ALTERNATE:
            return self._due_on_alternate(mtu, seconds)
        if on is On.PRODUCTION:
            back, self._since = self._since is not None, None
            if back:
                return self._production is not None and mtu is not None and mtu < self._production
            self._production = mtu
        return False

    def _due_on_alternate(self, mtu: int | None, seconds: float) -> bool:
        if self._since is None:
            self._since, self._times = seconds, 0
        if self._times > 0 and not self._no_larger(mtu):
            return False
        if self._times >= len(AGAIN_AFTER_SECONDS):
            return False
        if seconds - self._since < AGAIN_AFTER_SECONDS[self._times]:
            return False
        self._times += 1
        return True

    def _no_larger(self, mtu: int | None) -> bool:
        return mtu is not None and self._production is not None and mtu <= self._production


def forget_path_mtus(version: int) -> str | None:
    """Have the host find out anew how large packets of an IP version may be; running connections notice too.

    Takes CAP_NET_ADMIN. It forgets what was learnt of every destination, which is found out again as it was.

    Returns:
        Why it was not done, None if it was.
    """
    try:
        if version == 4:
            # `ip -4 route flush cache` does the same, and ends well where it may not.
            _FLUSH.write_text("1", encoding="ascii")
        else:
            run("ip", "-6", "route", "flush", "cache")
    except (OSError, ProgramFailed) as error:
        return (
            f"the path's MTU is not looked for anew, which takes CAP_NET_ADMIN ({error}); "
            "connections keep the smaller one for up to ten minutes"
        )
    return None
