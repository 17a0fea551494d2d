"""A router that says and takes nothing more on a path, as one whose far end has died: nobody is told."""

from lab.network import Host

TABLE = "silence"
_FIRST, _LAST = -500, 500


def silence(router: Host, device: str) -> None:
    """Throw away all that comes or leaves by a device of the router; what it is configured to do stays.

    Raises:
        CommandRefused: the kernel does not take it.
    """
    lines = (
        f"table inet {_table(device)} {{",
        f"chain coming {{ type filter hook prerouting priority {_FIRST}; iifname {device} drop; }}",
        f"chain leaving {{ type filter hook postrouting priority {_LAST}; oifname {device} drop; }}",
        "}\n",
    )
    router.run("nft", "-f", "-", typed="\n".join(lines))


def wake(router: Host, device: str) -> None:
    """Let everything pass there again, and leave no trace; nothing is done where it passes."""
    lines = (f"add table inet {_table(device)}", f"delete table inet {_table(device)}\n")
    router.run("nft", "-f", "-", typed="\n".join(lines))


def _table(device: str) -> str:
    return f"{TABLE}_{device}"
