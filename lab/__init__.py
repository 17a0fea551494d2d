"""Real switches, hosts and controllers on one machine, in network namespaces of their own. Needs root.

    processes     programs that end with us, and what their logs say
    network       namespaces without a name: nothing is left of them, however we end
    openvswitch   a private Open vSwitch, with the userspace datapath
    controller    OpenFlow controllers: learning switches that tell what they see
    learning      what runs in the process of such a controller

Two sites with a border router each, and three paths between them:

    sites         what they are: names, addresses, widths
    wires         hosts and routers, cabled and shaped
    routers       the kinds of border router
    dataplane     what a simulated router does to packets, done to real ones
    relay         a port of this machine, had on a host
    counting      what leaves a network by which device
    packets       single packets: what a flow has, and what no flow has
    following     by which path such a packet really goes
    silence       an end of a path that answers nobody
    sitefile      the site file for both
    lab           all of it, while a block lasts
    keeper        the process in which a lab lives that stays
    named         such labs by name

For tests and demonstrations; of the service's commands `lab` and `path verify` import it. Of ours it has what
a flow is and the simulators.
"""
