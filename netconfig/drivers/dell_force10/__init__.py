"""Force10 FTOS and Dell OS9: policy routing by redirect lists, permits in access lists, for IPv4.

    words                what a switch says in words of its own
    names, entries       what things are called; one entry of a list, written and read
    running, config      a running configuration taken apart; the two configurations that are compared
    grounds              what of the site's a part stands on, and whether it is there
    place                where a part goes
    render               what a switch should carry
    strangers, look,     whose an object is, and once more at the end; the order that is safe
      plan
    adoption, imagine    what another database left; a switch that is only rehearsed on
    driver               all of it behind `DeviceDriver`

Everything but `driver` is pure. What is the same on other command lines is `netconfig.cli`.
"""

from netconfig.drivers.dell_force10.driver import DellForce10

__all__ = ["DellForce10"]
