"""Which links were seen, and when; time is an argument."""

from datetime import datetime, timedelta

from ofgw.topology.model import Link, SeenLink


class LinkTable:
    """Links as frames have shown them.

    A link is forgotten when a switch at its end says that the port has gone, or when both its switches are
    connected and no frame has come over it for a while. While one of them is away nothing new is known of it,
    and it is kept.
    """

    def __init__(self, lost_after: timedelta, remembered: tuple[SeenLink, ...] = ()) -> None:
        """
        Args:
            lost_after: without a frame, both switches connected.
            remembered: from an earlier life.
        """
        self._lost_after = lost_after
        self._seen = {seen.link: seen.seen_at for seen in remembered}
        self._connected: dict[str, datetime] = {}

    @property
    def switches(self) -> tuple[str, ...]:
        """Those that are connected, in order."""
        return tuple(sorted(self._connected))

    @property
    def links(self) -> tuple[SeenLink, ...]:
        """Those that are remembered, in order."""
        return tuple(SeenLink(link, self._seen[link]) for link in sorted(self._seen))

    def enter(self, dpid: str, now: datetime) -> None:
        """A switch has connected."""
        self._connected[dpid] = now

    def leave(self, dpid: str) -> None:
        """A switch has gone."""
        self._connected.pop(dpid, None)

    def see(self, link: Link, now: datetime) -> None:
        """A frame has come over a link."""
        self._seen[link] = now

    def lose_port(self, dpid: str, port: int) -> None:
        """A switch has a port no more, or nothing plugged into it."""
        end = (dpid, port)
        for link in list(self._seen):
            if end in {(link.dpid_src, link.port_src), (link.dpid_dst, link.port_dst)}:
                del self._seen[link]

    def expire(self, now: datetime) -> None:
        """Forget the links that ought to have been seen again by now."""
        for link, seen_at in list(self._seen.items()):
            if link.ends <= self._connected.keys():
                since = max(seen_at, *(self._connected[dpid] for dpid in link.ends))
                if now - since > self._lost_after:
                    del self._seen[link]
