"""Juniper Junos: filter-based forwarding, all of it inside one configuration group of ours.

    names                what our objects are called
    tree                 Junos's configuration in XML, changed in place and written as `set` lines
    terms                one flow as a term of a filter, written and read
    reading, grounds     what a router has; what of the site's a part stands on, and whether it is there
    place, render        where a part goes, what a router should carry
    assemble             the group as it should be, made from the group as it is
    difference, plan     the lines between the two, and whose they are
    imagine, adoption    a rehearsal; what another database left
    neighbours           which next hops answer
    session, push        NETCONF's operations in Junos's words; one commit, on trial until it is read back
    driver               all of it behind `CountingDriver`

Everything but `session`, `push` and `driver` is pure.
"""

from netconfig.drivers.juniper_junos.driver import JuniperJunos

__all__ = ["JuniperJunos"]
