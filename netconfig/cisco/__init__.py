"""What Cisco's IOS and NX-OS share: policy routing by route maps, permits in access lists, IPv4 and IPv6.

Where they differ is a value, a `Dialect`; each platform's driver is its dialect and `CiscoDriver`.

    dialect              what the platforms say each in its own words
    names, ports, ace    what things are called; one entry of a list, written and read
    running, config      a running configuration taken apart; the two configurations that are compared
    grounds              what of the site's a part stands on, and whether it is there
    place                where a part goes
    render               what a router should carry
    strangers, look,     whose an object is, and once more at the end; which lines differ (hier-config);
      difference, plan     the order that is safe
    adoption, imagine    objects that another database left; what was rehearsed
    driver               all of it behind `DeviceDriver`

Everything but `driver` is pure. What is the same on other command lines is `netconfig.cli`.
"""
