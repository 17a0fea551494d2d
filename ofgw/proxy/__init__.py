"""The controller proxy: switches connect to the gateway and are relayed to the controller of the moment.

`framing` finds the messages in a stream of OpenFlow, `messages` reads the few that matter to a proxy, `leg`
is one TCP connection, `peers` what is known of its other end, `session` a switch's connection with the
controllers it is relayed to one after the other, `server` listens and says which controller is meant,
`snapshot` what is to be seen of it all.

OpenFlow is relayed as it comes; what the proxy says of its own is said in `session`.
"""
