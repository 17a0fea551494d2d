"""What the host remembers of paths' MTUs. Linux keeps a smaller one for ten minutes after it was told."""

from hosttools.programs import ProgramFailed, run


def forget_path_mtus(version: int) -> str | None:
    """Have the host find out anew how large packets of an IP version may be; running connections notice too.

    Takes CAP_NET_ADMIN. It forgets what was learnt of every destination, which is found out again as it was.

    Returns:
        Why it was not done, None if it was.
    """
    try:
        run("ip", f"-{version}", "route", "flush", "cache")
    except ProgramFailed as error:
        return (
            f"the path's MTU is not looked for anew, which takes CAP_NET_ADMIN ({error}); "
            "connections keep the smaller one for up to ten minutes"
        )
    return None
