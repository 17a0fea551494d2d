"""Real switches, hosts and controllers on one machine, in network namespaces of their own. Needs root.

    processes     programs that end with us, and what their logs say
    network       namespaces without a name: nothing is left of them, however we end
    openvswitch   a private Open vSwitch, with the userspace datapath
    controller    OpenFlow controllers: learning switches that tell what they see
    learning      what runs in the process of such a controller

For tests and demonstrations; nothing of the service imports it. It imports nothing of ours.
"""
