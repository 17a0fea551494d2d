"""The OpenFlow gateway's side of a slice: what runs on the gateway, between switches, users and the island.

Here live the controller proxy (`proxy`: switches connect to it and are relayed to the controller of the
moment), the island's switches and links (`topology`), the VLAN map between the island and OFELIA (`vlanmap`)
and the daemon that is told what should be (`agent`).

Of the house it imports nothing but the intents and errors of `netconfig`: a gateway has no calendar and no
database.
"""
