"""An island booked by experimenters, shown from end to end with real packets. Needs root and Open vSwitch.

wires         hosts, switches and the cables between them
island        all that runs: wires, controllers, the gateway's agent, the service
experimenter  who books: a certificate, a credential, calls of GENI AM API v3
pings         a ping that goes on, and when it was answered
story         what happens, and the facts it ends on
screen        how that looks
"""
