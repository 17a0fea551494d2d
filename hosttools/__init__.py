"""What a user runs on a host at the end of a path: `lsiperf` and `lstraceroute`.

    lsiperf, lstraceroute   the commands; options, and run, what is done in which order
    station                 which ticket a flow wants, and following it while something else runs
    flow                    a flow, and who of the station's clients its ends belong to
    iperf, attaching        a transfer: iperf3's, or one that runs already
    sockets                 what the kernel tells of running flows (`ss`)
    marking                 DSCP by nftables, gone when its process is
    network                 the network a flow is on, where that is not ours
    pathmtu                 what the host remembers of paths
    record, plot            what was seen, as a document and as a figure
    hops                    traceroute's lines
    programs, ending        the system's programs that are run; how a command ends

It speaks to a station through `lambdastation.client` alone, and needs no server beside it.
"""
