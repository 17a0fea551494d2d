"""The last look at whose objects a plan touches, before it may leave the house."""

from netconfig.drivers.dell_force10.config import Reading, Wish, is_ours
from netconfig.drivers.dell_force10.names import Names
from netconfig.drivers.dell_force10.running import ACCESS_LIST, GROUP, INTERFACE, REDIRECT_LIST, interface_of
from netconfig.drivers.dell_force10.strangers import Holdings


class Look:
    """What a plan may touch: ours, and of the site's what the wish names."""

    def __init__(self, names: Names, actual: Reading, wish: Wish, holdings: Holdings) -> None:
        self._names = names
        self._running = actual.running
        self._wish = wish
        self._holdings = holdings

    def may_enter(self, header: str) -> bool:
        """Whether a top-level line may be sent."""
        if header.startswith(INTERFACE):
            return interface_of(header) in self._running.groups
        if header.startswith(ACCESS_LIST):
            return header.removeprefix(ACCESS_LIST) in self._running.access_lists
        name = header.removeprefix("no ").removeprefix(REDIRECT_LIST)
        return self._is_our_list(name, coming=not header.startswith("no "))

    def may_change(self, header: str, line: str) -> bool:
        """Whether a line may be sent in the block of a header that may be."""
        if line == "exit" or header.startswith(REDIRECT_LIST):
            return True
        bare = line.removeprefix("no ")
        coming = bare == line
        if header.startswith(INTERFACE):
            return bare.startswith(GROUP) and self._is_our_list(bare.removeprefix(GROUP), coming=coming)
        path = header, bare[bare.find("permit ") :]
        return path in (self._wish.serves if coming else self._wish.retired)

    def _is_our_list(self, name: str, *, coming: bool) -> bool:
        if name in self._holdings.lists:
            return True
        return coming and is_ours(name, self._names) and name not in self._running.redirect_lists
