"""A router that runs Linux: nftables marks, `ip rule` and a routing table for each next hop.

    names                what our objects are called, and the numbers that are ours
    flows                one flow as conditions of nftables, written and read
    managed              what of ours is on a router, as values and as text
    ruleset, reading     what a router has, from the JSON of `nft` and `ip`
    grounds              what of the site's a part stands on, and whether it is there
    place, render        where a part goes, what a router should carry
    marks, permits, ways what is to be done in our table, in the site's chains, and with routes
    plan, lines          the lines for people, and what is sent for them
    strangers, adoption  what another database left
    startup              what a router keeps for its next boot
    counts, neighbours   what has passed, and which next hops answer
    session, push        the words of `lambdastation-router`, the one program that is asked on a router
    driver               all of it behind `CountingDriver`

Everything but `session`, `push` and `driver` is pure. `lambdastation-router`, beside this file, is what an
operator puts on the router: docs/linux-nft.md.
"""

from pathlib import Path

from netconfig.drivers.linux_nft.driver import LinuxNft

HELPER = Path(__file__).with_name("lambdastation-router")

__all__ = ["HELPER", "LinuxNft"]
